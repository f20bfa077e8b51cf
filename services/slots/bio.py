"""BIO labels (Ramshaw and Marcus 1995) of sub-word tokens decoded to spans on word boundaries.

Each word takes the type that its tokens give most probability together, B and I alike, so that a
doubtful piece in the middle of "kx-88120-b" does not break it; B against I of a word's first token
only decides whether it begins a slot of its own beside one of the same type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.slots.candidate import Candidate, Rank
from services.slots.plausible import plausible
from shared.errors import ModelCardError

OUTSIDE = "O"
# Chosen on the dev cases of the commerce pack: below, the tagger is wrong more often than right, and only
# above does it know better than a list or a cue word.
ACCEPT_FROM = 0.65
CONFIDENT_FROM = 0.95
# Two slots of one type with a space alone between them are rare; only a sure B parts them.
SPLIT_FROM = 0.8
FloatArray = npt.NDArray[np.float32]

# Marks that join the parts of an id, a name or a date when no space stands around them.
_JOINING = frozenset("-_/.·'’&+@:")
_TRIMMED = ' \t\r\n\u00a0,;:!?"“”„()[]{}<>*#.'
# Slots that run over line breaks; all others end where the line does.
_OVER_LINES = frozenset({"address", "error_code"})


@dataclass(frozen=True, slots=True)
class TokenScores:
    """Tokens of a text with extent: code-point offsets, and logits [tokens, labels]."""

    offsets: list[tuple[int, int]]
    logits: FloatArray


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    kind: int
    begins: bool
    probability: float


class BioScheme:
    """The labels of one model, and how its outputs become spans."""

    def __init__(
        self,
        labels: Sequence[str],
        model: str,
        temperature: float = 1.0,
        accept_from: float = ACCEPT_FROM,
        confident_from: float = CONFIDENT_FROM,
    ) -> None:
        """ModelCardError unless the labels are "O" and a pair "B-<type>", "I-<type>" for each type.

        Spans below the confidence ``accept_from`` are dropped, those below ``confident_from`` are doubtful.
        """
        types = [label[2:] for label in labels if label.startswith("B-")]
        expected = {OUTSIDE, *(f"B-{kind}" for kind in types), *(f"I-{kind}" for kind in types)}
        if set(labels) != expected or not types:
            odd = sorted(set(labels) ^ expected) or ["B-<type>"]
            raise ModelCardError(
                f"{model}: labels must be O and a pair B-<type>, I-<type> for each slot type; check {odd[0]!r}"
            )
        self.types = tuple(types)
        self._outside = labels.index(OUTSIDE)
        self._begin = np.array([labels.index(f"B-{kind}") for kind in types])
        self._inside = np.array([labels.index(f"I-{kind}") for kind in types])
        self._temperature = temperature
        self._accept_from = accept_from
        self._confident_from = confident_from

    def decode(self, text: str, tokens: TokenScores) -> list[Candidate]:
        """Non-overlapping candidates in the order of their offsets, trimmed of spaces and punctuation."""
        if not tokens.offsets:
            return []
        probabilities = _softmax(tokens.logits / self._temperature)
        if probabilities[:, self._outside].min() > 0.5 and len(tokens.offsets) > 1:
            return []
        return self._spans(text, self._words(text, tokens.offsets, probabilities))

    def _words(self, text: str, offsets: list[tuple[int, int]], probabilities: FloatArray) -> list[_Word]:
        """Words in order with the index of their type, ``len(types)`` where they are outside."""
        firsts = [
            index
            for index, (start, _) in enumerate(offsets)
            if not index
            or start > offsets[index - 1][1]
            or not (text[start : start + 1].isalnum() and text[start - 1 : start].isalnum())
        ]
        mass = np.concatenate(
            (
                probabilities[:, self._begin] + probabilities[:, self._inside],
                probabilities[:, self._outside : self._outside + 1],
            ),
            axis=1,
        )
        counts = np.diff([*firsts, len(offsets)])
        means = np.add.reduceat(mass, firsts, axis=0) / counts[:, None]
        kinds = means.argmax(axis=1)
        words = []
        for row, first in enumerate(firsts):
            kind = int(kinds[row])
            begins = kind < len(self.types) and bool(probabilities[first, self._begin[kind]] > SPLIT_FROM)
            end = offsets[first + int(counts[row]) - 1][1]
            words.append(_Word(offsets[first][0], end, kind, begins, float(means[row, kind])))
        return words

    def _spans(self, text: str, words: list[_Word]) -> list[Candidate]:
        outside = len(self.types)
        found: list[Candidate] = []
        run: list[_Word] = []
        for index, word in enumerate(words):
            if word.kind == outside:
                after = words[index + 1] if index + 1 < len(words) else None
                bridged = run and after and _is_joint(text, run[-1], word, after)
                if not bridged:
                    found += self._candidate(text, run)
                    run = []
                continue
            if run and not self._continues(text, run[-1], word):
                found += self._candidate(text, run)
                run = []
            run.append(word)
        return found + self._candidate(text, run)

    def _continues(self, text: str, last: _Word, word: _Word) -> bool:
        if last.kind != word.kind:
            return False
        glued = last.end == word.start or text[last.end : word.start] in _JOINING
        if not glued and "\n" in text[last.end : word.start] and self.types[word.kind] not in _OVER_LINES:
            return False
        return glued or not word.begins

    def _candidate(self, text: str, run: list[_Word]) -> list[Candidate]:
        if not run:
            return []
        start, end = run[0].start, run[-1].end
        while start < end and text[start] in _TRIMMED:
            start += 1
        while end > start and text[end - 1] in _TRIMMED:
            end -= 1
        if start == end:
            return []
        confidence = sum(word.probability for word in run) / len(run)
        kind = self.types[run[0].kind]
        if confidence < self._accept_from or not plausible(kind, text[start:end]):
            return []
        rank = Rank.TAGGER if confidence >= self._confident_from else Rank.DOUBTFUL
        return [Candidate(kind, start, end, rank, confidence)]


def _is_joint(text: str, last: _Word, word: _Word, after: _Word) -> bool:
    """Whether an outside mark stands, without spaces, between two words of one slot."""
    return (
        after.kind == last.kind
        and last.end == word.start
        and word.end == after.start
        and text[word.start : word.end] in _JOINING
    )


def _softmax(logits: FloatArray) -> FloatArray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: FloatArray = powers / powers.sum(axis=-1, keepdims=True)
    return result
