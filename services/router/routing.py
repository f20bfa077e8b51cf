"""Where a message belongs by what it says: a queue for its intents, or review where they are not known.

Whether a person must take over at once is not asked here, see `conversation`.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.analysis import Abstention, Analysis, IntentScore, Part, SentimentAnalysis
from shared.domain.decision import Outcome, Priority, Reason, Rule
from shared.domain.policy import AlwaysEscalate, Policy, Review

UNSUPPORTED_LANGUAGE = "unsupported_language"
LOW_CONFIDENCE = "low_confidence"


@dataclass(frozen=True, slots=True)
class Routing:
    """A place for a message; `outcome` is ROUTED or REVIEW, `intents` the accepted labels."""

    outcome: Outcome
    queue: str
    priority: Priority
    intents: tuple[str, ...]
    reason: Reason


@dataclass(frozen=True, slots=True)
class Call:
    """An always-escalate rule that a message fulfils, with the probability that did it."""

    rule: AlwaysEscalate
    probability: float


def ranked(analysis: Analysis) -> tuple[IntentScore, ...]:
    """The intents' scores, most probable first and by label at equal probability.

    Empty where there is no intent part, or where the model does not know the language: its scores
    mean nothing then.
    """
    part = analysis.intent
    if part is None or (part.abstention is not None and part.abstention.reason == UNSUPPORTED_LANGUAGE):
        return ()
    return tuple(sorted(part.intents, key=lambda score: (-score.probability, score.label)))


def heard_sentiment(analysis: Analysis) -> SentimentAnalysis | None:
    """The sentiment part where it says something, that is neither missing nor an abstention."""
    part = analysis.sentiment
    return None if part is None or part.abstention is not None else part


def review_queue(review: Review, language: str) -> str:
    """The review queue of the people who read a language (ISO 639-1)."""
    for code, queue in review.by_language:
        if code == language:
            return queue
    return review.queue


def route(policy: Policy, analysis: Analysis, scores: tuple[IntentScore, ...], language: str) -> Routing:
    """The place for a message.

    `scores` are those of `ranked`. Of several accepted intents the one whose route has the highest
    priority decides, at equal priority the earlier route of the policy, within a route the most
    probable intent. Without an answer of the intent model the message is put for review.
    """
    accepted = tuple(score for score in scores if score.accepted)
    intents = tuple(score.label for score in accepted)
    part = analysis.intent
    if part is None or part.abstention is not None:
        reason = _unknown(Part.INTENT, None if part is None else part.abstention, language, scores)
        queue = review_queue(policy.review, language)
        return Routing(Outcome.REVIEW, queue, policy.review.priority, intents, reason)
    chosen, deciding = policy.no_intent, None
    for candidate in policy.routes:
        if deciding is not None and candidate.priority.rank <= chosen.priority.rank:
            continue
        for score in accepted:
            if score.label in candidate.intents:
                chosen, deciding = candidate, score
                break
    reason = _scored(Rule.NO_INTENT, scores[:1]) if deciding is None else _scored(Rule.ROUTE, (deciding,))
    return Routing(Outcome.ROUTED, chosen.queue, chosen.priority, intents, reason)


def calls(policy: Policy, scores: tuple[IntentScore, ...]) -> tuple[Call, ...]:
    """The always-escalate rules that the message fulfils, in the order of the policy."""
    return tuple(
        Call(rule, score.probability)
        for rule in policy.always_escalate
        for score in scores
        if score.label == rule.intent and score.probability >= rule.min_probability
    )


def silence(analysis: Analysis, language: str) -> Reason | None:
    """Why the frustration of a message is not known; None where it is."""
    if heard_sentiment(analysis) is not None:
        return None
    part = analysis.sentiment
    return _unknown(Part.SENTIMENT, None if part is None else part.abstention, language, ())


def _unknown(
    part: Part, abstention: Abstention | None, language: str, scores: tuple[IntentScore, ...]
) -> Reason:
    """The reason that stands for a part without an answer; a failed part counts as missing."""
    if abstention is not None and abstention.reason == UNSUPPORTED_LANGUAGE:
        return Reason(Rule.UNSUPPORTED_LANGUAGE, language)
    if abstention is not None and abstention.reason == LOW_CONFIDENCE:
        return _scored(Rule.LOW_CONFIDENCE, scores[:1]) if scores else Reason(Rule.LOW_CONFIDENCE, part.value)
    return Reason(Rule.MISSING_PART, part.value)


def _scored(rule: Rule, scores: tuple[IntentScore, ...]) -> Reason:
    """A reason about the first of some scores, with its probability against the label's threshold."""
    for score in scores:
        return Reason(rule, score.label, score.probability, score.threshold)
    return Reason(rule)
