"""Which escalation values hold for a message: the policy's own, changed by the overrides that fit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from shared.domain.policy import Escalation, EscalationChange, Override, Policy, Scope
from shared.domain.ticket import Message

CHANGEABLE = tuple(EscalationChange.__dataclass_fields__)
"""Names of the values that an override can set, which are those of `Escalation`."""


def strength(scope: Scope) -> int:
    """How specific a scope is, 0 to 63; the weights are those that `Scope` states.

    Each weight exceeds the sum of the weaker ones, so one stronger field beats all weaker together.
    """
    return (
        32 * bool(scope.tenant)
        + 16 * bool(scope.customer_tier)
        + 8 * bool(scope.intent)
        + 4 * bool(scope.queue)
        + 2 * bool(scope.language)
        + bool(scope.channel)
    )


def fits(scope: Scope, message: Message, queue: str, intents: Collection[str]) -> bool:
    """Whether a message is in a scope: every field that the scope names must agree."""
    return (
        (not scope.tenant or scope.tenant == message.key.tenant)
        and (not scope.customer_tier or scope.customer_tier == message.customer_tier)
        and (not scope.intent or scope.intent in intents)
        and (not scope.queue or scope.queue == queue)
        and (not scope.language or scope.language == message.language)
        and (not scope.channel or scope.channel == message.channel)
    )


def overlaid(base: Escalation, overrides: Collection[Override]) -> Escalation:
    """`base` with the values of overrides given in the order of the document, the stronger scope winning.

    Values are taken one by one: an override that sets the threshold alone leaves the queue to a
    weaker one.
    """
    values: dict[str, Any] = {}
    for override in sorted(overrides, key=lambda each: strength(each.when)):
        for name in CHANGEABLE:
            value = getattr(override.set, name)
            if value is not None:
                values[name] = value
    return replace(base, **values) if values else base


def effective(policy: Policy, message: Message, queue: str, intents: Collection[str]) -> Escalation:
    """The escalation values that hold for one message.

    `queue` is where it would be routed or put for review, `intents` are its accepted labels. The
    release threshold never lies above the escalation threshold, whatever is overlaid: a checked
    policy cannot get there, one built by code could.
    """
    fitting = [each for each in policy.overrides if fits(each.when, message, queue, intents)]
    rules = overlaid(policy.escalation, fitting)
    return replace(rules, release_at=rules.escalate_at) if rules.release_at > rules.escalate_at else rules
