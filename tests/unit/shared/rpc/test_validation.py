"""Requests that break a constraint are told the field and the mend, and never what they held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2, intent_pb2, router_pb2, ticket_pb2
from shared.pb.switchyard.v1.utterance_pb2 import Utterance
from shared.rpc.validation import MOST_VIOLATIONS, violations

MARK = "Zebra!"


def new_message(**changes: object) -> ticket_pb2.NewMessage:
    fields: dict[str, object] = {"ticket_id": "T-1", "message_id": "m1", "text": "Where is my order?", **changes}
    return ticket_pb2.NewMessage(**fields)  # type: ignore[arg-type]


def at(**ahead: float) -> Timestamp:
    """A time that far ahead of now."""
    value = Timestamp()
    value.FromDatetime(datetime.now(UTC) + timedelta(**ahead))
    return value


@pytest.mark.parametrize(
    "request_",
    [
        new_message(),
        new_message(ticket_id="Zendesk:8/42#a=1", text="x" * 20_000, language="mul", region="BR", subject=""),
        new_message(sent_at=Timestamp(seconds=946_684_800)),
        new_message(sent_at=at(hours=1.5)),
        new_message(attributes={str(number): "x" * 512 for number in range(16)}),
        intake_pb2.SubmitMessagesRequest(tenant="acme", messages=[new_message(text="")] * 500),
        handoff_pb2.ClaimItemRequest(tenant="acme", agent="ana@example.org"),
    ],
    ids=["plain", "edges", "oldest", "clock ahead", "labels", "batch", "claim"],
)
def test_what_is_right_passes(request_: Message) -> None:
    assert violations(request_) == []


@pytest.mark.parametrize(
    ("request_", "field", "mend"),
    [
        (new_message(ticket_id=""), "ticket_id", "pattern"),
        (new_message(ticket_id="a|b"), "ticket_id", "pattern"),  # would break the names of keys
        (new_message(ticket_id="a" * 129), "ticket_id", "pattern"),
        (new_message(message_id="m\n"), "message_id", "pattern"),
        (new_message(text=""), "text", "at least"),
        (new_message(text=" \t\n"), "text", "not white space"),
        (new_message(text="a\0b"), "text", "remove them"),
        (new_message(text="x" * 20_001), "text", "at most 20000"),
        (new_message(subject="a\0b"), "subject", "remove them"),
        (new_message(author=9), "author", "defined enum values"),
        (new_message(channel=-1), "channel", "defined enum values"),
        (new_message(sent_at=Timestamp(seconds=946_684_799)), "sent_at", "2000-01-01"),
        (new_message(sent_at=at(hours=3)), "sent_at", "time zone"),
        (new_message(language="german"), "language", "pattern"),
        (new_message(attributes={str(number): "" for number in range(17)}), "attributes", "at most 16"),
        (new_message(attributes={"shop": "x" * 513}), "attributes", "at most 512"),
        (intake_pb2.SubmitMessageRequest(tenant="acme"), "message", "required"),
        (intake_pb2.SubmitMessageRequest(tenant="ACME", message=new_message()), "tenant", "pattern"),
        (intake_pb2.SubmitMessageRequest(tenant="acme", message=new_message(text="")), "message.text", "at least"),
        (intake_pb2.SubmitMessagesRequest(tenant="acme"), "messages", "at least 1"),
        (intake_pb2.SubmitMessagesRequest(tenant="acme", messages=[new_message()] * 501), "messages", "more than 500"),
        (intent_pb2.ClassifyRequest(utterances=[Utterance(text="a"), Utterance(text="\0")]), "utterances[1].text", "remove them"),
        (router_pb2.PreviewRequest(tenant="acme", messages=[new_message(text="")]), "messages[0].text", "at least"),
        (handoff_pb2.ClaimItemRequest(tenant="acme", agent="a", languages=["de", "x"]), "languages[1]", "pattern"),
        (handoff_pb2.ClaimItemRequest(tenant="acme", agent="a", lease=Duration(seconds=1)), "lease", "5s"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_mend(request_: Message, field: str, mend: str) -> None:
    found = violations(request_)
    assert field in [path for path, _ in found]
    assert any(path == field and mend in problem for path, problem in found), found


def test_many_violations_are_cut_off() -> None:
    request = intent_pb2.ClassifyRequest(utterances=[Utterance(text="", language="german")] * 40)
    assert len(violations(request)) == MOST_VIOLATIONS


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.integers(1, 500))
@settings(max_examples=50)
def test_the_value_is_never_quoted(noise: str, times: int) -> None:
    bad = (MARK + noise) * times + " \0"
    request = new_message(
        ticket_id=bad, message_id=bad, text=bad, language=bad, region=bad, customer_tier=bad, subject=bad,
        attributes={bad: bad * 90},
    )  # fmt: skip
    found = violations(request)
    assert {path for path, _ in found} >= {"ticket_id", "message_id", "text", "language", "region", "customer_tier"}
    assert MARK not in str(found)
