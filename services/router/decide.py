"""Where a message goes: the only place where that is decided.

Pure functions without clock or I/O; the live router, previews and simulations all call them, so the
same policy, message, analysis and conversation give the same decision bit for bit.
"""

from __future__ import annotations

from dataclasses import replace

from services.router.conversation import answered, caught_up, heard, judged, kept_escalation, merge_revision
from services.router.routing import calls, heard_sentiment, ranked, review_queue, route, silence
from services.router.thresholds import effective
from shared.domain.analysis import Analysis, Part
from shared.domain.decision import Conversation, Decision, Outcome, Priority, Reason, Rule
from shared.domain.policy import Escalation, Policy
from shared.domain.ticket import Author, Message

_ESCALATING = frozenset({Rule.ALWAYS_ESCALATE, Rule.FRUSTRATION_LEVEL})


def decide(
    policy: Policy, message: Message, analysis: Analysis, conversation: Conversation
) -> tuple[Decision, Conversation]:
    """Decides a message for the first time.

    A person first: always-escalate intents, then the frustration level with its hysteresis. Else
    review where the intents are not known, else the route of the intents. An agent's message is
    recorded; it moves no level and ends no escalation, but may end a hold.

    Args:
        policy: the rules; the decision cites its version.
        message: with its sequence given.
        analysis: the parts that have landed. The decision is partial where one is missing.
        conversation: the state before this message.

    Returns:
        The decision (revision 1) and the state of the conversation after it.
    """
    if message.author is Author.AGENT:
        return _recorded(policy, message, conversation)
    decision, state, _ = _decided(policy, message, analysis, conversation)
    return decision, state


def revise(
    policy: Policy,
    message: Message,
    analysis: Analysis,
    before: Conversation,
    current: Conversation,
    earlier: Decision,
) -> tuple[Decision, Conversation]:
    """Decides a message again, because a part landed after the decision.

    An escalation is never withdrawn: where only the earlier decision escalates, the revision says
    so by `Rule.ESCALATION_KEPT`, and the next message may release the conversation.

    Args:
        policy: the rules of now, which may be newer than those of the earlier decision.
        message: the same message.
        analysis: with the late part.
        before: the conversation before the message, as for the earlier decision.
        current: the conversation as it stands; later messages may have been decided since.
        earlier: the decision that is replaced.

    Returns:
        The decision (one revision up) and the new state of the conversation. Where the message is the
        latest: as if decided from `before`, with what late parts of earlier messages have added since.
        Else `current` with what the late part adds; where that lifts the level of today over the
        threshold, this decision escalates the conversation, since no other would.
    """
    if message.author is Author.AGENT:
        decision, state = _recorded(policy, message, current)
        return replace(decision, revision=earlier.revision + 1), state
    sentiment = heard_sentiment(analysis)
    heard_then = sentiment is not None and Part.SENTIMENT.value not in earlier.missing_parts
    latest = current.decided_sequence <= message.sequence
    floor = 0.0
    if latest:
        before = caught_up(before, current, heard_then=heard_then)
        if heard_then and current.level > earlier.level_after:
            floor = current.level  # a late part of an earlier message has raised it since
    decision, revised, rules = _decided(policy, message, analysis, before, floor)
    decision = replace(decision, revision=earlier.revision + 1)
    if earlier.outcome is Outcome.ESCALATED:
        decision = _kept(decision, earlier, policy)
    if latest:
        return decision, kept_escalation(revised, current)
    state = current
    if sentiment is not None and not heard_then:
        state = merge_revision(current, before, revised, rules)
    known = {(reason.rule, reason.subject) for reason in earlier.reasons}
    if any(each.rule in _ESCALATING and (each.rule, each.subject) not in known for each in decision.reasons):
        state = kept_escalation(state, revised)
    elif state.level > current.level and not state.escalated:
        state, why = judged(state, rules, sentiment, (), state.updated_at_ms)
        if state.escalated:
            decision = _escalated(decision, rules, why)
    return decision, state


