"""Telephone numbers, told from order numbers by the numbering plan and by what stands around them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from services.slots.candidate import Candidate, Rank
from services.slots.phone_numbers import e164
from services.slots.words import words_of

# Seven to sixteen digits with up to three marks between them, perhaps "+" or "(" in front.
_RUN = re.compile(r"(?<![\w#/.,-])(?:\+|\(\+?)?\d(?:[ \u00a0().\-/]{0,3}\d){6,16}(?![\w]|[.,/-]\d)", re.ASCII)
_NANP = re.compile(r"\(?[2-9]\d\d\)?[ .-]{1,2}[2-9]\d\d[ .-]\d{4}")
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_OTHER_NUMBER = re.compile(
    r"(?:order|booking|invoice|receipt|ticket|case|account|customer|member|tracking|parcel|serial|ref|reference|"
    r"iban|card|policy|contract|sku|article|imei|transaction)\w{0,3}(?:\s(?:number|no|nr|id|is|was))?[\s.:#(]{0,3}(?:[a-z0-9]{1,6}[\s:]){0,2}$",
    re.IGNORECASE,
)
# A group of letters and figures right before belongs to the same number: "1Z 99F 044 71 8820 3".
_MIXED_GROUP = re.compile(r"(?<![^\W_])(?:\d{1,4}[A-Za-z]{1,4}|[A-Z]{1,4}\d{1,4})[A-Za-z0-9]{0,4}[ -]$")
_REACH = 32


def phone_numbers(text: str, region: str, language: str, cues: Collection[str]) -> Iterator[Candidate]:
    """Telephone numbers of the numbering plans.

    International ones ("+44 …") stand by themselves. National ones are read by ``region``, else by
    the regions where ``language`` is spoken most, and need the plan's approval and either a cue
    word within 32 characters before, a leading 0 with grouping, or the North American grouping;
    a cue word of another number directly before rules them out.
    """
    for match in _RUN.finditer(text):
        written = match.group()
        digits = sum(character.isdigit() for character in written)
        if digits > 15 or _DATE.fullmatch(written):
            continue
        before = text[max(0, match.start() - _REACH) : match.start()]
        if not written.startswith(("+", "(+")) and (
            _OTHER_NUMBER.search(before) or _MIXED_GROUP.search(before)
        ):
            continue
        number = e164(written, region, language)
        if written.startswith(("+", "(+")):
            if number is not None:
                yield Candidate("phone", match.start(), match.end(), Rank.VALIDATED, 0.98, number)
            continue
        if number is None:
            continue
        cued = any(word.folded in cues for word in words_of(before))
        grouped = any(mark in written for mark in " -.()\u00a0")
        if cued:
            yield Candidate("phone", match.start(), match.end(), Rank.FORMAT, 0.93, number)
        elif grouped and (written.startswith(("0", "(0")) or _NANP.fullmatch(written)):
            yield Candidate("phone", match.start(), match.end(), Rank.FORMAT, 0.85, number)
        elif written.startswith("0") and digits >= 10:
            yield Candidate("phone", match.start(), match.end(), Rank.CONTEXT, 0.6, number)
