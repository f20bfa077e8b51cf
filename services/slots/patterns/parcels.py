"""Parcel tracking numbers whose form, and mostly check digit, is public.

Sources: UPS "1Z" check digit (UPS, Guide to Labeling); UPU standard S10 (postal items between
countries); GS1 SSCC and USPS IMpb, both with the GS1 modulo-10 check digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from stdnum import ean

from services.slots.candidate import Candidate, Rank
from services.slots.words import Word

_SPACED = r"[ \u00a0]?"
_UPS = re.compile(rf"(?<![^\W_])1[Zz](?:{_SPACED}[A-Za-z0-9]){{16}}(?![^\W_])")
_S10 = re.compile(rf"(?<![^\W_])[A-Za-z]{{2}}(?:{_SPACED}\d){{9}}{_SPACED}[A-Za-z]{{2}}(?![^\W_])")
_SSCC = re.compile(rf"(?<![\w.,])00(?:{_SPACED}\d){{18}}(?![\w])")
_USPS = re.compile(rf"(?<![\w.,])9[2-5](?:{_SPACED}\d){{20}}(?![\w])")
_DHL = re.compile(r"(?<![^\W_])(?:JJD|JD|JVGL)(?:[ \u00a0]?\d){10,20}(?![^\W_])", re.IGNORECASE)
_AMAZON = re.compile(r"(?<![^\W_])TBA\d{12}(?![^\W_])", re.IGNORECASE)
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def ups_is_valid(number: str) -> bool:
    """UPS check digit over the 15 characters after "1Z": letters count (code - 63) mod 10, every second doubles."""
    total = 0
    for index, character in enumerate(number[2:17].upper()):
        value = int(character) if character.isdigit() else (ord(character) - 63) % 10
        total += value * 2 if index % 2 else value
    return number[17].isdigit() and (10 - total % 10) % 10 == int(number[17])


def s10_is_valid(number: str) -> bool:
    """UPU S10 check digit: weighted sum of eight digits, 11 - sum mod 11, with 10 -> 0 and 11 -> 5."""
    digits = [int(character) for character in number[2:11]]
    check = 11 - sum(weight * digit for weight, digit in zip(_S10_WEIGHTS, digits, strict=False)) % 11
    return {10: 0, 11: 5}.get(check, check) == digits[8]


def sscc_is_valid(number: str) -> bool:
    """GS1 check digit of an SSCC written with its application identifier 00."""
    return ean.calc_check_digit(number[2:19]) == number[19]


def usps_is_valid(number: str) -> bool:
    """GS1 check digit of a 22-digit USPS number."""
    return ean.calc_check_digit(number[:21]) == number[21]


def _never(_: str) -> bool:
    return False


_FORMS: tuple[tuple[re.Pattern[str], re.Pattern[str], Callable[[str], bool]], ...] = (
    (re.compile("1z"), _UPS, ups_is_valid),
    (re.compile(r"[a-z]{2}(?:$|\d)"), _S10, s10_is_valid),
    (re.compile("00"), _SSCC, sscc_is_valid),
    (re.compile("9[2-5]"), _USPS, usps_is_valid),
    (re.compile("jd|jjd|jvgl"), _DHL, _never),
    (re.compile("tba"), _AMAZON, _never),
)
_STARTS = re.compile(r"1z|[a-z]{2}(?:$|\d)|00|9[2-5]|jd|jjd|jvgl|tba")


def tracking_numbers(text: str, words: Sequence[Word]) -> Iterator[Candidate]:
    """Tracking numbers by form: VALIDATED where the check digit holds, FORMAT where it fails or there is none."""
    for word in words:
        if word.folded.isalpha() and not text[word.end + 1 : word.end + 2].isdigit():
            continue
        if _STARTS.match(word.folded) is None:
            continue
        for start, form, is_valid in _FORMS:
            match = form.match(text, word.start) if start.match(word.folded) else None
            if match is None:
                continue
            valid = is_valid(re.sub(r"\W", "", match.group()))
            rank, confidence = (Rank.VALIDATED, 0.98) if valid else (Rank.FORMAT, 0.8)
            yield Candidate("tracking_number", match.start(), match.end(), rank, confidence)