def give_up(
    policy: Policy,
    message: Message,
    analysis: Analysis,
    conversation: Conversation,
    revision: int,
    earlier: Decision | None = None,
) -> tuple[Decision, Conversation]:
    """Decides a message that could not be decided, so that nothing waits for it: review, by a person.

    For dead letters: it reads plain fields only, because whatever failed in `decide` must not fail
    here again. The level and the state of the conversation stay as they are.

    Args:
        revision: number of the decision, 1 for a message without one.
        earlier: the decision that is replaced, if any; if it escalates, so does this one.
    """
    if message.author is Author.AGENT:
        decision, state = _recorded(policy, message, conversation)
        return replace(decision, revision=revision), state
    decision = Decision(
        key=message.key,
        sequence=message.sequence,
        outcome=Outcome.REVIEW,
        queue=review_queue(policy.review, message.language),
        priority=policy.review.priority,
        reasons=(Reason(Rule.DEAD_LETTER),),
        level_before=conversation.level,
        level_after=conversation.level,
        policy_version=policy.version,
        revision=revision,
        partial=True,
        missing_parts=tuple(part.value for part in analysis.missing),
        models=_models(analysis),
    )
    if earlier is not None and earlier.outcome is Outcome.ESCALATED:
        decision = _kept(decision, earlier, policy)
    return decision, _advanced(conversation, message)


def _decided(
    policy: Policy, message: Message, analysis: Analysis, conversation: Conversation, floor: float = 0.0
) -> tuple[Decision, Conversation, Escalation]:
    """A customer's message: the decision, the state after it, and the values that held for it.

    The level does not fall below `floor`.
    """
    scores = ranked(analysis)
    routing = route(policy, analysis, scores, message.language)
    rules = effective(policy, message, routing.queue, routing.intents)
    sentiment = heard_sentiment(analysis)
    state = heard(conversation, rules, sentiment, message)
    if state.level < floor:
        state = replace(state, level=floor)
    state, why = judged(state, rules, sentiment, calls(policy, scores), message.sent_at_ms)

    unheard = silence(analysis, message.language)
    reasons = (*why, routing.reason) if state.escalated else (routing.reason, *why)
    if unheard is not None and unheard not in reasons:
        reasons = (*reasons, unheard)
    missing = () if analysis.complete else analysis.missing
    decision = Decision(
        key=message.key,
        sequence=message.sequence,
        outcome=Outcome.ESCALATED if state.escalated else routing.outcome,
        queue=rules.queue if state.escalated else routing.queue,
        priority=_higher(rules.priority, routing.priority) if state.escalated else routing.priority,
        reasons=reasons,
        level_before=conversation.level,
        level_after=state.level,
        policy_version=policy.version,
        partial=bool(missing),
        missing_parts=tuple(part.value for part in missing),
        models=_models(analysis),
        intents=routing.intents,
    )
    return decision, state, rules


def _recorded(policy: Policy, message: Message, conversation: Conversation) -> tuple[Decision, Conversation]:
    """The decision on an agent's message: context that goes nowhere."""
    decision = Decision(
        key=message.key,
        sequence=message.sequence,
        outcome=Outcome.RECORDED,
        queue="",
        priority=Priority.LOW,
        reasons=(Reason(Rule.AGENT_MESSAGE),),
        level_before=conversation.level,
        level_after=conversation.level,
        policy_version=policy.version,
    )
    return decision, _advanced(answered(conversation, policy.always_escalate), message)


def _advanced(conversation: Conversation, message: Message) -> Conversation:
    """The same state, with the message counted as decided."""
    return replace(conversation, decided_sequence=max(conversation.decided_sequence, message.sequence))


def _kept(decision: Decision, earlier: Decision, policy: Policy) -> Decision:
    """A revision that is at least as much an escalation as the decision it replaces."""
    priority = _higher(decision.priority, earlier.priority)
    if decision.outcome is Outcome.ESCALATED:
        return replace(decision, priority=priority)
    released = next((reason for reason in decision.reasons if reason.rule is Rule.RELEASED), None)
    threshold = policy.escalation.release_at if released is None else released.threshold
    subject = ""
    for cause in earlier.reasons[:1]:
        subject = cause.subject if cause.rule is Rule.ESCALATION_KEPT else cause.rule.value
    first = Reason(Rule.ESCALATION_KEPT, subject, decision.level_after, threshold)
    others = tuple(reason for reason in decision.reasons if reason is not released)
    return replace(
        decision,
        outcome=Outcome.ESCALATED,
        queue=earlier.queue,
        priority=priority,
        reasons=(first, *others),
    )


def _escalated(decision: Decision, rules: Escalation, why: tuple[Reason, ...]) -> Decision:
    """A decision turned into an escalation."""
    return replace(
        decision,
        outcome=Outcome.ESCALATED,
        queue=rules.queue,
        priority=_higher(rules.priority, decision.priority),
        reasons=(*why, *decision.reasons),
    )


def _higher(one: Priority, other: Priority) -> Priority:
    return one if one.rank >= other.rank else other


def _models(analysis: Analysis) -> tuple[str, ...]:
    """The models that had a say, by part."""
    parts = (analysis.intent, analysis.slots, analysis.sentiment)
    return tuple(part.model for part in parts if part is not None and part.model)
