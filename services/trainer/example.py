"""One labelled text, whatever set it was read from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlotSpan:
    """A labelled slot: type of the taxonomy and code-point offsets, end exclusive."""

    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SentenceSpan:
    """A sentence by code-point offsets, end exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """A text with the labels that its source gives; a label that is None is not trained on.

    ``intents`` may be empty (no intent applies). ``negatives`` names intents known NOT to apply;
    where ``intents`` is given and ``negatives`` is None, all others are negative. ``frustration``
    is on the rubric's scale 0-4 (fractions allowed), ``sentiment`` one of the five levels.
    ``key_sentences`` are the sentences that carry the frustration, the best first; empty where nobody
    has said.
    ``weight`` scales the example's loss.
    """

    text: str
    source: str
    intents: tuple[str, ...] | None = None
    negatives: tuple[str, ...] | None = None
    slots: tuple[SlotSpan, ...] | None = None
    sentiment: str | None = None
    frustration: float | None = None
    key_sentences: tuple[SentenceSpan, ...] = ()
    language: str = "en"
    weight: float = 1.0
