"""Laws of `decide` and `revise` over drawn policies, messages, analyses and conversations."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from services.router.decide import decide, give_up, revise
from shared.domain.analysis import Analysis, IntentAnalysis, SentimentAnalysis
from shared.domain.decision import Conversation, Outcome, Rule
from shared.domain.policy import Policy
from shared.domain.ticket import Message
from tests.unit.services.router.situations import (
    POLICY,
    agent,
    analyses,
    conversations,
    customer,
    fractions,
    intent_parts,
    intents,
    messages,
    policies,
    queues,
    sentiment_parts,
    times,
)


@given(policies(), messages, analyses, conversations(), fractions, fractions)
def test_it_is_monotone_in_frustration(
    policy: Policy, message: Message, found: Analysis, before: Conversation, one: float, other: float
) -> None:
    low, high = (
        decide(policy, message, replace(found, sentiment=SentimentAnalysis(frustration=f)), before)
        for f in sorted((one, other))
    )
    assert high[0].level_after >= low[0].level_after
    assert high[1].escalated >= low[1].escalated
    assert (high[0].outcome is Outcome.ESCALATED) >= (low[0].outcome is Outcome.ESCALATED)


@given(policies(), messages, analyses, conversations())
def test_every_decision_can_be_explained(
    policy: Policy, message: Message, found: Analysis, before: Conversation
) -> None:
    decision, after = decide(policy, message, found, before)
    assert decision.reasons and len(set(decision.reasons)) == len(decision.reasons)
    assert decision.queue in queues(policy)
    assert (decision.outcome is Outcome.ESCALATED) == after.escalated
    assert 0.0 <= decision.level_after <= 1.0
    assert (decision.level_before, decision.level_after) == (before.level, after.level)
    assert decision.partial == bool(decision.missing_parts) == (not found.complete)
    assert after.decided_sequence == message.sequence
    assert decision.policy_version == policy.version
    assert not after.held_by or after.escalated


@given(policies(), messages, analyses, conversations())
def test_it_is_a_function(policy: Policy, message: Message, found: Analysis, before: Conversation) -> None:
    assert decide(policy, message, found, before) == decide(policy, message, found, before)


@given(policies(), messages, analyses, conversations(), st.randoms(use_true_random=False))
def test_the_order_of_the_intents_does_not_matter(
    policy: Policy, message: Message, found: Analysis, before: Conversation, random: Random
) -> None:
    if found.intent is None:
        return
    shuffled = list(found.intent.intents)
    random.shuffle(shuffled)
    other = replace(found, intent=replace(found.intent, intents=tuple(shuffled)))
    assert decide(policy, message, other, before) == decide(policy, message, found, before)


@given(policies(), messages, conversations(), fractions)
def test_a_level_between_the_thresholds_changes_no_state(
    policy: Policy, message: Message, before: Conversation, frustration: float
) -> None:
    """Without an always-escalate intent, from whatever state, under whatever thresholds hold."""
    found = Analysis(intents(order_status=0.9), None, SentimentAnalysis(frustration=frustration))
    decision, after = decide(policy, message, found, before)
    gold = message.customer_tier == "gold" and policy.overrides
    release_at, escalate_at = (
        (0.2, 0.4) if gold else (policy.escalation.release_at, policy.escalation.escalate_at)
    )
    if release_at <= after.level < escalate_at:
        assert after.escalated == before.escalated
        assert Rule.RELEASED not in [reason.rule for reason in decision.reasons]


@given(
    policies(),
    conversations(),
    analyses,
    intent_parts,
    sentiment_parts,
    st.lists(st.tuples(st.booleans(), fractions, times), max_size=3),
)
def test_a_revision_withdraws_no_escalation(
    policy: Policy,
    before: Conversation,
    partial: Analysis,
    late_intent: IntentAnalysis | None,
    late_sentiment: SentimentAnalysis | None,
    successors: list[tuple[bool, float, int]],
) -> None:
    """Whatever lands late, and whatever was decided since."""
    message = customer(7)
    earlier, current = decide(policy, message, partial, before)
    for place, (by_agent, frustration, at) in enumerate(successors, 8):
        follow_up = agent(place, at) if by_agent else customer(place, at)
        found = Analysis(intents(order_status=0.9), None, SentimentAnalysis(frustration=frustration))
        _, current = decide(policy, follow_up, found, current)
    complete = replace(
        partial, intent=partial.intent or late_intent, sentiment=partial.sentiment or late_sentiment
    )
    decision, after = revise(policy, message, complete, before, current, earlier)
    assert (decision.outcome is Outcome.ESCALATED) >= (earlier.outcome is Outcome.ESCALATED)
    assert decision.priority.rank >= earlier.priority.rank or earlier.outcome is not Outcome.ESCALATED
    assert after.escalated >= current.escalated
    assert after.held_until_ms >= current.held_until_ms
    assert after.decided_sequence == current.decided_sequence
    assert decision.revision == earlier.revision + 1
    assert decision.reasons and decision.queue in queues(policy)
    if successors:
        assert after.level >= current.level
    if decision.outcome is Outcome.ESCALATED and earlier.outcome is not Outcome.ESCALATED:
        assert after.escalated


@given(messages, analyses, conversations(), st.integers(1, 9))
def test_giving_up_never_fails_and_moves_nothing(
    message: Message, found: Analysis, before: Conversation, revision: int
) -> None:
    decision, after = give_up(POLICY, message, found, before, revision)
    assert decision.outcome is Outcome.REVIEW and decision.queue in queues(POLICY)
    assert decision.reasons[0].rule is Rule.DEAD_LETTER
    assert (decision.partial, decision.revision) == (True, revision)
    assert after == replace(before, decided_sequence=message.sequence)
