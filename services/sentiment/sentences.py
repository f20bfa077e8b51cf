"""Splits a message into sentences, with exact code-point offsets into the original text."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A sentence ends after its closing punctuation (Latin, CJK, Arabic, Devanagari) with any quotes or
# brackets behind it, where white space or a CJK character's end follows; or at a line break.
_END = re.compile(r"""(?:[.!?…]+["'”’)\]]*(?=\s)|[。！？؟।]+["'”’」』）)\]]*|\n+)""")

# After these a full stop ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|nr|ref|inc|ltd|co|vs|e\.g|i\.e|etc|approx|tel|ext|dept|est|fig|[a-z])\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by offsets (code points, end exclusive), without white space at its ends."""

    start: int
    end: int


def split_sentences(text: str) -> list[Sentence]:
    """Sentences in order; they never overlap and hold every non-space character of the text."""
    sentences: list[Sentence] = []
    start = 0
    for match in _END.finditer(text):
        piece = text[start : match.end()]
        if piece.endswith(".") and _ABBREVIATION.search(piece):
            continue
        _append(sentences, text, start, match.end())
        start = match.end()
    _append(sentences, text, start, len(text))
    return sentences


def _append(sentences: list[Sentence], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        first = start + len(piece) - len(piece.lstrip())
        sentences.append(Sentence(first, first + len(stripped)))
