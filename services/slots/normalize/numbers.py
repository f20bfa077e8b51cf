"""Numbers in figures and in English words."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

_SMALL = {
    "zero": 0, "no": 0, "a": 1, "an": 1, "one": 1, "once": 1, "single": 1, "two": 2, "twice": 2, "both": 2, "couple": 2, "pair": 2,
    "three": 3, "four": 4, "five": 5, "six": 6, "half-dozen": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "dozen": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 1_000_000}
_MULTIPLES = {"dozen": 12, "couple": 2, "pair": 2, "pairs": 2}
_FIGURES = re.compile(r"\d[\d.,'’ \u00a0\u202f]*")
_WORD = re.compile(r"[a-z]+")


def decimal_of(figures: str) -> Decimal | None:
    """The number written in figures, whatever the marks for decimals and thousands.

    The last of two different marks is the decimal one; a single mark before exactly three digits
    groups thousands, except after a leading 0; a repeated mark groups thousands.
    """
    digits = re.sub(r"[\s\u00a0\u202f'’]", "", figures).rstrip(".,")
    if not digits or not digits[0].isdigit():
        return None
    marks = [character for character in digits if character in ".,"]
    if len(set(marks)) == 2:
        decimal = marks[-1]
        digits = digits.replace("." if decimal == "," else ",", "").replace(decimal, ".")
    elif len(marks) > 1:
        digits = digits.replace(marks[0], "")
    elif marks:
        whole, _, rest = digits.partition(marks[0])
        groups = len(rest) == 3 and whole != "0" and len(whole) <= 3
        digits = whole + rest if groups else f"{whole}.{rest}"
    try:
        return Decimal(digits)
    except InvalidOperation:
        return None


def number_in_words(words: str) -> int | None:
    """The number that English words make ("twenty-one", "a dozen", "two hundred"); None where they make none."""
    total, current, seen = 0, 0, False
    for word in _WORD.findall(words.casefold()):
        if word in _SCALES:
            current = max(current, 1) * _SCALES[word]
            if _SCALES[word] >= 1000:
                total, current = total + current, 0
        elif word in _MULTIPLES:
            current = max(current, 1) * _MULTIPLES[word]
        elif word in _SMALL:
            current += _SMALL[word]
        elif word in ("and", "of", "the"):
            continue
        else:
            break
        seen = True
    return total + current if seen else None


def count_of(text: str) -> str | None:
    """A quantity as a whole or decimal number ("2x" -> "2", "a dozen" -> "12"); None where it names none."""
    figures = _FIGURES.search(text)
    number = decimal_of(figures.group()) if figures else None
    if number is None:
        worded = number_in_words(text)
        return None if worded is None else str(worded)
    return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")
