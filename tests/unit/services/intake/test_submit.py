"""What tells one message's content from another's, and what a receipt amounts to."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.submit import Admission, Receipt, digest, refusal
from shared.domain.ticket import Author, Channel, Message, MessageKey
from shared.errors import BacklogFullError, ConflictError

DECLARED = Message(
    key=MessageKey("acme", "T-1", "m1"),
    text="The kettle leaks since Monday.",
    channel=Channel.EMAIL,
    language="",
    region="DE",
    customer_tier="gold",
    subject="Kettle",
    sent_at_ms=1_790_000_000_123,
    attributes=(("brand", "north"), ("shop", "7")),
)
CHANGES: dict[str, object] = {
    "key": MessageKey("acme", "T-1", "m2"),
    "text": "The kettle leaks since Monday!",
    "author": Author.AGENT,
    "channel": Channel.CHAT,
    "language": "en",
    "region": "AT",
    "customer_tier": "silver",
    "subject": "",
    "sent_at_ms": 1_790_000_000_124,
    "attributes": (("brand", "north"),),
}
NOT_DECLARED = {"accepted_at_ms", "sequence", "traceparent"}  # what intake adds after the digest was taken


def test_the_same_content_has_the_same_digest_whatever_the_order_of_labels() -> None:
    assert digest(replace(DECLARED, attributes=DECLARED.attributes[::-1])) == digest(DECLARED)
    assert len(digest(DECLARED)) == 16


def test_every_field_that_a_helpdesk_declares_counts() -> None:
    assert set(CHANGES) | NOT_DECLARED == {field.name for field in fields(Message)}
    digests = {digest(replace(DECLARED, **{name: value})) for name, value in CHANGES.items()}  # type: ignore[arg-type]
    assert len(digests | {digest(DECLARED)}) == len(CHANGES) + 1


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_text_does_not_run_into_the_subject(text: str, subject: str) -> None:
    one, other = replace(DECLARED, text=text, subject=subject), replace(DECLARED, text=text + subject, subject="")
    assert (digest(one) == digest(other)) is (subject == "")


def test_the_digest_of_a_known_message_never_changes() -> None:
    """Digests outlive releases: a helpdesk that submits again after an upgrade must not meet a conflict."""
    assert digest(DECLARED).hex() == "f33e86d0d45a851609b032546404f610"


@pytest.mark.parametrize("admission", [Admission.NEW, Admission.KNOWN])
def test_a_message_that_is_safe_is_no_refusal(admission: Admission) -> None:
    assert refusal(Receipt(admission, 1, 2), DECLARED, 500) is None


def test_other_content_under_a_known_id_is_a_conflict_with_its_mend() -> None:
    error = refusal(Receipt(Admission.CONFLICT, 1, 2), DECLARED, 500)
    assert isinstance(error, ConflictError)
    assert "'m1' of ticket 'T-1'" in str(error)
    assert "new id" in str(error)
    assert "kettle" not in str(error).lower()


def test_a_full_backlog_says_when_to_come_back() -> None:
    error = refusal(Receipt(Admission.FULL, 0, 0), DECLARED, 500)
    assert isinstance(error, BacklogFullError)
    assert error.retry_after_ms == 500
