"""Sums of money as a decimal and an ISO 4217 code: "49,90 €" -> "49.90 EUR"."""

from __future__ import annotations

import re
from decimal import Decimal

from services.slots.currencies import currency_code, minor_units
from services.slots.normalize.numbers import decimal_of, number_in_words

_FIGURES = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]|\s(?=\d))*")
_ROUND_END = re.compile(r"[.,][-–—]{1,2}")
_MULTIPLIER = re.compile(r"\s?(k|m|thousand|grand|million|mio)(?![^\W_])", re.IGNORECASE)
_FACTORS = {
    "k": 1000,
    "thousand": 1000,
    "grand": 1000,
    "m": 1_000_000,
    "million": 1_000_000,
    "mio": 1_000_000,
}
_CENTS = re.compile(r"\s?(?:p|pence|pennies|cents?|c|ct)(?![^\W_])", re.IGNORECASE)
_NOTES = {"tenner": "10.00 GBP", "fiver": "5.00 GBP"}
_WORD = re.compile(r"[^\d\s.,'’()\-–—]{1,12}\.?")


def money_value(text: str, region: str = "", language: str = "") -> str | None:
    """The sum as ``<decimal> <code>``; the decimal alone where no currency stands there.

    As many decimals as the currency has, or as written where that is more. None where the text
    holds no number.
    """
    note = _NOTES.get(text.strip().casefold())
    if note is not None:
        return note
    figures = _FIGURES.search(text)
    number = decimal_of(figures.group()) if figures else None
    rest_start = figures.end() if figures else 0
    if number is None:
        worded = number_in_words(text)
        if worded is None:
            return None
        number = Decimal(worded)
    multiplier = _MULTIPLIER.match(text, rest_start) if figures else None
    if multiplier:
        number *= _FACTORS[multiplier.group(1).casefold()]
    code = _currency(_ROUND_END.sub(" ", text), region, language)
    if code is None and figures and _CENTS.match(text, rest_start):
        code = {"p": "GBP"}.get(text[rest_start:].strip()[:1].casefold(), currency_code("$", region) or "USD")
        number /= 100
    places = minor_units(code) if code else 2
    written = -int(number.as_tuple().exponent) if isinstance(number.as_tuple().exponent, int) else 0
    amount = format(number, f".{max(places, written if written > places else places)}f")
    return f"{amount} {code}" if code else amount


def _currency(text: str, region: str, language: str) -> str | None:
    for match in _WORD.finditer(text):
        written = match.group()
        for form in (written, written.rstrip("."), re.sub(r"[kKmM]$", "", written)):
            code = currency_code(form, region, language) if form else None
            if code is not None:
                return code
    return None
