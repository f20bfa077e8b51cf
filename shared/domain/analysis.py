"""What the three analysis services say of one message.

Offsets count Unicode code points of the original text, end exclusive.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """The three parts of an analysis; a message is fully analysed when all have landed."""

    INTENT = "intent"
    SLOTS = "slots"
    SENTIMENT = "sentiment"


class SlotSource(StrEnum):
    """What found a slot."""

    TAGGER = "tagger"
    PATTERN = "pattern"
    GAZETTEER = "gazetteer"


class Sentiment(StrEnum):
    """Five levels, worst first."""

    VERY_NEGATIVE = "very_negative"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    VERY_POSITIVE = "very_positive"


@dataclass(frozen=True, slots=True)
class Abstention:
    """Why a service gave no answer; ``reason`` is a stable token such as ``unsupported_language``.

    Reasons in use: ``unsupported_language`` (no model of the pack serves it), ``low_confidence``
    (below the model's review threshold), ``missing`` (the part did not land in time) and
    ``failed`` (dead-lettered).
    """

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class IntentScore:
    """A label with its calibrated probability; ``accepted`` where it reaches the label's threshold."""

    label: str
    probability: float
    threshold: float
    accepted: bool


@dataclass(frozen=True, slots=True)
class IntentAnalysis:
    """Intents of a message, most probable first: the accepted ones and runners-up above 0.05.

    An empty accepted set without an abstention means that the model is sure that no intent of
    the taxonomy applies (thanks, chit-chat).
    """

    intents: tuple[IntentScore, ...] = ()
    abstention: Abstention | None = None
    model: str = ""

    @property
    def accepted(self) -> tuple[IntentScore, ...]:
        return tuple(score for score in self.intents if score.accepted)


@dataclass(frozen=True, slots=True)
class Slot:
    """A span of the text with its type and normalised value.

    ``text`` equals ``message.text[start:end]``. ``value`` is the canonical form (ISO 8601 date,
    E.164 phone, ``12.50 EUR`` …) or the text itself where the type has none. ``confidence`` is
    in [0, 1].
    """

    type: str
    text: str
    start: int
    end: int
    value: str
    confidence: float
    source: SlotSource


@dataclass(frozen=True, slots=True)
class SlotAnalysis:
    """Slots of a message in the order of their offsets; they never overlap."""

    slots: tuple[Slot, ...] = ()
    abstention: Abstention | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentence that carries most of the frustration, by offsets; ``share`` in [0, 1]."""

    start: int
    end: int
    share: float


@dataclass(frozen=True, slots=True)
class SentimentAnalysis:
    """Sentiment level with its probability and the message's own frustration in [0, 1]."""

    sentiment: Sentiment = Sentiment.NEUTRAL
    sentiment_probability: float = 0.0
    frustration: float = 0.0
    evidence: Evidence | None = None
    abstention: Abstention | None = None
    model: str = ""


FAILED = "failed"
"""Reason of the abstention that stands in for a part whose analysis was given up."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """The parts that have landed; one that has not is None."""

    intent: IntentAnalysis | None = None
    slots: SlotAnalysis | None = None
    sentiment: SentimentAnalysis | None = None

    @property
    def complete(self) -> bool:
        return not self.missing

    @property
    def missing(self) -> tuple[Part, ...]:
        """Parts that say nothing, because they have not landed or were given up."""
        landed = ((Part.INTENT, self.intent), (Part.SLOTS, self.slots), (Part.SENTIMENT, self.sentiment))
        return tuple(
            part
            for part, value in landed
            if value is None or (value.abstention is not None and value.abstention.reason == FAILED)
        )
