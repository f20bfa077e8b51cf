"""Sums of money with their currency: "€49.90", "49,90 EUR", "CHF 24.-", "$1.2k", "30 quid"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from services.slots.candidate import Candidate, Rank
from services.slots.currencies import CODES, DOUBTFUL_WORDS, LOWER_CODES, SIGNS, WORDLIKE_CODES, WORDS
from services.slots.words import Word

_GAP = "[ \u00a0\u202f]?"
# Groups of three ("1,200", "1'200", "1 200") before plain digits, so that the longest form is tried first.
_NUMBER = (
    "(?:\\d{1,3}(?:[.,'’ \u00a0\u202f]\\d{3}){1,4}+(?!\\d)(?:[.,]\\d{1,2}(?!\\d))?|\\d{1,12}+(?:[.,]\\d{1,4}+)?)"
    "(?:[.,][-–—]{1,2})?(?:[kKmM](?![^\\W\\d_]))?"
)


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_SHORT_SIGNS = [sign for sign in SIGNS if not sign[0].isalpha()]
_LETTER_SIGNS = [sign for sign in SIGNS if sign[0].isalpha()]
_CODES = _any_of([*CODES, *LOWER_CODES])
_WORDED_ENDS = frozenset(WORDS) | {"tenner", "fiver"}
_LEADING_CODES = _any_of([*(CODES - WORDLIKE_CODES), *LOWER_CODES])
_NUMBERS = re.compile(_NUMBER + r"(?![\d%])")
# Looked for at the end of the few characters before a number, and at the place right behind it.
_SIGN_BEFORE = re.compile(
    rf"(?:(?<![^\W_])(?i:{_any_of(_LETTER_SIGNS)})|{_any_of(_SHORT_SIGNS)}|(?<![^\W_])(?:{_LEADING_CODES})){_GAP}$"
)
_CODE_BEHIND = re.compile(rf"{_GAP}(?:{_CODES})(?![^\W_])")
_CURRENCY_BEHIND = re.compile(
    rf"{_GAP}(?:{_any_of(_SHORT_SIGNS)}|(?:(?i:{_any_of([*_LETTER_SIGNS, *WORDS])})|{_CODES})(?![^\W_]))"
)
_LONGEST_SIGN = 6
_NO_AMOUNT_AFTER = frozenset("./:,-#")
_WORDED = re.compile(
    r"(?<![^\W_])(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    r"nineteen|(?:a|one|two|three|four|five)\s(?:hundred|thousand|grand))(?:\s(?:hundred|thousand|grand))?\s"
    rf"(?:{_any_of(WORDS)})(?![^\W_])|(?<![^\W_])(?:tenner|fiver)(?![^\W_])",
    re.IGNORECASE,
)


def amounts(text: str) -> Iterator[Candidate]:
    """Sums with a currency sign, code or word directly beside the number."""
    for number in _NUMBERS.finditer(text):
        start, end = number.span()
        sign = _SIGN_BEFORE.search(text[max(0, start - _LONGEST_SIGN) : start])
        if sign is not None:
            code = _CODE_BEHIND.match(text, end)
            yield Candidate(
                "amount", start - len(sign.group()), code.end() if code else end, Rank.FORMAT, 0.95
            )
            continue
        behind = _CURRENCY_BEHIND.match(text, end)
        before = text[start - 1 : start]
        if behind is None or before in _NO_AMOUNT_AFTER or before.isalnum() or before == "_":
            continue
        if behind.group().strip().casefold() in DOUBTFUL_WORDS:
            yield Candidate("amount", start, behind.end(), Rank.CONTEXT, 0.6)
        else:
            yield Candidate("amount", start, behind.end(), Rank.FORMAT, 0.95)


def worded_amounts(text: str, words: Sequence[Word]) -> Iterator[Candidate]:
    """English sums in words: "twelve quid", "a hundred euros", "tenner"."""
    if any(word.folded in _WORDED_ENDS for word in words):
        for match in _WORDED.finditer(text):
            yield Candidate("amount", match.start(), match.end(), Rank.CONTEXT, 0.8)
