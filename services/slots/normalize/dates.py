"""Dates as ISO 8601, relative to the message's own day.

English and all-figure dates are read here (microseconds); what remains goes to dateparser with
the declared language (milliseconds, so results are kept in a bounded cache).
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

# Where the month is written before the day in figures (CLDR short formats).
MONTH_FIRST_REGIONS = frozenset({"US", "PH", "PR", "GU", "VI", "AS", "MP", "FM", "PW", "MH", "BZ"})

_MONTHS = {name.casefold(): index for index, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: index for name, index in list(_MONTHS.items())} | {"sept": 9}
_WEEKDAYS = {name.casefold(): index for index, name in enumerate(calendar.day_name)}
_WEEKDAYS |= {
    "mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3, "fri": 4, "sat": 5, "sun": 6,
}  # fmt: skip
_HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "xmas": (12, 25), "boxing day": (12, 26), "new year's eve": (12, 31),
    "new years eve": (12, 31), "new year's day": (1, 1), "new years day": (1, 1), "valentine's": (2, 14),
    "valentines": (2, 14), "halloween": (10, 31),
}  # fmt: skip
_DAYS_FROM_TODAY = {
    "day before yesterday": -2, "day after tomorrow": 2, "yesterday": -1, "last night": -1, "tomorrow": 1, "tmrw": 1,
    "today": 0, "tonight": 0, "tonite": 0, "this morning": 0, "this afternoon": 0, "this evening": 0,
}  # fmt: skip
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "couple": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10,
}  # fmt: skip
_YMD = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DMY = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)")
_DM = re.compile(r"(?<![\d])(\d{1,2})[/.](\d{1,2})(?!\d)")
_TOKEN = re.compile(r"\d{1,4}|[^\W\d_]+(?:['’]s)?")
_SHIFT = re.compile(
    r"(?:(in)\s+)?(?:the\s+)?(?:a\s+)?(\d{1,3}|a|an|one|two|couple|three|four|five|six|seven|eight|nine|ten)(?:\s+of)?\s+"
    r"(day|week|fortnight|month|year)s?(?:\s+(ago|back|earlier|from now|from today))?"
)
_DAY_OF_MONTH = re.compile(r"(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)(?:\s+(?:of\s+)?(last|this|next)\s+month)?")
_AHEAD = re.compile(
    r"(?:\b(?:by|until|till|before|next|coming|for|due|arrive|arriving|will|expires?|ends?|on or before)\s*(?:the\s*)?)$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Day:
    """What a date is read against.

    ``today`` is the day (UTC) on which the message was sent, or None where unknown: then only
    dates that state their year have a value. ``ahead`` prefers the coming of two possible days
    to the past one. ``language`` is an ISO 639-1 code, ``region`` ISO 3166-1 alpha-2 or "".
    """

    today: date | None
    language: str = "en"
    region: str = ""
    ahead: bool = False


def looks_ahead(before: str) -> bool:
    """Whether the words before a date say that it lies ahead ("by", "until", "due", "will")."""
    return _AHEAD.search(before) is not None


def date_in_figures(text: str, day: Day) -> date | None:
    """A date in figures alone, with the day and month in the region's order."""
    match = _YMD.search(text)
    if match:
        return _date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    match = _DMY.search(text)
    if match:
        first, second, year = (int(part) for part in match.groups())
        year += 0 if year > 99 else 2000
        return _best_order(first, second, year, day, "/" in match.group())
    match = _DM.search(text)
    if match and day.today is not None:
        first, second = int(match.group(1)), int(match.group(2))
        month_first = _month_first(day)
        for month, number in (
            ((first, second), (second, first)) if month_first else ((second, first), (first, second))
        ):
            found = _nearest_year(month, number, day)
            if found is not None:
                return found
    return None


