"""A part lands late: the message is decided again, and nothing is silently withdrawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.router.decide import decide, revise
from shared.domain.analysis import Analysis
from shared.domain.decision import Conversation, Outcome, Priority, Rule
from shared.domain.policy import AlwaysEscalate
from tests.unit.services.router.situations import (
    MINUTE,
    NOON,
    POLICY,
    agent,
    analysis,
    customer,
    intents,
    rules,
    sentiment,
)

NEW = Conversation()


def test_a_late_sentiment_raises_an_escalation() -> None:
    message = customer(1)
    earlier, current = decide(POLICY, message, analysis(None), NEW)
    decision, after = revise(POLICY, message, analysis(0.9), NEW, current, earlier)
    assert (decision.outcome, decision.revision, decision.partial) == (Outcome.ESCALATED, 2, False)
    assert after == decide(POLICY, message, analysis(0.9), NEW)[1]


def test_late_intents_end_a_review() -> None:
    message = customer(1)
    partial = replace(analysis(0.1), intent=None)
    earlier, current = decide(POLICY, message, partial, NEW)
    assert earlier.outcome is Outcome.REVIEW
    complete = replace(partial, intent=intents(refund_request=0.9))
    decision, _ = revise(POLICY, message, complete, NEW, current, earlier)
    assert (decision.outcome, decision.queue) == (Outcome.ROUTED, "returns")


def test_an_escalation_is_kept_and_said_to_be() -> None:
    before = Conversation(
        level=0.35, updated_at_ms=NOON, escalated=True, escalated_at_ms=NOON, evidence_messages=2
    )
    message = customer(2, NOON)
    earlier, current = decide(POLICY, message, analysis(None, cancel_order=0.9), before)
    assert rules(earlier) == [Rule.STILL_ESCALATED, Rule.ROUTE, Rule.MISSING_PART]
    decision, after = revise(POLICY, message, analysis(0.0, cancel_order=0.9), before, current, earlier)
    assert rules(decision) == [Rule.ESCALATION_KEPT, Rule.ROUTE]
    kept = decision.reasons[0]
    assert (kept.subject, kept.value, kept.threshold) == ("still_escalated", decision.level_after, 0.30)
    assert decision.level_after == pytest.approx(0.245)
    assert (decision.queue, decision.priority) == ("people", Priority.HIGH)
    assert after.escalated and after.escalated_at_ms == NOON and after.released_at_ms == 0
    released, _ = decide(POLICY, customer(3, NOON + MINUTE), analysis(0.0), after)
    assert Rule.RELEASED in rules(released)


def test_the_cause_of_a_kept_escalation_survives_further_revisions() -> None:
    before = Conversation(level=0.35, updated_at_ms=NOON, escalated=True, evidence_messages=2)
    message = customer(2, NOON)
    without_two = Analysis(intent=intents(cancel_order=0.9))
    earlier, current = decide(POLICY, message, without_two, before)
    second, current = revise(
        POLICY, message, replace(without_two, sentiment=sentiment(0.0)), before, current, earlier
    )
    third, after = revise(POLICY, message, analysis(0.0, cancel_order=0.9), before, current, second)
    assert (third.revision, third.outcome, third.partial) == (3, Outcome.ESCALATED, False)
    assert third.reasons[0].subject == "still_escalated"
    assert after.escalated


def test_a_newer_policy_that_would_not_escalate_withdraws_nothing() -> None:
    message = customer(1)
    partial = replace(analysis(0.1, legal_threat=0.9), slots=None)
    earlier, current = decide(POLICY, message, partial, NEW)
    lenient = replace(POLICY, version="test-2", always_escalate=(AlwaysEscalate("human_handoff", 0.5),))
    decision, after = revise(lenient, message, analysis(0.1, legal_threat=0.9), NEW, current, earlier)
    assert (decision.outcome, decision.policy_version) == (Outcome.ESCALATED, "test-2")
    assert decision.reasons[0].rule is Rule.ESCALATION_KEPT
    assert decision.priority is Priority.URGENT
    assert after.escalated and after.held_by == "legal_threat"


def test_a_revision_after_successors_raises_the_conversation_of_today() -> None:
    late, next_one = customer(1, NOON), customer(2, NOON + MINUTE)
    earlier, state = decide(POLICY, late, analysis(None), NEW)
    _, current = decide(POLICY, next_one, analysis(0.1), state)
    decision, after = revise(POLICY, late, analysis(0.9), NEW, current, earlier)
    assert decision.outcome is Outcome.ESCALATED and decision.level_after == 0.9
    assert after.escalated and after.decided_sequence == 2
    assert after.level == pytest.approx(0.1 + 0.9 * 0.9 * 0.7, abs=1e-3), "as if both had been heard in order"
    assert after.evidence_messages == 2
    following, _ = decide(POLICY, customer(3, NOON + 2 * MINUTE), analysis(0.1), after)
    assert following.outcome is Outcome.ESCALATED


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_two_late_sentiments_escalate_as_if_they_had_been_on_time(order: tuple[int, int]) -> None:
    """Neither alone reaches the threshold; whichever lands second must see the other."""
    texts = {1: customer(1, NOON), 2: customer(2, NOON + MINUTE)}
    first, state = decide(POLICY, texts[1], analysis(0.5), NEW)
    expected, on_time = decide(POLICY, texts[2], analysis(0.5), state)
    assert (first.outcome, expected.outcome) == (Outcome.ROUTED, Outcome.ESCALATED)

    befores, partial, current = {}, {}, NEW
    for place, text in texts.items():
        befores[place] = current
        partial[place], current = decide(POLICY, text, analysis(None), current)
    for place in order:
        decision, current = revise(POLICY, texts[place], analysis(0.5), befores[place], current, partial[place])
    assert decision.outcome is Outcome.ESCALATED
    assert decision.reasons[0].rule is Rule.FRUSTRATION_LEVEL
    assert decision.reasons[0].value == pytest.approx(on_time.level)
    assert current.level == pytest.approx(on_time.level)
    assert current.escalated and current.evidence_messages == on_time.evidence_messages == 2


def test_late_intents_keep_what_another_late_part_has_raised() -> None:
    one, two = customer(1, NOON), customer(2, NOON + MINUTE)
    earlier, state = decide(POLICY, one, analysis(None), NEW)
    without_intent = replace(analysis(0.2), intent=None)
    partial, current = decide(POLICY, two, without_intent, state)
    _, raised = revise(POLICY, one, analysis(0.5), NEW, current, earlier)
    assert raised.level > current.level and not raised.escalated
    decision, after = revise(POLICY, two, analysis(0.2), state, raised, partial)
    assert after.level >= raised.level
    assert after.evidence_messages == 2
    assert decision.outcome is Outcome.ROUTED


def test_a_late_legal_threat_holds_the_conversation_of_today() -> None:
    late, next_one = customer(1, NOON), customer(2, NOON + MINUTE)
    earlier, state = decide(POLICY, late, replace(analysis(0.1), intent=None), NEW)
    _, current = decide(POLICY, next_one, analysis(0.1), state)
    decision, after = revise(POLICY, late, analysis(0.1, legal_threat=0.9), NEW, current, earlier)
    assert decision.reasons[0].rule is Rule.ALWAYS_ESCALATE
    assert after.escalated and after.held_by == "legal_threat"
    assert after.level == current.level, "the level was heard before: it is not counted twice"


def test_late_slots_do_not_bring_back_what_was_released_since() -> None:
    first, calm = customer(1, NOON), customer(2, NOON)
    earlier, state = decide(POLICY, first, replace(analysis(0.75), slots=None), NEW)
    for _ in range(3):
        _, state = decide(POLICY, calm, analysis(0.0), state)
    assert not state.escalated
    decision, after = revise(POLICY, first, analysis(0.75), NEW, state, earlier)
    assert decision.outcome is Outcome.ESCALATED
    assert after == state


def test_an_agents_message_stays_recorded() -> None:
    message = agent(1)
    earlier, current = decide(POLICY, message, Analysis(), NEW)
    decision, after = revise(POLICY, message, Analysis(), NEW, current, earlier)
    assert (decision.outcome, decision.revision, after) == (Outcome.RECORDED, 2, current)
