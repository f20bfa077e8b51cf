"""The level in closed form, and a conversation's way to a person and back."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router.conversation import elapsed, faded, heard, judged, merge_revision, raised
from services.router.routing import Call
from shared.domain.decision import Conversation, Reason, Rule
from shared.domain.policy import AlwaysEscalate
from tests.unit.services.router.situations import (
    DAY,
    ESCALATION,
    HOUR,
    MINUTE,
    NOON,
    SENTENCE,
    conversations,
    customer,
    fractions,
    sentiment,
    times,
)

CALM = Conversation(level=0.1, updated_at_ms=NOON, evidence_messages=1)
ANGRY = Conversation(level=0.8, updated_at_ms=NOON, escalated=True, escalated_at_ms=NOON, evidence_messages=2)


def test_two_clear_annoyances_add_up() -> None:
    first = heard(Conversation(), ESCALATION, sentiment(0.5), customer(1, NOON))
    assert first.level == 0.5
    second = heard(first, ESCALATION, sentiment(0.5), customer(2, NOON))
    assert second.level == pytest.approx(0.5 + 0.5 * 0.7 * 0.5) == pytest.approx(0.675)
    assert (second.evidence_messages, second.decided_sequence) == (2, 2)


def test_half_of_what_is_carried_fades_in_a_half_life() -> None:
    before = Conversation(level=0.8, updated_at_ms=NOON)
    after = heard(before, ESCALATION, sentiment(0.0), customer(2, NOON + DAY))
    assert after.level == pytest.approx(0.7 * 0.8 / 2)
    assert after.updated_at_ms == NOON + DAY


def test_a_message_dated_back_neither_fades_nor_turns_back_the_clock() -> None:
    before = Conversation(level=0.8, updated_at_ms=NOON)
    after = heard(before, ESCALATION, sentiment(0.0), customer(2, NOON - DAY))
    assert after.level == pytest.approx(0.7 * 0.8)
    assert after.updated_at_ms == NOON
    assert elapsed(NOON, NOON - 1) == 0.0


def test_a_message_without_sentiment_moves_neither_level_nor_its_time() -> None:
    after = heard(ANGRY, ESCALATION, None, customer(3, NOON + DAY))
    assert after.level == ANGRY.level
    assert (after.updated_at_ms, after.evidence_messages, after.decided_sequence) == (NOON, 2, 3)


def test_no_half_life_fades_at_once() -> None:
    assert faded(0.5, 1.0, 0.0) == 0.0
    assert faded(0.5, 0.0, 0.0) == 0.5


@pytest.mark.parametrize(("wild", "tame"), [(-1.0, 0.0), (1.7, 1.0), (math.nan, 0.0), (math.inf, 1.0)])
def test_frustration_out_of_range_is_clamped(wild: float, tame: float) -> None:
    assert raised(wild, 0.0) == tame


@given(fractions, fractions)
def test_raised_is_the_closed_form(frustration: float, carried: float) -> None:
    level = raised(frustration, carried)
    assert level == pytest.approx(frustration + (1 - frustration) * carried, abs=1e-12)
    assert 0.0 <= level <= 1.0
    assert raised(frustration, 0.0) == frustration


@given(fractions, fractions, fractions)
def test_raised_is_monotone_in_both(one: float, other: float, fixed: float) -> None:
    low, high = sorted((one, other))
    assert raised(low, fixed) <= raised(high, fixed)
    assert raised(fixed, low) <= raised(fixed, high)


@given(conversations(), fractions, times, times)
def test_more_time_never_raises_the_level(
    before: Conversation, frustration: float, one: int, other: int
) -> None:
    early, late = sorted((one, other))
    soon = heard(before, ESCALATION, sentiment(frustration), customer(7, early))
    later = heard(before, ESCALATION, sentiment(frustration), customer(7, late))
    assert later.level <= soon.level


def judge(
    state: Conversation, level: float, at: int = NOON, calls: tuple[Call, ...] = (), **values: Any
) -> tuple[Conversation, tuple[Reason, ...]]:
    """A conversation at a level, after a message with a sentiment; `values` change the escalation."""
    return judged(replace(state, level=level), replace(ESCALATION, **values), sentiment(0.5), calls, at)


def test_it_enters_at_the_threshold_itself() -> None:
    below, nothing = judge(CALM, 0.6199)
    assert not below.escalated and nothing == ()
    at, (reason,) = judge(CALM, 0.62)
    assert at.escalated and at.escalated_at_ms == NOON
    assert (reason.rule, reason.value, reason.threshold) == (Rule.FRUSTRATION_LEVEL, 0.62, 0.62)
    assert reason.evidence == SENTENCE


def test_it_leaves_below_the_release_threshold_only() -> None:
    at, (still,) = judge(ANGRY, 0.30)
    assert at.escalated and still.rule is Rule.STILL_ESCALATED
    below, (reason,) = judge(ANGRY, 0.2999, NOON + HOUR)
    assert not below.escalated and below.released_at_ms == NOON + HOUR
    assert (reason.rule, reason.value, reason.threshold) == (Rule.RELEASED, 0.2999, 0.30)


def test_after_a_release_the_level_alone_waits_for_the_cooldown() -> None:
    released = Conversation(released_at_ms=NOON, evidence_messages=3)
    soon, (reason,) = judge(released, 0.9, NOON + 9 * MINUTE)
    assert not soon.escalated
    assert (reason.rule, reason.value, reason.threshold) == (Rule.COOLDOWN, 540.0, 600.0)
    assert reason.evidence == SENTENCE
    later, _ = judge(released, 0.9, NOON + 10 * MINUTE)
    assert later.escalated


def test_too_few_messages_hold_the_level_back() -> None:
    held_back, (reason,) = judge(CALM, 0.9, minimum_messages=2)
    assert not held_back.escalated
    assert (reason.rule, reason.value, reason.threshold) == (Rule.MINIMUM_EVIDENCE, 1.0, 2.0)


def test_a_call_escalates_despite_cooldown_and_too_few_messages() -> None:
    released = Conversation(released_at_ms=NOON)
    call = Call(AlwaysEscalate("legal_threat", 0.4, hold=3600.0), 0.7)
    state, (reason,) = judge(released, 0.1, NOON + MINUTE, (call,), minimum_messages=5)
    assert state.escalated and state.held_by == "legal_threat"
    assert state.held_until_ms == NOON + MINUTE + HOUR
    assert (reason.subject, reason.value, reason.threshold) == ("legal_threat", 0.7, 0.4)


def test_a_hold_keeps_a_calm_conversation_with_people_until_it_ends() -> None:
    call = Call(AlwaysEscalate("legal_threat", 0.4, hold=3600.0), 0.7)
    state, _ = judge(CALM, 0.1, NOON, (call,))
    held, (reason,) = judge(state, 0.0, NOON + HOUR - 1)
    assert held.escalated
    assert (reason.rule, reason.subject) == (Rule.STILL_ESCALATED, "legal_threat")
    free, (reason,) = judge(held, 0.0, NOON + HOUR)
    assert not free.escalated and free.held_by == "" and free.held_until_ms == 0
    assert reason.rule is Rule.RELEASED


def test_of_two_holds_the_longer_counts() -> None:
    short = Call(AlwaysEscalate("human_handoff", 0.5, hold=60.0), 0.9)
    long = Call(AlwaysEscalate("legal_threat", 0.4, hold=3600.0), 0.9)
    for calls in ((short, long), (long, short)):
        state, reasons = judge(CALM, 0.1, NOON, calls)
        assert (state.held_by, state.held_until_ms) == ("legal_threat", NOON + HOUR)
        assert len(reasons) == 2
    again, _ = judge(state, 0.1, NOON + MINUTE, (short,))
    assert again.held_by == "legal_threat"


def test_silence_moves_nobody() -> None:
    state, (reason,) = judged(ANGRY, ESCALATION, None, (), NOON)
    assert state == ANGRY and reason.rule is Rule.STILL_ESCALATED
    state, reasons = judged(Conversation(level=0.9), ESCALATION, None, (), NOON)
    assert not state.escalated and reasons == ()


@given(conversations(), fractions, st.lists(fractions, min_size=1, max_size=20))
def test_hysteresis_never_flaps(state: Conversation, release_at: float, levels: list[float]) -> None:
    """A level that stays within [release_at, escalate_at) changes no state, however it moves."""
    escalate_at = min(1.0, release_at + 0.2)
    before = state.escalated
    for step, share in enumerate(levels):
        level = release_at + share * (escalate_at - release_at)
        if not release_at <= level < escalate_at:
            continue
        state, _ = judge(state, level, NOON + step * DAY, escalate_at=escalate_at, release_at=release_at)
        assert state.escalated == before


def test_merging_a_late_part_raises_to_what_it_leaves_today() -> None:
    revised = Conversation(level=0.9, updated_at_ms=NOON, evidence_messages=1)
    current = Conversation(level=0.1, updated_at_ms=NOON + DAY, evidence_messages=2, decided_sequence=4)
    merged = merge_revision(current, Conversation(), revised, ESCALATION)
    assert merged.level == pytest.approx(0.9 * 0.7**2 / 2)
    assert merged.evidence_messages == 3
    assert (merged.updated_at_ms, merged.decided_sequence) == (NOON + DAY, 4)


@given(conversations(), conversations(), conversations())
def test_merging_withdraws_nothing(current: Conversation, before: Conversation, revised: Conversation) -> None:
    merged = merge_revision(current, before, revised, ESCALATION)
    assert merged.escalated == current.escalated
    assert merged.level >= current.level
    assert merged.held_until_ms == current.held_until_ms
    assert merged.evidence_messages >= current.evidence_messages
    assert merged.decided_sequence == current.decided_sequence
    assert 0.0 <= merged.level <= 1.0


@given(fractions, fractions, st.lists(fractions, max_size=4), st.integers(0, DAY))
def test_the_merged_level_never_exceeds_what_a_replay_gives(
    start: float, late: float, successors: list[float], gap: int
) -> None:
    """The bound is honest: deciding all messages anew in order gives at least the merged level."""
    before = Conversation(level=start, updated_at_ms=NOON)
    revised = heard(before, ESCALATION, sentiment(late), customer(1, NOON + gap))
    current, replayed = before, revised
    for place, frustration in enumerate(successors, 2):
        message = customer(place, NOON + place * gap)
        current = heard(current, ESCALATION, sentiment(frustration), message)
        replayed = heard(replayed, ESCALATION, sentiment(frustration), message)
    merged = merge_revision(current, before, revised, ESCALATION)
    # Without the late part nothing had faded since `before`; with it, the carry has been paid once more.
    exact = max(replayed.level, current.level)
    assert merged.level <= exact + 1e-12
    if len(successors) == 1:
        assert merged.level == pytest.approx(exact, abs=1e-12)
    assert merged.evidence_messages == replayed.evidence_messages