def english_date(text: str, day: Day) -> date | None:
    """A date in English words, absolute or relative; None where it is none or needs an unknown today."""
    folded = " ".join(text.casefold().replace("’", "'").split())
    tokens = _TOKEN.findall(folded)
    month = next((_MONTHS[token] for token in tokens if token in _MONTHS), None)
    if month is not None:
        return _with_month(tokens, month, day)
    if day.today is None:
        return None
    for phrase, (holiday_month, number) in _HOLIDAYS.items():
        if phrase in folded:
            return _nearest_year(holiday_month, number, day)
    for phrase, days in _DAYS_FROM_TODAY.items():
        if phrase in folded:
            return day.today + timedelta(days=days)
    weekday = next((_WEEKDAYS[token] for token in tokens if token in _WEEKDAYS), None)
    if weekday is not None:
        return _weekday(weekday, folded, day.today, day.ahead)
    shifted = _SHIFT.fullmatch(folded)
    if shifted:
        return _shifted(shifted, day.today)
    numbered = _DAY_OF_MONTH.fullmatch(folded)
    return (
        _day_of_month(int(numbered.group(1)), numbered.group(2), day.today, day.ahead) if numbered else None
    )


def _with_month(tokens: list[str], month: int, day: Day) -> date | None:
    numbers = [int(token) for token in tokens if token.isdigit()]
    year = next((number for number in numbers if number > 31), None)
    if year is not None and year < 100:
        year += 2000
    number = next((number for number in numbers if 1 <= number <= 31), None)
    if number is None:
        return None
    if year is None and len(numbers) == 2:
        year = 2000 + numbers[1]
    return _date(year, month, number) if year is not None else _nearest_year(month, number, day)


def _weekday(weekday: int, folded: str, today: date, ahead: bool) -> date:
    if "next week" in folded or "last week" in folded:
        monday = today - timedelta(days=today.weekday())
        return monday + timedelta(days=weekday + (7 if "next week" in folded else -7))
    if folded.startswith("this ") and "past" not in folded:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    forward = folded.startswith(("next ", "coming ")) or (ahead and not folded.startswith("last "))
    distance = (weekday - today.weekday()) % 7 if forward else (today.weekday() - weekday) % 7
    return today + timedelta(days=(distance or 7) * (1 if forward else -1))


def _shifted(match: re.Match[str], today: date) -> date | None:
    future, count, unit, past = match.groups()
    if not future and not past:
        return None
    backwards = past is not None and "from" not in past
    number = int(count) if count.isdigit() else _NUMBERS[count]
    sign = -1 if backwards else 1
    try:
        if unit in ("month", "year"):
            months = today.month - 1 + sign * number * (12 if unit == "year" else 1)
            year, month = today.year + months // 12, months % 12 + 1
            return date(year, month, min(today.day, calendar.monthrange(year, month)[1]))
        return today + timedelta(days=sign * number * {"day": 1, "week": 7, "fortnight": 14}[unit])
    except (ValueError, OverflowError):
        return None


def _day_of_month(number: int, which: str | None, today: date, ahead: bool) -> date | None:
    year, month = today.year, today.month
    steps: tuple[int, ...] = (0, 1, 2, 3) if ahead else (0, -1, -2, -3)
    if which:
        steps = ({"last": -1, "this": 0, "next": 1}[which],)
    for step in steps:
        index = month - 1 + step
        found = _date(year + index // 12, index % 12 + 1, number)
        if found and (which or (found >= today if ahead else found <= today)):
            return found
    return None


def _best_order(first: int, second: int, year: int, day: Day, slashed: bool) -> date | None:
    readings = [_date(year, second, first), _date(year, first, second)]
    if _month_first(day):
        readings.reverse()
    valid = [reading for reading in readings if reading is not None]
    if len(valid) == 2 and slashed and not day.region and day.today is not None and not day.ahead:
        # Only slashes stand for both orders; customers mostly write of the past, so without a region a
        # future reading yields to a past one.
        return next((reading for reading in valid if reading <= day.today), valid[0])
    return valid[0] if valid else None


def _month_first(day: Day) -> bool:
    return day.region in MONTH_FIRST_REGIONS


def _nearest_year(month: int, number: int, day: Day) -> date | None:
    if day.today is None:
        return None
    years = (0, 1, 2, 3, 4) if day.ahead else (0, -1, -2, -3, -4)
    for step in years:
        found = _date(day.today.year + step, month, number)
        if found and (found >= day.today if day.ahead else found <= day.today):
            return found
    return None


def _date(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
