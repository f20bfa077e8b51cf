"""Worked examples of decisions: routes, review, a person, and the reasons that say why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.router.decide import decide, give_up
from shared.domain.analysis import Abstention, Analysis, IntentAnalysis, SentimentAnalysis
from shared.domain.decision import Conversation, Decision, Outcome, Priority, Reason, Rule
from shared.domain.ticket import MessageKey
from tests.unit.services.router.situations import (
    DAY,
    GOLD_EARLY,
    MINUTE,
    NOON,
    POLICY,
    SENTENCE,
    agent,
    analysis,
    customer,
    escalating,
    intents,
    rules,
    sentiment,
)

NEW = Conversation()
WITH_PEOPLE = Conversation(
    level=0.8,
    updated_at_ms=NOON,
    escalated=True,
    escalated_at_ms=NOON,
    evidence_messages=1,
    decided_sequence=1,
)


def decided(found: Analysis, conversation: Conversation = NEW, **message: object) -> Decision:
    return decide(POLICY, customer(2, NOON + MINUTE, **message), found, conversation)[0]


def test_a_calm_question_is_routed_with_its_reason() -> None:
    decision, after = decide(POLICY, customer(1), analysis(0.1, order_status=0.93), NEW)
    assert (decision.outcome, decision.queue, decision.priority) == (
        Outcome.ROUTED,
        "orders",
        Priority.NORMAL,
    )
    assert decision.reasons == (Reason(Rule.ROUTE, "order_status", 0.93, 0.5),)
    assert decision.key == MessageKey("acme", "T-1", "m1")
    assert (decision.level_before, decision.level_after) == (0.0, 0.1)
    assert (decision.policy_version, decision.revision, decision.decided_at_ms) == ("test-1", 1, 0)
    assert decision.models == ("intent@1", "slots@1", "sentiment@1")
    assert (decision.partial, decision.missing_parts) == (False, ())
    assert after == Conversation(level=0.1, updated_at_ms=NOON, evidence_messages=1, decided_sequence=1)


def test_strong_frustration_alone_goes_to_a_person() -> None:
    decision, after = decide(POLICY, customer(1), analysis(0.75, delivery_problem=0.9), NEW)
    assert (decision.outcome, decision.queue, decision.priority) == (
        Outcome.ESCALATED,
        "people",
        Priority.HIGH,
    )
    assert decision.reasons == (
        Reason(Rule.FRUSTRATION_LEVEL, "", 0.75, 0.62, SENTENCE),
        Reason(Rule.ROUTE, "delivery_problem", 0.9, 0.5),
    )
    assert after.escalated and after.escalated_at_ms == NOON


def test_the_second_clear_annoyance_goes_to_a_person() -> None:
    first, state = decide(POLICY, customer(1), analysis(0.5), NEW)
    assert first.outcome is Outcome.ROUTED
    second, state = decide(POLICY, customer(2, NOON + MINUTE), analysis(0.5), state)
    assert second.outcome is Outcome.ESCALATED
    assert second.level_before == 0.5
    assert second.level_after == state.level == pytest.approx(0.675, abs=1e-3)


def test_a_conversation_calms_down_and_comes_back() -> None:
    _, state = decide(POLICY, customer(1), analysis(0.75), NEW)
    outcomes = []
    for sequence in (2, 3, 4):
        decision, state = decide(POLICY, customer(sequence, NOON), analysis(0.0), state)
        outcomes.append((decision.outcome, decision.reasons[0].rule, round(state.level, 3)))
    assert outcomes == [
        (Outcome.ESCALATED, Rule.STILL_ESCALATED, 0.525),
        (Outcome.ESCALATED, Rule.STILL_ESCALATED, 0.367),
        (Outcome.ROUTED, Rule.ROUTE, 0.257),
    ]
    assert decision.queue == "orders"
    assert decision.reasons[1] == Reason(Rule.RELEASED, "", state.level, 0.30)


def test_an_urgent_route_keeps_its_priority_when_a_person_takes_over() -> None:
    decision = decided(analysis(0.0, legal_threat=0.8))
    assert (decision.outcome, decision.queue, decision.priority) == (
        Outcome.ESCALATED,
        "people",
        Priority.URGENT,
    )
    assert rules(decision) == [Rule.ALWAYS_ESCALATE, Rule.ROUTE]


def test_a_call_counts_by_its_own_threshold_though_the_label_was_not_accepted() -> None:
    decision = decided(analysis(0.0, order_status=0.9, legal_threat=0.45))
    assert decision.outcome is Outcome.ESCALATED
    assert decision.reasons[0] == Reason(Rule.ALWAYS_ESCALATE, "legal_threat", 0.45, 0.4)
    assert decision.intents == ("order_status",)
    assert decided(analysis(0.0, order_status=0.9, legal_threat=0.39)).outcome is Outcome.ROUTED


def test_the_highest_priority_wins_then_the_order_of_the_policy() -> None:
    both = decided(analysis(0.0, refund_request=0.99, billing_dispute=0.6))
    assert (both.queue, both.reasons[0].subject) == ("billing", "billing_dispute")
    equal = decided(analysis(0.0, cancel_order=0.99, billing_dispute=0.6))
    assert equal.queue == "billing"
    assert equal.intents == ("cancel_order", "billing_dispute")


def test_within_a_route_the_most_probable_intent_is_the_reason() -> None:
    decision = decided(analysis(0.0, order_status=0.6, delivery_problem=0.8))
    assert decision.reasons == (Reason(Rule.ROUTE, "delivery_problem", 0.8, 0.5),)


def test_no_intent_has_a_queue_and_names_what_came_closest() -> None:
    decision = decided(analysis(0.0, praise=0.3))
    assert (decision.outcome, decision.queue) == (Outcome.ROUTED, "general")
    assert decision.reasons == (Reason(Rule.NO_INTENT, "praise", 0.3, 0.5),)
    nothing = decided(Analysis(IntentAnalysis(), analysis().slots, sentiment(0.0)))
    assert nothing.reasons == (Reason(Rule.NO_INTENT),)


def test_an_unsure_model_means_review() -> None:
    unsure = replace(intents(refund_request=0.41, praise=0.2), abstention=Abstention("low_confidence"))
    decision = decided(replace(analysis(0.2), intent=unsure))
    assert (decision.outcome, decision.queue, decision.priority) == (
        Outcome.REVIEW,
        "review",
        Priority.NORMAL,
    )
    assert decision.reasons == (Reason(Rule.LOW_CONFIDENCE, "refund_request", 0.41, 0.5),)
    assert not decision.partial


def test_an_unknown_language_goes_to_those_who_read_it() -> None:
    nobody = Abstention("unsupported_language")
    found = Analysis(
        IntentAnalysis(abstention=nobody),
        analysis().slots,
        SentimentAnalysis(abstention=nobody, frustration=0.9),
    )
    decision = decided(found, language="de")
    assert (decision.outcome, decision.queue) == (Outcome.REVIEW, "review-de")
    assert decision.reasons == (Reason(Rule.UNSUPPORTED_LANGUAGE, "de"),)
    assert decision.level_after == 0.0
    assert decided(found, language="sv").queue == "review"


def test_scores_of_a_model_that_does_not_know_the_language_count_for_nothing() -> None:
    guess = replace(intents(legal_threat=0.99), abstention=Abstention("unsupported_language"))
    decision = decided(replace(analysis(0.0), intent=guess), language="de")
    assert (decision.outcome, decision.intents) == (Outcome.REVIEW, ())


@pytest.mark.parametrize("part", [None, IntentAnalysis(abstention=Abstention("failed"))])
def test_a_missing_or_failed_intent_part_means_review(part: IntentAnalysis | None) -> None:
    decision = decided(replace(analysis(0.2), intent=part))
    assert decision.outcome is Outcome.REVIEW
    assert decision.reasons == (Reason(Rule.MISSING_PART, "intent"),)
    assert decision.partial
    assert decision.missing_parts == ("intent",)


def test_a_person_comes_before_review() -> None:
    by_level = decided(replace(analysis(0.9), intent=None))
    assert (by_level.outcome, by_level.queue) == (Outcome.ESCALATED, "people")
    assert rules(by_level) == [Rule.FRUSTRATION_LEVEL, Rule.MISSING_PART]
    unsure = replace(intents(human_handoff=0.55), abstention=Abstention("low_confidence"))
    by_call = decided(replace(analysis(0.0), intent=unsure))
    assert rules(by_call) == [Rule.ALWAYS_ESCALATE, Rule.LOW_CONFIDENCE]


def test_a_missing_sentiment_is_said_and_moves_nothing() -> None:
    decision, after = decide(
        POLICY, customer(2, NOON + DAY), analysis(None), replace(WITH_PEOPLE, escalated=False)
    )
    assert (decision.outcome, decision.partial, decision.missing_parts) == (
        Outcome.ROUTED,
        True,
        ("sentiment",),
    )
    assert rules(decision) == [Rule.ROUTE, Rule.MISSING_PART]
    assert decision.reasons[1].subject == "sentiment"
    assert (decision.level_before, decision.level_after) == (0.8, 0.8)
    assert after.updated_at_ms == NOON and after.evidence_messages == 1


def test_missing_slots_make_it_partial_but_decide_nothing() -> None:
    decision = decided(replace(analysis(0.0), slots=None))
    assert (decision.outcome, decision.partial, decision.missing_parts) == (Outcome.ROUTED, True, ("slots",))
    assert rules(decision) == [Rule.ROUTE]


def test_an_agents_message_is_recorded_and_moves_nothing() -> None:
    decision, after = decide(POLICY, agent(2), Analysis(), WITH_PEOPLE)
    assert (decision.outcome, decision.queue, decision.priority) == (Outcome.RECORDED, "", Priority.LOW)
    assert decision.reasons == (Reason(Rule.AGENT_MESSAGE),)
    assert (decision.partial, decision.level_before, decision.level_after) == (False, 0.8, 0.8)
    assert after == replace(WITH_PEOPLE, decided_sequence=2)


def test_an_agents_reply_settles_the_wish_for_a_person_but_no_legal_threat() -> None:
    for intent, released in (("human_handoff", True), ("legal_threat", False)):
        _, state = decide(POLICY, customer(1), analysis(0.0, **{intent: 0.9}), NEW)
        asked, _ = decide(POLICY, customer(2, NOON + MINUTE), analysis(0.0, praise=0.9), state)
        assert rules(asked) == [Rule.STILL_ESCALATED, Rule.ROUTE]
        assert asked.reasons[0].subject == intent
        _, state = decide(POLICY, agent(2, NOON + MINUTE), Analysis(), state)
        assert state.escalated
        thanks, _ = decide(POLICY, customer(3, NOON + 2 * MINUTE), analysis(0.0, praise=0.9), state)
        assert (thanks.outcome is Outcome.ROUTED) == released


def test_a_tier_with_its_own_threshold() -> None:
    policy = replace(POLICY, overrides=(GOLD_EARLY,))
    gold, _ = decide(policy, customer(1, customer_tier="gold"), analysis(0.5), NEW)
    other, _ = decide(policy, customer(1), analysis(0.5), NEW)
    assert (gold.outcome, other.outcome) == (Outcome.ESCALATED, Outcome.ROUTED)
    assert gold.reasons[0].threshold == 0.4


def test_cooldown_and_minimum_evidence_stand_beside_the_route() -> None:
    policy = escalating(minimum_messages=2)
    first, _ = decide(policy, customer(1), analysis(0.9), NEW)
    assert (first.outcome, rules(first)) == (Outcome.ROUTED, [Rule.ROUTE, Rule.MINIMUM_EVIDENCE])
    released = Conversation(released_at_ms=NOON, evidence_messages=3)
    soon, _ = decide(POLICY, customer(2, NOON + MINUTE), analysis(0.9), released)
    assert (soon.outcome, rules(soon)) == (Outcome.ROUTED, [Rule.ROUTE, Rule.COOLDOWN])


def test_giving_up_is_review_and_moves_nothing() -> None:
    decision, after = give_up(POLICY, customer(2), Analysis(intents(praise=0.9)), WITH_PEOPLE, 1)
    assert (decision.outcome, decision.queue, decision.priority) == (
        Outcome.REVIEW,
        "review",
        Priority.NORMAL,
    )
    assert decision.reasons == (Reason(Rule.DEAD_LETTER),)
    assert (decision.partial, decision.missing_parts) == (True, ("slots", "sentiment"))
    assert (decision.revision, decision.models, decision.intents) == (1, ("intent@1",), ())
    assert after == replace(WITH_PEOPLE, decided_sequence=2)
    assert give_up(POLICY, customer(2, language="fr"), Analysis(), NEW, 1)[0].queue == "review-fr"
    assert give_up(POLICY, agent(2), Analysis(), NEW, 1)[0].outcome is Outcome.RECORDED


def test_giving_up_on_a_revision_keeps_an_escalation_and_goes_back_no_sequence() -> None:
    earlier = decided(analysis(0.9))
    later = replace(WITH_PEOPLE, decided_sequence=9)
    decision, after = give_up(POLICY, customer(2), analysis(0.9), later, 2, earlier)
    assert (decision.outcome, decision.queue, decision.revision) == (Outcome.ESCALATED, "people", 2)
    assert rules(decision) == [Rule.ESCALATION_KEPT, Rule.DEAD_LETTER]
    assert after == later
