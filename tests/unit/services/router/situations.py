"""A small policy, and messages, analyses and conversations to decide under it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from shared.domain.analysis import (
    Abstention,
    Analysis,
    Evidence,
    IntentAnalysis,
    IntentScore,
    SentimentAnalysis,
    SlotAnalysis,
)
from shared.domain.decision import Conversation, Decision, Priority, Rule
from shared.domain.policy import (
    AlwaysEscalate,
    Escalation,
    EscalationChange,
    Override,
    Policy,
    Review,
    Route,
    Scope,
)
from shared.domain.ticket import Author, Channel, Message, MessageKey

NOON = 1_767_000_000_000
"""A time in Unix milliseconds."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SENTENCE = Evidence(0, 24, 0.8)

ESCALATION = Escalation(
    escalate_at=0.62,
    release_at=0.30,
    cooldown=600.0,
    minimum_messages=1,
    carry=0.7,
    half_life=86_400.0,
    queue="people",
    priority=Priority.HIGH,
)
POLICY = Policy(
    version="test-1",
    escalation=ESCALATION,
    always_escalate=(
        AlwaysEscalate("human_handoff", 0.5, hold=86_400.0, reply_ends_hold=True),
        AlwaysEscalate("legal_threat", 0.4, hold=604_800.0),
    ),
    review=Review("review", Priority.NORMAL, (("de", "review-de"), ("fr", "review-fr"))),
    routes=(
        Route(("legal_threat", "human_handoff"), "relations", Priority.URGENT),
        Route(("billing_dispute",), "billing", Priority.HIGH),
        Route(("cancel_order",), "orders", Priority.HIGH),
        Route(("delivery_problem", "order_status"), "orders", Priority.NORMAL),
        Route(("refund_request", "return_item"), "returns", Priority.NORMAL),
        Route(("praise",), "relations", Priority.LOW),
    ),
    no_intent=Route((), "general", Priority.LOW),
)
INTENTS = tuple(intent for route in POLICY.routes for intent in route.intents)
GOLD_EARLY = Override(Scope(customer_tier="gold"), EscalationChange(escalate_at=0.4, release_at=0.2))


def escalating(**changes: Any) -> Policy:
    """The policy with other escalation values."""
    return replace(POLICY, escalation=replace(ESCALATION, **changes))


def queues(policy: Policy) -> set[str]:
    """All queues that a policy names."""
    routed = {route.queue for route in (*policy.routes, policy.no_intent)}
    reviewed = {policy.review.queue, *(queue for _, queue in policy.review.by_language)}
    overridden = {each.set.queue for each in policy.overrides if each.set.queue}
    return routed | reviewed | overridden | {policy.escalation.queue}


def customer(sequence: int = 1, at: int = NOON, **changes: Any) -> Message:
    """A customer's message, in English unless said otherwise."""
    fields: dict[str, Any] = {"text": "The parcel never came. Please help.", "language": "en"}
    key = MessageKey("acme", "T-1", f"m{sequence}")
    return Message(key, sequence=sequence, sent_at_ms=at, **{**fields, **changes})


def agent(sequence: int, at: int = NOON) -> Message:
    return customer(sequence, at, author=Author.AGENT, text="We are looking into it.")


def intents(**probabilities: float) -> IntentAnalysis:
    """An intent part; labels are accepted from 0.5."""
    return IntentAnalysis(
        tuple(IntentScore(label, p, 0.5, p >= 0.5) for label, p in probabilities.items()), model="intent@1"
    )


def sentiment(frustration: float) -> SentimentAnalysis:
    return SentimentAnalysis(frustration=frustration, evidence=SENTENCE, model="sentiment@1")


def analysis(frustration: float | None = 0.0, **probabilities: float) -> Analysis:
    """An analysis with its sentiment still to come where `frustration` is None."""
    return Analysis(
        intent=intents(**(probabilities or {"delivery_problem": 0.9})),
        slots=SlotAnalysis(model="slots@1"),
        sentiment=None if frustration is None else sentiment(frustration),
    )


def rules(decision: Decision) -> list[Rule]:
    """The rules that a decision cites, in order."""
    return [reason.rule for reason in decision.reasons]


fractions = st.floats(0.0, 1.0, allow_nan=False)
labels = st.sampled_from(INTENTS)
abstentions = st.sampled_from(["unsupported_language", "low_confidence", "missing", "failed"]).map(Abstention)
score_lists = st.dictionaries(labels, fractions, max_size=6).map(
    lambda found: tuple(IntentScore(label, p, 0.5, p >= 0.5) for label, p in found.items())
)
intent_parts = st.none() | st.builds(
    IntentAnalysis, intents=score_lists, abstention=st.none() | abstentions, model=st.just("intent@1")
)
sentiment_parts = st.none() | st.builds(
    SentimentAnalysis,
    frustration=fractions,
    evidence=st.none() | st.just(SENTENCE),
    abstention=st.none() | st.none() | abstentions,
    model=st.just("sentiment@1"),
)
slot_parts = st.none() | st.just(SlotAnalysis(model="slots@1"))
analyses = st.builds(Analysis, intent=intent_parts, slots=slot_parts, sentiment=sentiment_parts)
times = st.integers(NOON - 3 * DAY, NOON + 3 * DAY)
languages = st.sampled_from(["en", "de", "fr", "pl", "mul", "und"])
messages = st.builds(
    customer,
    sequence=st.just(7),
    at=times,
    language=languages,
    customer_tier=st.sampled_from(["", "gold"]),
    channel=st.sampled_from(list(Channel)),
)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """A state that a conversation can be in."""
    level = draw(fractions)
    escalated = draw(st.booleans())
    held = escalated and draw(st.booleans())
    return Conversation(
        level=level,
        updated_at_ms=draw(times),
        escalated=escalated,
        escalated_at_ms=draw(times) if escalated else 0,
        released_at_ms=draw(st.just(0) | times),
        evidence_messages=draw(st.integers(0, 5)),
        decided_sequence=6,
        held_by="legal_threat" if held else "",
        held_until_ms=draw(times) if held else 0,
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """The small policy with drawn thresholds, with or without an override."""
    release_at, escalate_at = sorted((draw(fractions), draw(fractions)))
    return replace(
        escalating(
            escalate_at=escalate_at,
            release_at=release_at,
            cooldown=draw(st.sampled_from([0.0, 600.0, 86_400.0])),
            minimum_messages=draw(st.integers(1, 3)),
            carry=draw(fractions),
            half_life=draw(st.sampled_from([1.0, 3600.0, 86_400.0, 604_800.0])),
        ),
        overrides=(GOLD_EARLY,) if draw(st.booleans()) else (),
    )
