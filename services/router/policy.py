"""Reads a policy document: what support leads tune, as YAML, strict and with all its problems at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from services.router.policy_checks import check
from services.router.thresholds import CHANGEABLE
from shared.document import Fields, compose
from shared.document_problems import DocumentError, Report
from shared.domain.decision import Priority
from shared.domain.policy import (
    DEFAULT_HOLD,
    AlwaysEscalate,
    Escalation,
    EscalationChange,
    Override,
    Policy,
    Review,
    Route,
    Scope,
)
from shared.domain.ticket import Channel
from shared.errors import PolicyError

MAX_OVERRIDES = 200
MOST_MESSAGES = 100

_NAME = r"[a-z0-9][a-z0-9_-]{0,62}"
_VERSION = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_LANGUAGE = r"[a-z]{2}|mul|und"


class PolicyDocumentError(DocumentError, PolicyError):
    """A policy document with all its problems."""


def load_policy(text: str, intents: Collection[str], source: str = "policy") -> Policy:
    """Parse and check a policy document.

    Args:
        text: the YAML document.
        intents: the labels of the pack's taxonomy; each must have a route.
        source: file name or other origin, which errors begin with.

    Returns:
        The policy. Its version is the document's, followed by ``+`` and the first eight digits of
        the SHA-256 of the text: an edit that forgets to raise the version still gets a name of its
        own, so that a decision cites exactly one document.

    Raises:
        PolicyDocumentError: a PolicyError with every problem, each with its line and what mends it.
    """
    report = Report(source, PolicyDocumentError)
    document = Fields(report, "", compose(text, report))
    policy = Policy(
        version=f"{document.text('version', _VERSION, 'commerce-1')}+{_digest(text)}",
        escalation=_escalation(document.fields("escalation")),
        always_escalate=tuple(map(_always_escalate, document.each("always_escalate", required=False))),
        review=_review(document.fields("review")),
        routes=tuple(map(_route, document.each("routes"))),
        no_intent=_no_intent(document.fields("no_intent")),
        overrides=tuple(map(_override, document.each("overrides", required=False))),
    )
    document.close()
    if len(policy.overrides) > MAX_OVERRIDES:
        report.add(
            "overrides", f"has {len(policy.overrides)} entries", f"keep to {MAX_OVERRIDES}; join some scopes"
        )
    else:
        check(policy, intents, report)
    report.finish()
    return policy


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _queue(fields: Fields) -> str:
    return fields.text("queue", _NAME, "billing (lower-case letters, digits, - and _)")


def _priority(fields: Fields) -> Priority:
    return fields.choice("priority", Priority) or Priority.NORMAL


def _escalation(fields: Fields) -> Escalation:
    values = Escalation(
        escalate_at=fields.fraction("escalate_at"),
        release_at=fields.fraction("release_at"),
        cooldown=fields.duration("cooldown"),
        minimum_messages=fields.count("minimum_messages", MOST_MESSAGES),
        carry=fields.fraction("carry"),
        half_life=fields.duration("half_life", least=1.0),
        queue=_queue(fields),
        priority=_priority(fields),
    )
    fields.close()
    return values


def _always_escalate(fields: Fields) -> AlwaysEscalate:
    rule = AlwaysEscalate(
        intent=fields.text("intent", _NAME, "human_handoff"),
        min_probability=fields.fraction("min_probability"),
        hold=fields.duration("hold", default=DEFAULT_HOLD),
        reply_ends_hold=fields.flag("reply_ends_hold", default=False),
    )
    fields.close()
    return rule


def _review(fields: Fields) -> Review:
    languages = fields.fields("by_language", required=False)
    review = Review(
        queue=_queue(fields),
        priority=_priority(fields),
        by_language=tuple(
            (name, languages.text(name, _NAME, f"review-{name}"))
            for name in languages.names_like(_LANGUAGE, "de")
        ),
    )
    fields.close()
    return review


def _route(fields: Fields) -> Route:
    route = Route(fields.texts("intents"), _queue(fields), _priority(fields))
    fields.close()
    return route


def _no_intent(fields: Fields) -> Route:
    route = Route((), _queue(fields), _priority(fields))
    fields.close()
    return route


def _override(fields: Fields) -> Override:
    override = Override(_scope(fields.fields("when")), _change(fields.fields("set")))
    fields.close()
    return override


def _scope(fields: Fields) -> Scope:
    channel = fields.choice("channel", Channel, leave_out=(Channel.UNSPECIFIED,), required=False)
    scope = Scope(
        tenant=fields.text("tenant", _NAME, "acme", default=""),
        customer_tier=fields.text("customer_tier", _NAME, "gold", default=""),
        intent=fields.text("intent", _NAME, "refund_request", default=""),
        queue=fields.text("queue", _NAME, "billing", default=""),
        language=fields.text("language", _LANGUAGE, "de", default=""),
        channel="" if channel is None else channel.value,
    )
    fields.close()
    return scope


def _change(fields: Fields) -> EscalationChange:
    fields.allow(*CHANGEABLE)
    change = EscalationChange(
        escalate_at=fields.fraction("escalate_at") if "escalate_at" in fields else None,
        release_at=fields.fraction("release_at") if "release_at" in fields else None,
        cooldown=fields.duration("cooldown") if "cooldown" in fields else None,
        minimum_messages=fields.count("minimum_messages", MOST_MESSAGES)
        if "minimum_messages" in fields
        else None,
        carry=fields.fraction("carry") if "carry" in fields else None,
        half_life=fields.duration("half_life", least=1.0) if "half_life" in fields else None,
        queue=_queue(fields) if "queue" in fields else None,
        priority=fields.choice("priority", Priority, required=False),
    )
    fields.close()
    return change
