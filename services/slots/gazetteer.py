"""Names listed in a pack's ``slots.yaml``: carriers, ways to pay, devices, and each tenant's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from services.slots.candidate import Candidate, Rank
from services.slots.rules import Entry, GazetteerRules, SlotRules
from services.slots.words import PhraseMatch, PhraseTable, Word, words_of

_MODEL_CODE = re.compile(r"[a-z]{0,2}\d{1,4}[a-z]{0,2}")
_VERSION_REST = re.compile(r"(?:\.\d{1,4}){1,3}")
# "BACS-0091-7720", "UPI/4410": the name is part of an id.
_ID_GOES_ON = re.compile(r"[-/_:]\d")
# "on my iPhone 2 weeks ago": the figure counts something else.
_COUNTED = re.compile(
    r"\s(?:days?|weeks?|months?|years?|hours?|minutes?|mins?|times?)(?![^\W_])", re.IGNORECASE
)
_MOST_TAIL_WORDS = 3
# Likeness (rapidfuzz, 100 is equal) from which a spelling counts as a slip: about one letter in eight. Short
# texts are too easily alike, and comparing with thousands of names would cost milliseconds.
_ALIKE = 87
_SHORTEST_LIKE, _LONGEST_LIKE, _MOST_LIKE = 6, 80, 5000


@dataclass(frozen=True, slots=True)
class _Name:
    type: str
    canonical: str
    near: frozenset[str]
    not_near: frozenset[str]
    near_number: bool
    tail: frozenset[str]
    numbered: bool
    capitals: bool


class Gazetteer:
    """Looks listed names up in a text. Immutable after construction; safe to share between threads."""

    def __init__(self, rules: SlotRules) -> None:
        self._common = PhraseTable(_names(rules.gazetteers))
        self._by_tenant = {
            name: PhraseTable(_names(tenant.gazetteers))
            for name, tenant in rules.tenants.items()
            if tenant.gazetteers
        }
        self._spellings = _Spellings(rules.gazetteers)
        self._tenant_spellings = {
            name: _Spellings(tenant.gazetteers) for name, tenant in rules.tenants.items() if tenant.gazetteers
        }

    def find(self, text: str, words: Sequence[Word], tenant: str = "") -> list[Candidate]:
        """Candidates of the common lists and the tenant's, overlapping ones too."""
        found = [name for match in self._common.find(text, words) if (name := _candidate(text, words, match))]
        own = self._by_tenant.get(tenant)
        if own is not None:
            found += [name for match in own.find(text, words) if (name := _candidate(text, words, match))]
        return found

    def canonical(self, kind: str, text: str, tenant: str = "") -> str | None:
        """The listed name that ``text`` is a spelling of, slips of the pen included ("nimbus kettel"), if any."""
        own = self._tenant_spellings.get(tenant)
        found = own.canonical(kind, text) if own else None
        return found or self._spellings.canonical(kind, text)


class _Spellings:
    """Canonical names by slot type and spelling."""

    def __init__(self, gazetteers: Iterable[GazetteerRules]) -> None:
        self._names: dict[str, dict[str, str]] = {}
        for gazetteer in gazetteers:
            names = self._names.setdefault(gazetteer.type, {})
            for entry in gazetteer.entries:
                names.update((_key(spelling), entry.name) for spelling in (entry.name, *entry.also))

    def canonical(self, kind: str, text: str) -> str | None:
        names = self._names.get(kind)
        if names is None:
            return None
        key = _key(text)
        if key in names:
            return names[key]
        if not _SHORTEST_LIKE <= len(key) <= _LONGEST_LIKE or len(names) > _MOST_LIKE:
            return None
        like = process.extractOne(key, names.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return names[like[0]] if like else None


def _names(gazetteers: Iterable[GazetteerRules]) -> Iterator[tuple[str, _Name]]:
    for gazetteer in gazetteers:
        for entry in gazetteer.entries:
            for spelling in (entry.name, *entry.also):
                yield spelling, _name(gazetteer, entry)


def _name(gazetteer: GazetteerRules, entry: Entry) -> _Name:
    return _Name(
        type=gazetteer.type,
        canonical=entry.name,
        near=frozenset(word.casefold() for word in entry.near or gazetteer.near),
        not_near=frozenset(word.casefold() for word in entry.not_near),
        near_number=entry.near_number,
        tail=frozenset(word.casefold() for word in gazetteer.tail),
        numbered=gazetteer.numbered,
        capitals=entry.capitals,
    )


def _key(text: str) -> str:
    return " ".join(word.folded for word in words_of(text))


def _candidate(text: str, words: Sequence[Word], match: PhraseMatch[_Name]) -> Candidate | None:
    name = match.payload
    before = words[match.first - 1].folded if match.first else ""
    after = words[match.last].folded if match.last < len(words) else ""
    start, spelled_end = words[match.first].start, words[match.last - 1].end
    written = text[start:spelled_end]
    if name.near and not {before, after} & name.near and not (name.capitals and written.isupper()):
        return None
    if _ID_GOES_ON.match(text, spelled_end):
        return None
    if name.not_near and {before, after} & name.not_near:
        return None
    if name.near_number and not (after and after[0].isdigit()):
        return None
    end = _with_tail(text, words, match)
    return Candidate(
        name.type, start, end, Rank.GAZETTEER, 0.85, name.canonical if end == spelled_end else None
    )


def _with_tail(text: str, words: Sequence[Word], match: PhraseMatch[_Name]) -> int:
    """The end of the name with the words that belong to it: "iPhone" + "13 mini", "Visa" + "Debit"."""
    end = words[match.last - 1].end
    for word in words[match.last : match.last + _MOST_TAIL_WORDS]:
        coded = (
            match.payload.numbered
            and _MODEL_CODE.fullmatch(word.folded)
            and not _COUNTED.match(text, word.end)
        )
        if text[end : word.start] not in ("", " ", "-") or not (coded or word.folded in match.payload.tail):
            break
        end = word.end
        rest = _VERSION_REST.match(text, end) if coded else None
        if rest is not None:
            return rest.end()
    return end
