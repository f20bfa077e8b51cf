"""Spans of time as ISO 8601 durations: "two weeks" -> "P2W", "half an hour" -> "PT30M"."""

from __future__ import annotations

import re
from decimal import Decimal

from services.slots.normalize.numbers import decimal_of, number_in_words
from services.slots.words import word_set

_UNITS = {
    "second": "S", "seconds": "S", "sec": "S", "secs": "S", "s": "S", "minute": "TM", "minutes": "TM", "min": "TM", "mins": "TM",
    "hour": "H", "hours": "H", "hr": "H", "hrs": "H", "h": "H", "day": "D", "days": "D", "night": "D", "nights": "D",
    "week": "W", "weeks": "W", "wk": "W", "wks": "W", "fortnight": "F", "fortnights": "F", "month": "M",
    "months": "M", "mth": "M", "mths": "M", "mo": "M", "year": "Y", "years": "Y", "yr": "Y", "yrs": "Y",
    "decade": "X", "decades": "X", "quarter": "Q", "quarters": "Q", "weekend": "E",
    "tag": "D", "tage": "D", "tagen": "D", "woche": "W", "wochen": "W", "monat": "M", "monate": "M", "monaten": "M",
    "jahr": "Y", "jahre": "Y", "jahren": "Y", "stunde": "H", "stunden": "H", "jour": "D", "jours": "D",
    "semaine": "W", "semaines": "W", "mois": "M", "an": "Y", "ans": "Y", "heure": "H", "heures": "H",
    "día": "D", "días": "D", "dias": "D", "semana": "W", "semanas": "W", "mes": "M", "meses": "M", "año": "Y", "años": "Y",
    "hora": "H", "horas": "H", "minuto": "TM", "minutos": "TM", "giorni": "D", "giorno": "D", "settimana": "W", "settimane": "W",
    "mesi": "M", "mese": "M", "anni": "Y", "anno": "Y", "dag": "D", "dagen": "D", "weken": "W", "maanden": "M", "jaar": "Y",
}  # fmt: skip
# Units that ISO 8601 lacks, in units that it has; halves that are whole numbers of a smaller unit.
_IN_OTHER_UNITS = {"F": ("W", 2), "X": ("Y", 10), "Q": ("M", 3), "E": ("D", 2)}
_HALVES = {"Y": ("M", 12), "D": ("H", 24), "H": ("TM", 60), "TM": ("S", 60), "W": ("D", 7)}
_FOREIGN_ONE = word_set("ein eine einen einem einer un une uno una um uma een")
_VAGUE = frozenset({"few", "several", "some", "many"})
_FIGURE = re.compile(r"\d{1,6}(?:[.,]\d{1,3})?")
_WORD = re.compile(r"[^\W\d_]{1,24}")
_RANGE = re.compile(r"^\D{0,12}\d{1,5}\s?(?:-|–|to|or)\s?(?=\d)")


def iso_duration(text: str) -> str | None:
    """The duration in ISO 8601; of a range ("5-7 days") the upper end. None where it is not stated exactly.

    Several parts add up ("1 year and 6 months" -> "P1Y6M"); vague ones ("a few days", "several
    weeks") have no value.
    """
    folded = _RANGE.sub("", text.casefold())
    parts: dict[str, Decimal] = {}
    start = 0
    for match in _WORD.finditer(folded):
        unit = _UNITS.get(match.group())
        if match.group() == "m" and "H" in parts:
            unit = "TM"  # "1h 20m"
        if unit is None or (match.group() == "an" and not folded[: match.start()].strip()):
            continue
        if match.group() == "an" and _UNITS.get(_next_word(folded, match.end())):
            continue
        count = _count(folded[start : match.start()])
        if count is None:
            return None
        if folded[match.end() :].startswith(" and a half"):
            count += Decimal("0.5")
        start = match.end()
        unit, factor = _IN_OTHER_UNITS.get(unit, (unit, 1))
        count *= factor
        if count != count.to_integral_value() and unit in _HALVES:
            smaller, size = _HALVES[unit]
            if count * size == (count * size).to_integral_value():
                unit, count = smaller, count * size
        parts[unit] = parts.get(unit, Decimal(0)) + count
    return _written(parts) if parts else None


def _next_word(text: str, position: int) -> str:
    match = _WORD.search(text, position)
    return match.group() if match else ""


def _count(text: str) -> Decimal | None:
    figure = _FIGURE.search(text)
    number = decimal_of(figure.group()) if figure else None
    if number is None:
        words = [
            word
            for word in _WORD.findall(text)
            if word not in ("and", "of", "full", "whole", "long", "entire")
        ]
        if not words or not _VAGUE.isdisjoint(words):
            return None
        if "half" in words:
            worded = number_in_words(" ".join(words[: words.index("half")]).replace(" and a", "")) or 0
            return Decimal(worded if worded > 1 else 0) + Decimal("0.5")
        if words[0] in _FOREIGN_ONE:
            return Decimal(1)
        worded_number = number_in_words(" ".join(words))
        return None if worded_number is None else Decimal(worded_number)
    return number + Decimal("0.5") if "and a half" in text else number


def _written(parts: dict[str, Decimal]) -> str:
    # Weeks stand alone in ISO 8601: beside other parts they are days.
    if "W" in parts and len(parts) > 1:
        parts["D"] = parts.get("D", Decimal(0)) + parts.pop("W") * 7
    date = "".join(f"{_plain(parts[unit])}{unit}" for unit in ("Y", "M", "W", "D") if unit in parts)
    time = "".join(f"{_plain(parts[unit])}{unit[-1]}" for unit in ("H", "TM", "S") if unit in parts)
    return f"P{date}" + (f"T{time}" if time else "")


def _plain(number: Decimal) -> str:
    return str(int(number)) if number == number.to_integral_value() else format(number.normalize(), "f")
