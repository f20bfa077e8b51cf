"""Which override wins: tenant, customer_tier, intent, queue, language, channel, value by value."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from services.router.thresholds import effective, fits, strength
from shared.domain.decision import Priority
from shared.domain.policy import Escalation, EscalationChange, Override, Scope
from shared.domain.ticket import Channel
from tests.unit.services.router.situations import ESCALATION, POLICY, customer

MESSAGE = customer(1, customer_tier="gold", channel=Channel.EMAIL)
IN_ORDER = [
    Scope(tenant="acme"),
    Scope(customer_tier="gold"),
    Scope(intent="praise"),
    Scope(queue="orders"),
    Scope(language="en"),
    Scope(channel="email"),
]


def under(*overrides: tuple[Scope, EscalationChange]) -> Escalation:
    policy = replace(POLICY, overrides=tuple(Override(when, change) for when, change in overrides))
    return effective(policy, MESSAGE, "orders", ("order_status", "praise"))


def test_without_an_override_the_policys_own_values_hold() -> None:
    assert under() is ESCALATION
    assert under((Scope(tenant="other"), EscalationChange(escalate_at=0.1))) is ESCALATION


@pytest.mark.parametrize(("stronger", "weaker"), list(pairwise(IN_ORDER)))
def test_the_stronger_scope_wins_wherever_it_stands(stronger: Scope, weaker: Scope) -> None:
    strong, weak = EscalationChange(escalate_at=0.9), EscalationChange(escalate_at=0.8)
    assert under((stronger, strong), (weaker, weak)).escalate_at == 0.9
    assert under((weaker, weak), (stronger, strong)).escalate_at == 0.9


@pytest.mark.parametrize("place", range(5))
def test_one_stronger_field_beats_all_weaker_together(place: int) -> None:
    rest = Scope(
        **{name: "x" for scope in IN_ORDER[place + 1 :] for name in Scope.__slots__ if getattr(scope, name)}
    )
    assert strength(IN_ORDER[place]) > strength(rest) > 0


def test_the_stronger_wins_value_by_value() -> None:
    rules = under(
        (Scope(customer_tier="gold"), EscalationChange(escalate_at=0.4, priority=Priority.URGENT)),
        (Scope(language="en"), EscalationChange(escalate_at=0.5, queue="people-en")),
    )
    assert (rules.escalate_at, rules.priority, rules.queue) == (0.4, Priority.URGENT, "people-en")
    assert rules.cooldown == ESCALATION.cooldown


def test_of_equally_strong_scopes_the_later_wins() -> None:
    first = (Scope(intent="praise"), EscalationChange(carry=0.1))
    second = (Scope(intent="order_status"), EscalationChange(carry=0.2))
    assert under(first, second).carry == 0.2
    assert under(second, first).carry == 0.1


def test_every_field_of_a_scope_must_agree() -> None:
    both = Scope(customer_tier="gold", channel="chat")
    assert not fits(both, MESSAGE, "orders", ())
    assert fits(replace(both, channel="email"), MESSAGE, "orders", ())
    assert not fits(Scope(intent="refund_request"), MESSAGE, "orders", ("praise",))
    assert not fits(Scope(queue="returns"), MESSAGE, "orders", ())


def test_release_never_lies_above_escalation() -> None:
    rules = under((Scope(tenant="acme"), EscalationChange(escalate_at=0.2)))
    assert (rules.escalate_at, rules.release_at) == (0.2, 0.2)
