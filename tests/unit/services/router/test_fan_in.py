"""Whether a message is decided now, waits for its predecessor, is decided again, or is done."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import services.router
from services.router.fan_in import Step, next_step
from shared.domain.analysis import (
    Abstention,
    Analysis,
    IntentAnalysis,
    Part,
    SentimentAnalysis,
    SlotAnalysis,
)
from shared.domain.decision import Conversation, Decision, Outcome, Priority, Reason, Rule
from shared.domain.ticket import Message, MessageKey
from shared.streams.records import Record

KEY = MessageKey("acme", "T-1", "m1")
COMPLETE = Analysis(IntentAnalysis(model="intent@1"), SlotAnalysis(model="slots@1"), SentimentAnalysis(model="sentiment@1"))
MODELS = ("intent@1", "slots@1", "sentiment@1")
FAILED = Abstention("failed")


def undecided(sequence: int, analysis: Analysis = COMPLETE) -> Record:
    return Record(Message(KEY, "Where is it?", sequence=sequence), analysis, 0, None, Conversation())


def decided(
    analysis: Analysis,
    missing: tuple[str, ...] = (),
    models: tuple[str, ...] = MODELS,
    rule: Rule = Rule.ROUTE,
) -> Record:
    """A message that was decided when ``missing`` was not there and ``models`` had a say."""
    decision = Decision(
        KEY, 1, Outcome.ROUTED, "orders", Priority.NORMAL, (Reason(rule),), 0.0, 0.0, "v1",
        partial=bool(missing), missing_parts=missing, models=models,
    )  # fmt: skip
    return replace(undecided(1, analysis), decision=decision)


def test_a_record_that_has_expired_is_settled() -> None:
    assert next_step(None, 0) is Step.SETTLE


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_messages_are_decided_in_turn(sequence: int, decided_sequence: int) -> None:
    expected = (
        Step.DECIDE if sequence == decided_sequence + 1
        else Step.PARK if sequence > decided_sequence
        else Step.SETTLE  # the ticket is past it already
    )  # fmt: skip
    assert next_step(undecided(sequence), decided_sequence) is expected


@pytest.mark.parametrize("parts", list(product([True, False], repeat=3)))
def test_the_turn_does_not_depend_on_what_has_landed(parts: tuple[bool, bool, bool]) -> None:
    """A message comes here when all parts have landed or its time is over: either way it is decided."""
    whole = (COMPLETE.intent, COMPLETE.slots, COMPLETE.sentiment)
    intent, slots, sentiment = (part if there else None for part, there in zip(whole, parts, strict=True))
    analysis = Analysis(intent, slots, sentiment)  # type: ignore[arg-type]
    assert next_step(undecided(3, analysis), 2) is Step.DECIDE
    assert next_step(undecided(4, analysis), 2) is Step.PARK


@given(st.integers(0, 10))
def test_a_duplicate_of_finished_work_is_settled(decided_sequence: int) -> None:
    assert next_step(decided(COMPLETE), decided_sequence) is Step.SETTLE


def test_a_part_that_was_missing_and_landed_revises() -> None:
    without = tuple(model for model in MODELS if not model.startswith("slots"))
    assert next_step(decided(COMPLETE, (Part.SLOTS.value,), without), 1) is Step.REVISE


def test_a_part_that_landed_with_an_abstention_revises_too() -> None:
    """It names no model, and is no longer missing: people must see why there is no answer."""
    late = replace(COMPLETE, slots=SlotAnalysis(abstention=Abstention("unsupported_language")))
    assert next_step(decided(late, ("slots",), ("intent@1", "sentiment@1")), 1) is Step.REVISE


def test_a_part_that_was_given_up_is_missing_still() -> None:
    late = replace(COMPLETE, slots=SlotAnalysis(abstention=FAILED))
    assert next_step(decided(late, ("slots",), ("intent@1", "sentiment@1")), 1) is Step.SETTLE


def test_a_part_that_is_missing_still_does_not_revise() -> None:
    still = replace(COMPLETE, slots=None)
    assert next_step(decided(still, ("slots",), ("intent@1", "sentiment@1")), 1) is Step.SETTLE


def test_one_of_two_missing_parts_is_enough() -> None:
    one = replace(COMPLETE, sentiment=None)
    assert next_step(decided(one, ("slots", "sentiment"), ("intent@1",)), 1) is Step.REVISE


def test_a_replayed_dead_letter_revises_when_its_part_lands() -> None:
    """The stand-in named no model; the part that took its place does."""
    stood_in = replace(COMPLETE, intent=IntentAnalysis(abstention=FAILED))
    assert next_step(decided(stood_in, models=("slots@1", "sentiment@1")), 1) is Step.SETTLE
    assert next_step(decided(COMPLETE, models=("slots@1", "sentiment@1")), 1) is Step.REVISE


def test_another_version_of_a_model_revises() -> None:
    newer = replace(COMPLETE, intent=IntentAnalysis(model="intent@2"))
    assert next_step(decided(newer), 1) is Step.REVISE


def test_a_decision_that_was_none_is_made_when_the_message_comes_back() -> None:
    assert next_step(decided(COMPLETE, rule=Rule.DEAD_LETTER), 1) is Step.REVISE


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule is not Rule.DEAD_LETTER])
def test_no_other_rule_asks_for_another_decision(rule: Rule) -> None:
    assert next_step(decided(COMPLETE, rule=rule), 1) is Step.SETTLE


def test_steps_are_the_words_of_the_script() -> None:
    script = Path(services.router.__file__).with_name("decision.lua").read_text(encoding="utf-8")
    (line,) = [line for line in script.splitlines() if line.startswith("-- kinds: ")]
    assert re.findall(r"'(\w+)'", line) == [step.value for step in Step]
