"""Short forms and house terms that are written out before a model reads a text: "pls" is read as "please".

Terms are found as whole words, one pass over the text and one look-up a word, whatever the number of terms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from shared.inference.expanded import Expanded, Expansion, Span

MOST_WORDS = 8
# A text of nothing but terms must not become one that takes a model many times as long.
MOST_EXPANSIONS = 256

# Bounded like every expression over customers' texts. Marks of decomposed letters ("e" + U+0301) belong to words.
_ASCII_WORD = re.compile(r"[a-z0-9]{1,64}")
_WORD = re.compile(r"(?:[^\W_][\u0300-\u036f]{0,4}){1,64}")
_FURTHER = re.compile(rf"([^\S\r\n]{{0,8}})({_WORD.pattern}|\S)")
# Directly between letters or digits these join them to one thing: an id, an address, a name ("CS-10432", "pls.com").
_JOINING = frozenset("-‐‑/\\.:'’&+=@#")
# Of one word with a letter beside them: accents, and currencies ("US$").
_OF_A_WORD = frozenset({"Mn", "Mc", "Me", "Sc"})
_ALIKE = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-"})
_NEIGHBOURHOOD = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """A term and what is read in its place; an ``exact`` one is found only in the case it is written in."""

    term: str
    expansion: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class TenantEntries:
    """What a tenant has of its own: entries that add to the pack's or replace them, and terms it has not."""

    own: tuple[Entry, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    """Terms that begin alike: the one that ends here, and the nodes after each further word or mark."""

    entry: Entry | None = None
    after: dict[str, _Node] = field(default_factory=dict)


class Expander(Protocol):
    """Writes out the terms of a text; a `Lexicon`, or whatever stands for one that may change."""

    def expand(self, text: str, tenant: str = "") -> Expanded:
        """The text as a model shall read it."""


class Lexicon:
    """The terms of a pack and its tenants. Immutable after construction; safe to share between threads.

    ``terms`` counts those of the pack; ``version`` is what logs and metrics cite.
    """

    def __init__(
        self,
        entries: Iterable[Entry] = (),
        tenants: Mapping[str, TenantEntries] | None = None,
        version: str = "",
    ) -> None:
        """ValueError for a term that `words_of_term` refuses."""
        self.version = version
        common = {words_of_term(entry.term): entry for entry in entries}
        self.terms = len(common)
        self._common = _grown(common)
        self._by_tenant = {name: _overlaid(self._common, common, own) for name, own in (tenants or {}).items()}

    @property
    def tenants(self) -> tuple[str, ...]:
        """Tenants with entries of their own."""
        return tuple(self._by_tenant)

    def expand(self, text: str, tenant: str = "") -> Expanded:
        """The text with its terms written out. Where terms overlap, the first and then the longest counts.

        What is written out is not looked at again. Everything past ``MOST_EXPANSIONS`` terms stays as it is.
        """
        firsts = self._by_tenant.get(tenant, self._common)
        if not firsts:
            return Expanded(text)
        pieces: list[str] = []
        expansions: list[Expansion] = []
        done = length = 0
        plain = text.isascii()
        for word in _ASCII_WORD.finditer(text.lower()) if plain else _WORD.finditer(text):
            node = firsts.get(word[0] if plain else _folded(word[0]))
            start = word.start()
            if node is None or start < done or not _begins(text, start):
                continue
            entry, end = _longest(text, start, word.end(), node)
            if entry is None:
                continue
            length += start - done
            expansions.append(Expansion(Span(start, end), Span(length, length + len(entry.expansion))))
            pieces += text[done:start], entry.expansion
            length += len(entry.expansion)
            done = end
            if len(expansions) == MOST_EXPANSIONS:
                break
        if not expansions:
            return Expanded(text)
        return Expanded("".join((*pieces, text[done:])), tuple(expansions))


def words_of_term(term: str) -> tuple[str, ...]:
    """A term as it is looked up: folded words and marks, those that follow a space with a space before them.

    Case, spacing and the form of apostrophes do not tell terms apart.

    Raises:
        ValueError: it does not begin with a letter or digit, or has more than ``MOST_WORDS`` words and marks.
    """
    first = _WORD.match(term)
    if first is None:
        raise ValueError("does not begin with a letter or a digit")
    words, end = [_folded(first[0])], first.end()
    while end < len(term):
        further = _FURTHER.match(term, end)
        if further is None:
            raise ValueError("holds a line break, or ends with a space")
        words.append(_key(further))
        end = further.end()
    if len(words) > MOST_WORDS:
        raise ValueError(f"has {len(words)} words and marks, more than {MOST_WORDS}")
    return tuple(words)


def _grown(entries: Mapping[tuple[str, ...], Entry]) -> dict[str, _Node]:
    firsts: dict[str, _Node] = {}
    for words, entry in entries.items():
        nodes, node = firsts, _Node()
        for word in words:
            node = nodes.setdefault(word, _Node())
            nodes = node.after
        node.entry = entry
    return firsts


def _overlaid(
    common: Mapping[str, _Node], entries: Mapping[tuple[str, ...], Entry], tenant: TenantEntries
) -> dict[str, _Node]:
    """A tenant's nodes: its own for first words that its terms begin with, the pack's for all others."""
    own = {words_of_term(entry.term): entry for entry in tenant.own}
    removed = {words_of_term(term) for term in tenant.removed}
    firsts = {words[0] for words in (*own, *removed)}
    kept = {words: entry for words, entry in entries.items() if words[0] in firsts and words not in removed}
    return {word: node for word, node in common.items() if word not in firsts} | _grown(kept | own)


def _longest(text: str, start: int, end: int, node: _Node) -> tuple[Entry | None, int]:
    """The longest term that begins with the word at ``text[start:end]``, and where it ends."""
    best: Entry | None = None
    best_end = end
    while True:
        entry = node.entry
        if entry is not None and _ends(text, end) and (not entry.exact or _is_exact(text, start, end, entry)):
            best, best_end = entry, end
        further = _FURTHER.match(text, end) if node.after else None
        if further is None or (following := node.after.get(_key(further))) is None:
            return best, best_end
        node, end = following, further.end()


def _begins(text: str, at: int) -> bool:
    """Whether a word of its own can begin here."""
    if not at:
        return True
    before = text[at - 1]
    if before == "@" or _is_of_a_word(before):
        return False
    return before not in _JOINING or at < 2 or not text[at - 2].isalnum()


def _ends(text: str, at: int) -> bool:
    """Whether a word of its own can end here."""
    if at >= len(text):
        return True
    after = text[at]
    if _is_of_a_word(after):
        return False
    return after not in _JOINING or not text[at - 1].isalnum() or not text[at + 1 : at + 2].isalnum()


def _is_of_a_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character) in _OF_A_WORD


def _is_exact(text: str, start: int, end: int, entry: Entry) -> bool:
    """Whether an exact term stands here as it is listed.

    One in capitals is none beside another word in capitals: where everything shouts ("GIVE US OUR MONEY
    BACK"), "US" is no country.
    """
    if _same_case(text[start:end]) != _same_case(entry.term):
        return False
    if not _shouts(entry.term):
        return True
    before = _WORD.findall(text, max(0, start - _NEIGHBOURHOOD), start)
    after = _WORD.search(text, end, end + _NEIGHBOURHOOD)
    return not (before and _shouts(before[-1])) and not (after and _shouts(after[0]))


def _shouts(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _same_case(term: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", term.translate(_ALIKE)).split())


def _key(further: re.Match[str]) -> str:
    """A word or mark of a term after the first, as nodes hold it."""
    return f" {_folded(further[2])}" if further[1] else _folded(further[2])


def _folded(word: str) -> str:
    """A word without case and without the ways in which Unicode can write the same letters."""
    return word.lower() if word.isascii() else unicodedata.normalize("NFKC", word.translate(_ALIKE)).casefold()
