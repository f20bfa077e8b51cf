"""A conversation's state survives being stored, every field of it."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from shared.convert import decode_conversation, encode_conversation
from shared.domain.decision import Conversation

TIMES = st.integers(0, 4_000_000_000_000)
CONVERSATIONS = st.builds(
    Conversation,
    level=st.floats(0, 1),
    updated_at_ms=TIMES,
    escalated=st.booleans(),
    escalated_at_ms=TIMES,
    released_at_ms=TIMES,
    evidence_messages=st.integers(0, 1000),
    decided_sequence=st.integers(0, 1_000_000),
    held_by=st.sampled_from(["", "human_handoff"]),
    held_until_ms=TIMES,
)


@given(CONVERSATIONS)
def test_what_is_stored_comes_back(conversation: Conversation) -> None:
    assert decode_conversation(encode_conversation(conversation)) == conversation


def test_no_field_is_left_at_its_default_by_the_strategy() -> None:
    """A field that is added to the state must be added above, or the test would not see that it gets lost."""
    assert {field.name for field in fields(Conversation)} == {
        "level", "updated_at_ms", "escalated", "escalated_at_ms", "released_at_ms", "evidence_messages",
        "decided_sequence", "held_by", "held_until_ms",
    }  # fmt: skip


def test_nothing_stored_is_a_fresh_conversation() -> None:
    assert decode_conversation(None) == Conversation()
