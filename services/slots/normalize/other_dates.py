"""Dates in other languages and unusual forms, read by dateparser with explicit languages and settings."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date, datetime, time

import dateparser
from dateparser.data.languages_info import language_order

from services.slots.normalize.dates import MONTH_FIRST_REGIONS, Day

_LONGEST = 48
_CACHE_SIZE = 4096
_SOME_DAY = date(2000, 1, 1)
_KNOWN_LANGUAGES = frozenset(language_order)


class OtherDates:
    """dateparser behind a bounded cache. Safe to share between threads.

    A call costs milliseconds, so it is made only for short spans that were found already, and
    the answers of the last few thousand spans are kept.
    """

    def __init__(self, cache_size: int = _CACHE_SIZE) -> None:
        """Makes dateparser load its data (0.2 s, once a process), so that no message waits for it."""
        self._cache: OrderedDict[tuple[str, Day], date | None] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()
        _parsed("yesterday", Day(_SOME_DAY), _SOME_DAY)

    def read(self, text: str, day: Day) -> date | None:
        """The day that ``text`` names, or None. Texts over 48 characters are not tried."""
        if len(text) > _LONGEST or day.today is None:
            return None
        key = (text.casefold(), day)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        found = _parsed(text, day, day.today)
        with self._lock:
            self._cache[key] = found
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return found


def _parsed(text: str, day: Day, today: date) -> date | None:
    languages = [language for language in (day.language, "en") if language in _KNOWN_LANGUAGES]
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time(12)),
        "PREFER_DATES_FROM": "future" if day.ahead else "past",
        "DATE_ORDER": "MDY" if day.region in MONTH_FIRST_REGIONS else "DMY",
        "REQUIRE_PARTS": ["day"],
        "TIMEZONE": "UTC",
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    try:
        # dict.fromkeys: the declared language may be English
        found = dateparser.parse(text, languages=list(dict.fromkeys(languages)), settings=settings)
    except (ValueError, OverflowError, TypeError, AttributeError, LookupError, RecursionError):
        # dateparser raises many kinds on odd text; a slot without a value is no failure
        return None
    return found.date() if found else None
