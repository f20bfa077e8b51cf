"""The commerce pack's policy: it holds, and does what its comments and docs/policies.md promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from services.router.decide import decide
from services.router.policy import load_policy
from services.router.thresholds import effective
from shared.domain.analysis import Analysis, IntentAnalysis, IntentScore, SentimentAnalysis, SlotAnalysis
from shared.domain.decision import Conversation, Decision, Outcome, Priority, Rule
from shared.domain.policy import Policy
from shared.domain.ticket import Channel
from tests.unit.services.router.situations import DAY, HOUR, MINUTE, NOON, agent, customer

ROOT = Path(__file__).parents[4]
PACK = ROOT / "deploy" / "packs" / "commerce"
INTENTS = tuple(yaml.safe_load((PACK / "taxonomy.yaml").read_text(encoding="utf-8"))["intents"])


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy((PACK / "policy.yaml").read_text(encoding="utf-8"), INTENTS, "policy.yaml")


def follow(
    policy: Policy, *steps: tuple[float, tuple[str, ...]], apart: int = 10 * MINUTE
) -> list[tuple[Decision, float]]:
    """Decides a conversation of (frustration, intents), each message some time after the one before."""
    state, decisions = Conversation(), []
    for place, (frustration, labels) in enumerate(steps, 1):
        scores = tuple(IntentScore(label, 0.9, 0.5, True) for label in labels)
        found = Analysis(IntentAnalysis(scores), SlotAnalysis(), SentimentAnalysis(frustration=frustration))
        decision, state = decide(policy, customer(place, NOON + place * apart), found, state)
        decisions.append((decision, state.level))
    return decisions


def outcomes(policy: Policy, *frustrations: float, apart: int = 10 * MINUTE) -> list[bool]:
    """Whether each message of a conversation about a late parcel goes to a person."""
    steps = [(frustration, ("delivery_problem",)) for frustration in frustrations]
    return [decision.outcome is Outcome.ESCALATED for decision, _ in follow(policy, *steps, apart=apart)]


def test_every_intent_has_a_route(policy: Policy) -> None:
    assert sorted(intent for route in policy.routes for intent in route.intents) == sorted(INTENTS)


def test_the_levels_that_the_comments_promise(policy: Policy) -> None:
    assert outcomes(policy, 0.75) == [True]
    assert outcomes(policy, 0.5) == [False]
    assert outcomes(policy, 0.5, 0.5) == [False, True]
    assert outcomes(policy, *[0.25] * 50) == [False] * 50
    assert follow(policy, *[(0.25, ())] * 50)[-1][1] == pytest.approx(0.4545, abs=1e-3)
    assert outcomes(policy, 0.75, 0.0) == [True, False]
    assert outcomes(policy, 1.0, 0.0, 0.0) == [True, True, False]


def test_a_second_annoyance_counts_for_most_of_a_day(policy: Policy) -> None:
    assert outcomes(policy, 0.5, 0.5, apart=23 * HOUR) == [False, True]
    assert outcomes(policy, 0.5, 0.5, apart=DAY) == [False, False]


def test_who_chases_an_answer_is_heard_sooner(policy: Policy) -> None:
    ((decision, _),) = follow(policy, (0.5, ("follow_up",)))
    assert decision.outcome is Outcome.ESCALATED and decision.reasons[0].threshold == 0.4


@pytest.mark.parametrize("intent", ["human_handoff", "legal_threat", "account_security"])
def test_some_matters_are_always_a_persons(policy: Policy, intent: str) -> None:
    first, thanks = follow(policy, (0.0, (intent,)), (0.0, ()))
    assert first[0].outcome is thanks[0].outcome is Outcome.ESCALATED


@pytest.mark.parametrize(
    ("labels", "queue", "priority"),
    [
        (("order_status",), "orders", Priority.NORMAL),
        (("delivery_problem", "refund_request"), "orders", Priority.NORMAL),
        (("delivery_problem", "complaint"), "orders", Priority.NORMAL),
        (("complaint",), "relations", Priority.NORMAL),
        (("billing_dispute", "cancel_subscription"), "billing", Priority.HIGH),
        (("cancel_subscription", "refund_request"), "subscriptions", Priority.NORMAL),
        (("praise", "product_question"), "products", Priority.LOW),
        ((), "general", Priority.LOW),
    ],
)
def test_where_messages_go(policy: Policy, labels: tuple[str, ...], queue: str, priority: Priority) -> None:
    ((decision, _),) = follow(policy, (0.0, labels))
    assert (decision.outcome, decision.queue, decision.priority) == (Outcome.ROUTED, queue, priority)


@pytest.mark.parametrize("language", ["de", "fr", "es", "it", "nl", "pt", "pl"])
def test_languages_without_a_model_have_a_queue(policy: Policy, language: str) -> None:
    assert dict(policy.review.by_language)[language] == f"review-{language}"


def documented_overrides() -> Policy:
    """The pack's policy with the overrides that docs/policies.md shows."""
    page = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(overrides:.*?)```", page, re.DOTALL)
    base, _, _ = (PACK / "policy.yaml").read_text(encoding="utf-8").partition("overrides:")
    return load_policy(base + block, INTENTS, "docs/policies.md")


@pytest.mark.parametrize(
    ("frustrations", "apart", "levels", "with_people"),
    [
        ([0.75], 10 * MINUTE, [0.75], [True]),
        ([0.5], 10 * MINUTE, [0.50], [False]),
        ([0.5, 0.5], 10 * MINUTE, [0.50, 0.65], [False, True]),
        ([0.5, 0.5], DAY, [0.50, 0.62], [False, False]),
        ([0.25, 0.5], 10 * MINUTE, [0.25, 0.57], [False, False]),
        ([0.25, 0.25, 0.25], 10 * MINUTE, [0.25, 0.36, 0.41], [False, False, False]),
        ([0.75, 0.0], 10 * MINUTE, [0.75, 0.45], [True, False]),
        ([1.0, 0.0, 0.0], 10 * MINUTE, [1.00, 0.60, 0.36], [True, True, False]),
    ],
)
def test_the_documented_levels(
    policy: Policy, frustrations: list[float], apart: int, levels: list[float], with_people: list[bool]
) -> None:
    steps = [(frustration, ("delivery_problem",)) for frustration in frustrations]
    decided = follow(policy, *steps, apart=apart)
    assert [level for _, level in decided] == pytest.approx(levels, abs=0.006)
    assert [decision.outcome is Outcome.ESCALATED for decision, _ in decided] == with_people


def test_the_documented_overrides() -> None:
    message = customer(1, customer_tier="gold", channel=Channel.CHAT)
    rules = effective(documented_overrides(), message, "billing", ("billing_dispute",))
    assert (rules.escalate_at, rules.release_at, rules.queue) == (0.5, 0.4, "people-gold")
    assert (rules.half_life, rules.minimum_messages) == (7200.0, 2)
    assert (rules.cooldown, rules.carry, rules.priority) == (600.0, 0.6, Priority.HIGH)


def test_the_documented_wish_for_a_person(policy: Policy) -> None:
    state, cited = Conversation(), []
    for place, labels in enumerate([("human_handoff",), (), None, ()], 1):
        if labels is None:
            decision, state = decide(policy, agent(place, NOON + place * MINUTE), Analysis(), state)
        else:
            scores = tuple(IntentScore(label, 0.93, 0.5, True) for label in labels)
            found = Analysis(IntentAnalysis(scores), SlotAnalysis(), SentimentAnalysis(frustration=0.0))
            decision, state = decide(policy, customer(place, NOON + place * MINUTE), found, state)
        cited.append((decision.outcome, [reason.rule for reason in decision.reasons]))
    assert cited == [
        (Outcome.ESCALATED, [Rule.ALWAYS_ESCALATE, Rule.ROUTE]),
        (Outcome.ESCALATED, [Rule.STILL_ESCALATED, Rule.NO_INTENT]),
        (Outcome.RECORDED, [Rule.AGENT_MESSAGE]),
        (Outcome.ROUTED, [Rule.NO_INTENT, Rule.RELEASED]),
    ]
