"""Decisions survive being stored, every field of them; their tokens have the names of the wire."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.convert import (
    conversation_from_pb,
    conversation_to_pb,
    decision_from_pb,
    decision_to_pb,
    decode_decision,
    decode_decision_pb,
    encode_decision,
    entry_to_pb,
    message_from_pb,
    priority_to_pb,
)
from shared.domain.analysis import Analysis, Evidence, IntentAnalysis
from shared.domain.decision import Conversation, Decision, Outcome, Priority, Reason, Rule, TicketEntry
from shared.domain.ticket import Message, MessageKey
from shared.pb.switchyard.v1 import ticket_pb2 as pb

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MANY_TEXTS = st.lists(TEXTS, max_size=3).map(tuple)
NUMBERS = st.floats(0, 1)
OFFSETS = st.integers(0, 20_000)
REASONS = st.builds(
    Reason,
    rule=st.sampled_from(Rule),
    subject=TEXTS,
    value=NUMBERS,
    threshold=NUMBERS,
    evidence=st.none() | st.builds(Evidence, OFFSETS, OFFSETS, NUMBERS),
)
DECISIONS = st.builds(
    Decision,
    key=st.builds(MessageKey, TEXTS, TEXTS, TEXTS),
    sequence=st.integers(1, 2**62),
    outcome=st.sampled_from(Outcome),
    queue=TEXTS,
    priority=st.sampled_from(Priority),
    reasons=st.lists(REASONS, min_size=1, max_size=3).map(tuple),
    level_before=NUMBERS,
    level_after=NUMBERS,
    policy_version=TEXTS,
    revision=st.integers(1, 2**31 - 1),
    partial=st.booleans(),
    missing_parts=MANY_TEXTS,
    models=MANY_TEXTS,
    intents=MANY_TEXTS,
    decided_at_ms=st.integers(0, 4_000_000_000_000),
)
DECISION = Decision(
    key=MessageKey("acme", "T-1", "m1"),
    sequence=4,
    outcome=Outcome.ESCALATED,
    queue="escalations",
    priority=Priority.HIGH,
    reasons=(Reason(Rule.FRUSTRATION_LEVEL, "level", 0.9, 0.7, Evidence(3, 17, 0.6)),),
    level_before=0.4,
    level_after=0.9,
    policy_version="2026-11-01",
    revision=2,
    partial=True,
    missing_parts=("slots",),
    models=("intent@1",),
    intents=("refund_request",),
    decided_at_ms=1_790_000_000_123,
)


@given(DECISIONS)
@settings(max_examples=60)
def test_what_is_sent_comes_back(decision: Decision) -> None:
    assert decision_from_pb(decision_to_pb(decision)) == decision


@given(DECISIONS, st.integers(1, 4_000_000_000_000))
@settings(max_examples=60)
def test_what_is_stored_comes_back_with_the_time_of_the_store(decision: Decision, decided_at_ms: int) -> None:
    stored = encode_decision(replace(decision, decided_at_ms=0))
    assert decode_decision(stored, decided_at_ms) == replace(decision, decided_at_ms=decided_at_ms)
    assert decode_decision_pb(stored, decided_at_ms).decided_at.ToMilliseconds() == decided_at_ms


def test_a_decision_stored_without_a_time_has_none() -> None:
    stored = encode_decision(replace(DECISION, decided_at_ms=0))
    assert decode_decision(stored, 0).decided_at_ms == 0
    assert not decode_decision_pb(stored, 0).HasField("decided_at")


def test_every_field_of_a_decision_makes_a_difference_to_its_bytes() -> None:
    encoded = encode_decision(DECISION)
    other = Decision(
        MessageKey("a", "b", "c"), 1, Outcome.ROUTED, "", Priority.LOW, (), 0.0, 0.0, ""
    )
    for field in fields(Decision):
        assert encode_decision(replace(DECISION, **{field.name: getattr(other, field.name)})) != encoded, field.name


@pytest.mark.parametrize("outcome", Outcome)
def test_outcomes_have_the_names_of_the_wire(outcome: Outcome) -> None:
    assert pb.Outcome.Name(decision_to_pb(replace(DECISION, outcome=outcome)).outcome) == f"OUTCOME_{outcome.name}"


@pytest.mark.parametrize("priority", Priority)
def test_priorities_have_the_names_of_the_wire(priority: Priority) -> None:
    assert pb.Priority.Name(priority_to_pb(priority)) == f"PRIORITY_{priority.name}"


def test_a_held_conversation_is_told_with_who_holds_it_and_until_when() -> None:
    held = Conversation(
        level=0.5, updated_at_ms=10, escalated=True, held_by="human_handoff", held_until_ms=1_790_000_000_123
    )
    wire = conversation_to_pb(held)
    assert (wire.held_by, wire.held_until.ToMilliseconds()) == ("human_handoff", 1_790_000_000_123)
    assert conversation_from_pb(wire) == held
    assert not conversation_to_pb(Conversation()).HasField("held_until")


def test_an_entry_without_a_decision_leaves_it_unset() -> None:
    message = Message(DECISION.key, "Where is it?", sequence=4)
    entry = TicketEntry(message, Analysis(intent=IntentAnalysis(model="intent@1")), DECISION)
    wire = entry_to_pb(entry)
    assert message_from_pb(wire.message) == message
    assert decision_from_pb(wire.decision) == DECISION
    assert wire.analysis.HasField("intent")
    assert not wire.analysis.HasField("slots")
    assert not entry_to_pb(replace(entry, decision=None)).HasField("decision")
