"""Frustration of a conversation from message to message, and whether it is with a person.

Two states with hysteresis (a Schmitt trigger): a conversation goes to a person when its level reaches
`escalate_at` and comes back when it falls below `release_at`; in between nothing changes, so small
moves around one threshold never toggle it. Time is that of the messages: no clock is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from services.router.routing import Call
from shared.domain.analysis import SentimentAnalysis
from shared.domain.decision import Conversation, Reason, Rule
from shared.domain.policy import AlwaysEscalate, Escalation
from shared.domain.ticket import Message


def elapsed(earlier_ms: int, later_ms: int) -> float:
    """Seconds from one time to another (Unix milliseconds), 0 where the clock went back."""
    return max(0, later_ms - earlier_ms) / 1000.0


def faded(level: float, seconds: float, half_life: float) -> float:
    """What is left of a level in [0, 1] after some time: half of it after each `half_life` seconds."""
    if half_life <= 0.0:
        return level if seconds <= 0.0 else 0.0
    return level * math.exp2(-seconds / half_life)


def raised(frustration: float, carried: float) -> float:
    """Level in [0, 1] from a message's own frustration and what earlier messages carry over.

    It is ``f + (1 - f) * c`` with both inputs clamped to [0, 1] (NaN counts as 0), written as the
    complement ``1 - (1 - f) * (1 - c)``: each step of that rounds monotonically, so the result is
    exactly monotone in both, not just up to rounding. A first message keeps its own value exactly.
    """
    # The order matters: NaN compares false with everything, so max keeps its first argument.
    own, before = min(1.0, max(0.0, frustration)), min(1.0, max(0.0, carried))
    return own if before == 0.0 else max(own, before, 1.0 - (1.0 - own) * (1.0 - before))


def heard(
    before: Conversation, rules: Escalation, sentiment: SentimentAnalysis | None, message: Message
) -> Conversation:
    """The conversation with a customer's message counted and its level moved; its state not yet.

    The level is ``f + (1 - f) * carry * previous * 2^(-elapsed / half_life)``; it stays as it was,
    and as of when it was, where the message has no sentiment.
    """
    if sentiment is None:
        return replace(before, decided_sequence=message.sequence)
    at_ms = message.sent_at_ms
    carried = rules.carry * faded(before.level, elapsed(before.updated_at_ms, at_ms), rules.half_life)
    return replace(
        before,
        level=raised(sentiment.frustration, carried),
        updated_at_ms=max(before.updated_at_ms, at_ms),
        evidence_messages=before.evidence_messages + 1,
        decided_sequence=message.sequence,
    )


def judged(
    now: Conversation,
    rules: Escalation,
    sentiment: SentimentAnalysis | None,
    calls: Sequence[Call],
    at_ms: int,
) -> tuple[Conversation, tuple[Reason, ...]]:
    """Decides whether the conversation is with a person after a message, and says why.

    `now` is the conversation with the level of this message; `sentiment` is None where the message
    had none: then the level has not moved and moves nobody. `calls` are the always-escalate rules
    that the message fulfils; neither cooldown nor minimum evidence holds them back.

    Returns the conversation and the reasons: why it is with a person, or why it came back, or what
    kept a high level from escalating; none where there is nothing to say.
    """
    high = sentiment is not None and now.level >= rules.escalate_at
    evidence = None if sentiment is None else sentiment.evidence
    reasons = [
        Reason(Rule.ALWAYS_ESCALATE, call.rule.intent, call.probability, call.rule.min_probability)
        for call in calls
    ]
    if not now.escalated and not calls:
        if not high:
            return now, ()
        held_back = _held_back(now, rules, at_ms)
        if held_back is not None:
            return now, (replace(held_back, evidence=evidence),)
    if high:
        reasons.append(Reason(Rule.FRUSTRATION_LEVEL, "", now.level, rules.escalate_at, evidence))
    if not reasons:
        holding = now.held_by if at_ms < now.held_until_ms else ""
        if sentiment is not None and now.level < rules.release_at and not holding:
            back = replace(now, escalated=False, released_at_ms=at_ms, held_by="", held_until_ms=0)
            return back, (Reason(Rule.RELEASED, "", now.level, rules.release_at),)
        reasons.append(Reason(Rule.STILL_ESCALATED, holding, now.level, rules.release_at))
    if not now.escalated:
        now = replace(now, escalated=True, escalated_at_ms=at_ms)
    return _held(now, calls, at_ms), tuple(reasons)


def answered(now: Conversation, rules: Sequence[AlwaysEscalate]) -> Conversation:
    """The conversation after an agent's message: a hold that a reply settles is over.

    The level stays, and the conversation stays with people: the customer's next message may release it.
    """
    if any(rule.intent == now.held_by and rule.reply_ends_hold for rule in rules):
        return replace(now, held_by="", held_until_ms=0)
    return now


def caught_up(before: Conversation, current: Conversation, *, heard_then: bool) -> Conversation:
    """`before` the latest message, with what late parts of earlier messages have brought since.

    `current` is the state after the message was first decided, with or (`heard_then` is false) without
    a sentiment of its own: without one it left level and count as they were, so `current` has them.
    """
    if heard_then:
        return replace(before, evidence_messages=current.evidence_messages - 1)
    return replace(
        before,
        level=current.level,
        updated_at_ms=current.updated_at_ms,
        evidence_messages=current.evidence_messages,
    )


def merge_revision(
    current: Conversation, before: Conversation, revised: Conversation, rules: Escalation
) -> Conversation:
    """The state of a conversation that hears, after its successors, how an earlier message felt.

    `current` is the state after the last message, `before` and `revised` those right before and after
    the late one. A level is ``1 - (1 - f) * (1 - c)`` with c what the messages before carry over (see
    `raised`), so the late message changes the level of its one successor by the ratio of ``1 - c`` with
    it to ``1 - c`` without it. Of several successors what is stored tells only a lower bound: what the
    late message leaves today, since frustration of their own only adds. The level never falls.
    """
    successors = max(0, current.evidence_messages - before.evidence_messages)
    share = rules.carry**successors

    def carried(state: Conversation) -> float:
        passed = elapsed(state.updated_at_ms, current.updated_at_ms)
        return share * faded(state.level, passed, rules.half_life)

    without, with_it = carried(before), carried(revised)
    level = max(current.level, with_it) if with_it > without else current.level
    if successors <= 1 and with_it > without:
        level = max(level, 1.0 - (1.0 - current.level) * (1.0 - with_it) / (1.0 - without))
    return replace(
        current,
        level=min(1.0, level),
        updated_at_ms=max(current.updated_at_ms, revised.updated_at_ms),
        evidence_messages=current.evidence_messages + 1,
    )


def kept_escalation(state: Conversation, other: Conversation) -> Conversation:
    """`state`, with a person if either is, and held for the longer of both holds."""
    if other.escalated and not state.escalated:
        state = replace(
            state,
            escalated=True,
            escalated_at_ms=other.escalated_at_ms,
            released_at_ms=other.released_at_ms,
        )
    if other.held_until_ms > state.held_until_ms:
        state = replace(state, held_by=other.held_by, held_until_ms=other.held_until_ms)
    return state


def _held_back(now: Conversation, rules: Escalation, at_ms: int) -> Reason | None:
    """What keeps a level above the threshold from escalating: too little heard, or the cooldown."""
    if now.evidence_messages < rules.minimum_messages:
        return Reason(Rule.MINIMUM_EVIDENCE, "", float(now.evidence_messages), float(rules.minimum_messages))
    since = elapsed(now.released_at_ms, at_ms)
    if now.released_at_ms and since < rules.cooldown:
        return Reason(Rule.COOLDOWN, "", since, rules.cooldown)
    return None


def _held(now: Conversation, calls: Sequence[Call], at_ms: int) -> Conversation:
    """The conversation held by the call that holds longest, if longer than before."""
    for call in calls:
        until = at_ms + round(call.rule.hold * 1000)
        if until > now.held_until_ms and call.rule.hold > 0:
            now = replace(now, held_by=call.rule.intent, held_until_ms=until)
    return now
