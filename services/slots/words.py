"""Words of a text with their offsets, and tables of phrases looked up in them.

One pass over the text serves all lookups (names, cue words, calendar words): a dictionary access a
word instead of a regular expression a list, so that the cost does not grow with the lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

# Bounded like every expression here: a run of 20,000 letters is no word anyone lists.
_WORD = re.compile(r"[^\W_]{1,64}")
# What may stand between the words of one phrase: nothing, a space, or a joining mark.
_JOINTS = frozenset({"", " ", "-", "'", "’", ".", "&", " & ", "\u00a0", ". ", "–", "+", "/"})

T = TypeVar("T")


class Word(NamedTuple):
    """A run of letters and digits, case-folded, with its code-point offsets in the text."""

    folded: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """The words of a text in order; marks, spaces and underscores separate them."""
    folded = text.casefold()
    if len(folded) == len(text):
        make = tuple.__new__  # half the cost of calling Word; this is most of what a plain text costs
        return [make(Word, (match[0], *match.span())) for match in _WORD.finditer(folded)]
    # Folding lengthens some characters ("ß", "ŉ"), and offsets must be those of the text.
    return [Word(match.group().casefold(), match.start(), match.end()) for match in _WORD.finditer(text)]


def word_set(listed: str) -> frozenset[str]:
    """The words of a space-separated list."""
    return frozenset(listed.split())


class PhraseMatch(NamedTuple, Generic[T]):
    """A phrase of a table found at ``words[first:last]``."""

    payload: T
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Phrase(Generic[T]):
    words: tuple[str, ...]
    payload: T


class PhraseTable(Generic[T]):
    """Phrases by their first word; finds the longest phrase at each place of a text.

    Matching is by case-folded words, so "ROYAL MAIL", "Royal-Mail" and "royal mail" are one.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[_Phrase[T]]] = {}
        for text, payload in phrases:
            words = tuple(word.folded for word in words_of(text))
            if words:
                self._by_first.setdefault(words[0], []).append(_Phrase(words, payload))
        for listed in self._by_first.values():
            listed.sort(key=lambda phrase: -len(phrase.words))

    def __len__(self) -> int:
        return sum(len(listed) for listed in self._by_first.values())

    def find(self, text: str, words: Sequence[Word]) -> list[PhraseMatch[T]]:
        """All longest matches from left to right; they do not overlap."""
        found: list[PhraseMatch[T]] = []
        by_first = self._by_first
        free_from = 0
        for index, (folded, _, _) in enumerate(words):
            listed = by_first.get(folded)
            if listed is None or index < free_from:
                continue
            for phrase in listed:
                if self._matches(text, words, index, phrase.words):
                    free_from = index + len(phrase.words)
                    found.append(PhraseMatch(phrase.payload, index, free_from))
                    break
        return found

    @staticmethod
    def _matches(text: str, words: Sequence[Word], index: int, phrase: tuple[str, ...]) -> bool:
        if index + len(phrase) > len(words):
            return False
        for step in range(1, len(phrase)):
            word = words[index + step]
            if word.folded != phrase[step] or text[words[index + step - 1].end : word.start] not in _JOINTS:
                return False
        return True
