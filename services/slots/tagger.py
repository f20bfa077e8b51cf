"""The slot tagger: a token model over texts of any length.

A text longer than the model's window is read in overlapping windows, each token by the window in
which it stands farther from an edge, so that no part of a long e-mail goes unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from tokenizers import Encoding

from services.slots.bio import BioScheme, FloatArray, TokenScores
from services.slots.candidate import Candidate
from shared.errors import ModelCardError
from shared.inference.model import ModelCard

OVERLAP_TOKENS = 24
# Text handed to the tokenizer for one window: more than any honest text needs, so that a window is
# cut by tokens; less than what the model itself would cut off.
_CHARACTERS_PER_TOKEN = 8


class TokenModel(Protocol):
    """What the tagger needs of a model; ``shared.inference.session.OnnxModel`` provides it."""

    @property
    def card(self) -> ModelCard:
        """Labels, languages and window of the model."""

    def encode(self, texts: Sequence[str], *, offsets: bool = False) -> list[Encoding]:
        """Tokens of each text, cut to the card's ``max_tokens``."""

    def run_all(self, encodings: Sequence[Encoding]) -> list[list[FloatArray]]:
        """For each encoding its outputs; the first is [tokens, labels]."""


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of a text as the model sees it, beginning at ``shift`` code points."""

    shift: int
    encoding: Encoding

    def offsets(self) -> list[tuple[int, int]]:
        """Offsets into the whole text; (0, 0) for special tokens."""
        return [
            (start + self.shift, end + self.shift) if end > start else (0, 0)
            for start, end in self.encoding.offsets
        ]


class Tagger:
    """Runs one token model; keeps no state between calls, safe to share between threads.

    The model returns logits [batch, tokens, labels]; the card's labels are "O" and "B-<type>",
    "I-<type>" for each slot type. The card's temperature softens the confidences.
    """

    def __init__(self, model: TokenModel) -> None:
        """ModelCardError where the card is no tagger's."""
        card = model.card
        if card.task != "slots":
            raise ModelCardError(f"{card.name}: task is {card.task!r}, but a slots model is needed")
        self._model = model
        self._scheme = BioScheme(card.labels, card.name, card.calibration.temperature)

    @property
    def name(self) -> str:
        """``slots@<version>``."""
        return self._model.card.name

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that the model was trained for."""
        return self._model.card.languages

    def tag(self, texts: Sequence[str]) -> list[list[Candidate]]:
        """Candidates of each text, in the order of their offsets, not overlapping. Blocks while the model runs."""
        encodings = self._model.encode(texts, offsets=True)
        windows = [
            [_Window(0, encoding)] if self._is_whole(text, encoding) else self._windows(text)
            for text, encoding in zip(texts, encodings, strict=True)
        ]
        flat = [window.encoding for group in windows for window in group]
        outputs = iter(self._model.run_all(flat) if flat else ())
        return [
            self._scheme.decode(text, _joined([_scores(window, next(outputs)[0]) for window in group]))
            for text, group in zip(texts, windows, strict=True)
        ]

    def _is_whole(self, text: str, encoding: Encoding) -> bool:
        return not encoding.overflowing and len(text) <= self._model.card.max_tokens * _CHARACTERS_PER_TOKEN

    def _windows(self, text: str) -> list[_Window]:
        """Windows that cover the text, each beginning some tokens before the last one's end, at a space."""
        reach = self._model.card.max_tokens * _CHARACTERS_PER_TOKEN
        windows: list[_Window] = []
        position = 0
        while position < len(text):
            window = _Window(
                position, self._model.encode([text[position : position + reach]], offsets=True)[0]
            )
            extents = [(start, end) for start, end in window.offsets() if end > start]
            if not extents:
                position += reach
                continue
            windows.append(window)
            end = extents[-1][1] if window.encoding.overflowing else min(position + reach, len(text))
            if end >= len(text):
                break
            position = max(_restart(text, extents, position) or end, position + 1)
        return windows


def _restart(text: str, extents: Sequence[tuple[int, int]], position: int) -> int | None:
    """A word's beginning some tokens before the end, so that both windows know the tokens between."""
    for start, _ in reversed(extents[:-OVERLAP_TOKENS]):
        if start > position and text[start - 1].isspace():
            return start
    return None


def _scores(window: _Window, logits: FloatArray) -> TokenScores:
    offsets = window.offsets()
    kept = [index for index, (start, end) in enumerate(offsets) if end > start]
    return TokenScores([offsets[index] for index in kept], logits[kept])


def _joined(parts: Sequence[TokenScores]) -> TokenScores:
    """Tokens of all windows, each once: where two overlap, the seam is in the middle."""
    if len(parts) == 1:
        return parts[0]
    offsets: list[tuple[int, int]] = []
    rows: list[FloatArray] = []
    begin = 0
    for index, part in enumerate(parts):
        until = _seam(part, parts[index + 1]) if index + 1 < len(parts) else None
        kept = [
            row
            for row, (start, _) in enumerate(part.offsets)
            if start >= begin and (until is None or start < until)
        ]
        offsets += [part.offsets[row] for row in kept]
        rows.append(part.logits[kept])
        begin = until if until is not None else begin
    return TokenScores(offsets, np.concatenate(rows) if rows else np.zeros((0, 1), dtype=np.float32))


def _seam(part: TokenScores, following: TokenScores) -> int:
    """Where to change from one window to the next: a word's beginning near the middle of their overlap."""
    first = following.offsets[0][0]
    shared = [start for start, _ in part.offsets if start >= first]
    return shared[len(shared) // 2] if shared else first
