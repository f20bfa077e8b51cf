"""Contradictions between the parts of a policy: each is reported where a lead would mend it."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

from services.router.thresholds import CHANGEABLE, overlaid
from shared.document_problems import Report, suggestion
from shared.domain.policy import EscalationChange, Override, Policy, Scope


def check(policy: Policy, intents: Collection[str], report: Report) -> None:
    """Report what contradicts itself or the taxonomy; fields that are broken already are left out."""
    _known_intents(policy, intents, report)
    _routes(policy, intents, report)
    _always_escalate(policy, report)
    _scopes(policy, report)
    _thresholds(policy, report)


def _known_intents(policy: Policy, intents: Collection[str], report: Report) -> None:
    named = [
        (f"routes[{i}].intents[{j}]", intent)
        for i, route in enumerate(policy.routes)
        for j, intent in enumerate(route.intents)
    ]
    named += [(f"always_escalate[{i}].intent", rule.intent) for i, rule in enumerate(policy.always_escalate)]
    named += [(f"overrides[{i}].when.intent", each.when.intent) for i, each in enumerate(policy.overrides)]
    for path, intent in named:
        if intent and intent not in intents and report.sound(path):
            mend = suggestion(intent, intents) or "write one of the taxonomy's intents"
            report.add(path, f"{intent!r} is not an intent of the taxonomy", mend)


def _routes(policy: Policy, intents: Collection[str], report: Report) -> None:
    """Each intent has exactly one route. A misspelt one is not called missing as well."""
    readable = all(report.sound(f"routes[{i}].intents") for i in range(len(policy.routes)))
    places: dict[str, str] = {}
    for i, route in enumerate(policy.routes):
        if not route.intents and report.sound(f"routes[{i}].intents"):
            report.add(
                f"routes[{i}].intents", "is empty, so nothing takes this route", "name intents, or remove it"
            )
        for j, intent in enumerate(route.intents):
            path = f"routes[{i}].intents[{j}]"
            if intent and intent in places:
                report.add(path, f"{intent!r} has a route already at {places[intent]}", "keep one of the two")
            places.setdefault(intent, path)
    missing = [intent for intent in intents if intent not in places]
    if missing and readable and places:
        report.add("routes", f"no route for {', '.join(missing)}", "add each to the intents of a route")


def _always_escalate(policy: Policy, report: Report) -> None:
    places: dict[str, str] = {}
    for i, rule in enumerate(policy.always_escalate):
        path = f"always_escalate[{i}].intent"
        if rule.intent and rule.intent in places:
            report.add(
                path, f"{rule.intent!r} is listed already at {places[rule.intent]}", "keep one of the two"
            )
        places.setdefault(rule.intent, path)


def _scopes(policy: Policy, report: Report) -> None:
    """Overrides that no message can meet, or that say nothing, or that another one replaces."""
    queues = sorted(routing_queues(policy))
    places: dict[Scope, str] = {}
    for i, override in enumerate(policy.overrides):
        path = f"overrides[{i}]"
        if not report.sound(path):
            continue
        queue = override.when.queue
        if queue and queue not in queues:
            mend = suggestion(queue, queues) or f"write one of {', '.join(queues)}"
            report.add(f"{path}.when.queue", f"no message is routed to {queue!r} or reviewed there", mend)
        if override.when == Scope():
            report.add(f"{path}.when", "is empty", "name a scope, or change 'escalation' itself")
        elif override.when in places:
            report.add(
                f"{path}.when", f"is the scope of {places[override.when]} too", "join the two overrides"
            )
        places.setdefault(override.when, path)
        if all(getattr(override.set, name) is None for name in CHANGEABLE):
            report.add(f"{path}.set", "is empty", "set a value, or remove the override")


def routing_queues(policy: Policy) -> frozenset[str]:
    """The queues that a message can be in before anybody asks for a person: routes and review."""
    named = [route.queue for route in (*policy.routes, policy.no_intent)]
    return frozenset([*named, policy.review.queue, *(queue for _, queue in policy.review.by_language)])


def _thresholds(policy: Policy, report: Report) -> None:
    """Release stays at or below escalation, in every combination of overrides that a message can meet.

    The two thresholds of a message come from at most two sources, so pairs of them are enough: a
    message that is in both scopes and in no further one gets the worst of the pair, unless an
    override that fits there too is stronger.
    """
    base = policy.escalation
    if not report.sound("escalation.escalate_at", "escalation.release_at"):
        return
    if base.release_at > base.escalate_at:
        problem = f"{base.release_at:g} is above escalate_at {base.escalate_at:g}"
        report.add("escalation.release_at", problem, "lower release_at or raise escalate_at")
        return
    sound = [(i, each) for i, each in enumerate(policy.overrides) if report.sound(f"overrides[{i}]")]
    entering = [(f"overrides[{i}]", each) for i, each in sound if each.set.escalate_at is not None]
    leaving = [(f"overrides[{i}]", each) for i, each in sound if each.set.release_at is not None]
    everyone = Override(Scope(), EscalationChange(escalate_at=base.escalate_at, release_at=base.release_at))
    for (enters, first), (leaves, second) in product(
        [("escalation", everyone), *entering], [("escalation", everyone), *leaving]
    ):
        escalate_at, release_at = first.set.escalate_at, second.set.release_at
        if escalate_at is None or release_at is None or release_at <= escalate_at:
            continue
        names = _named((first.when, second.when))
        if names is None:
            continue
        result = overlaid(base, [each for _, each in sound if _implied(each.when, names)])
        if (result.escalate_at, result.release_at) != (escalate_at, release_at):
            continue
        problem = f"release_at {release_at:g} of {leaves} is above escalate_at {escalate_at:g} of {enters}"
        path = f"{enters}.set.escalate_at" if second is everyone else f"{leaves}.set.release_at"
        report.add(path, f"{problem} for messages in both scopes", "set both values in the stronger override")


def _named(scopes: Collection[Scope]) -> dict[str, set[str]] | None:
    """What a message in all these scopes has, by field; None where there can be no such message.

    A message has one tenant, queue, language and so on, but it may have several intents.
    """
    names = {
        name: {value for scope in scopes if (value := getattr(scope, name))}
        for name in Scope.__dataclass_fields__
    }
    possible = all(len(values) <= 1 for name, values in names.items() if name != "intent")
    return names if possible else None


def _implied(scope: Scope, names: dict[str, set[str]]) -> bool:
    """Whether a message with just these names is in a scope."""
    return all(not (value := getattr(scope, name)) or value in values for name, values in names.items())
