"""The sentences of a conversation that mattered most; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.analysis import Evidence
from shared.domain.decision import TicketEntry

MOST_SENTENCES = 5


@dataclass(frozen=True, slots=True, order=True)
class _Sentence:
    """A sentence with what it is ranked by, strongest last: frustration of its message, its share of that, age."""

    frustration: float
    share: float
    sequence: int
    text: str


def key_sentences(entries: Sequence[TicketEntry], most: int = MOST_SENTENCES) -> tuple[str, ...]:
    """The sentences that evidence points to, as written, each once, strongest first, at most ``most``.

    Evidence comes from the sentiment parts and from the reasons of the decisions. A sentence is as
    strong as the frustration of its message, then as its share of it; of equals the newer comes
    first. (Frustration times share would put the one sentence of a mildly annoyed message before
    any of several furious ones.)
    """
    found = sorted((sentence for entry in entries for sentence in _sentences(entry)), reverse=True)
    return tuple(dict.fromkeys(sentence.text for sentence in found))[:most]


def _sentences(entry: TicketEntry) -> Iterator[_Sentence]:
    sentiment = entry.analysis.sentiment
    frustration = sentiment.frustration if sentiment else 0.0
    for evidence in _evidence(entry):
        text = entry.message.text[max(0, evidence.start) : max(0, evidence.end)].strip()
        if text:
            yield _Sentence(frustration, evidence.share, entry.message.sequence, text)


def _evidence(entry: TicketEntry) -> Iterator[Evidence]:
    if entry.analysis.sentiment and entry.analysis.sentiment.evidence:
        yield entry.analysis.sentiment.evidence
    for reason in entry.decision.reasons if entry.decision else ():
        if reason.evidence:
            yield reason.evidence
