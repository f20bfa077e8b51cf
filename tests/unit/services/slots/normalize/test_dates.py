"""Dates relative to the message's own day, in the region's order."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.normalize.dates import Day, date_in_figures, english_date, looks_ahead
from services.slots.normalize.other_dates import OtherDates

WEDNESDAY = date(2026, 3, 11)


def read(text: str, region: str = "GB", ahead: bool = False, today: date | None = WEDNESDAY) -> str | None:
    day = Day(today, "en", region, ahead)
    found = english_date(text, day) or date_in_figures(text, day)
    return found.isoformat() if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2026-03-11"),
        ("this morning", "2026-03-11"),
        ("yesterday", "2026-03-10"),
        ("the day before yesterday", "2026-03-09"),
        ("tomorrow", "2026-03-12"),
        ("Monday", "2026-03-09"),
        ("Wednesday", "2026-03-04"),
        ("last Tuesday", "2026-03-10"),
        ("next Friday", "2026-03-13"),
        ("this Friday", "2026-03-13"),
        ("Tuesday next week", "2026-03-17"),
        ("Tuesday last week", "2026-03-03"),
        ("thurs", "2026-03-05"),
        ("3 March", "2026-03-03"),
        ("12 March", "2025-03-12"),
        ("March 3rd, 2024", "2024-03-03"),
        ("the 6th of April", "2025-04-06"),
        ("Thursday 9 April 2026", "2026-04-09"),
        ("3 Sept '25", "2025-09-03"),
        ("29 February", "2024-02-29"),
        ("the 9th", "2026-03-09"),
        ("the 31st", "2026-01-31"),
        ("the 12th of last month", "2026-02-12"),
        ("two days ago", "2026-03-09"),
        ("in 3 days", "2026-03-14"),
        ("a week from now", "2026-03-18"),
        ("Christmas Eve", "2025-12-24"),
        ("14.02.2026", "2026-02-14"),
        ("2026-01-05", "2026-01-05"),
        ("28/11", "2025-11-28"),
        ("03/04/2026", "2026-04-03"),
    ],
)
def test_past_days_are_preferred(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Monday", "2026-03-16"), ("3 March", "2027-03-03"), ("the 9th", "2026-04-09"), ("12/03", "2026-03-12")],
)
def test_days_ahead_where_the_sentence_says_so(text: str, expected: str) -> None:
    assert read(text, ahead=True) == expected


@pytest.mark.parametrize("before", ["need it by ", "not until the ", "is due ", "it expires "])
def test_words_that_look_ahead(before: str) -> None:
    assert looks_ahead(before)


@pytest.mark.parametrize("before", ["", "ordered on ", "since ", "standby", "an email from "])
def test_words_that_do_not(before: str) -> None:
    assert not looks_ahead(before)


def test_the_region_orders_day_and_month() -> None:
    assert read("03/04/2026", "US") == "2026-03-04"
    assert read("13/04/2026", "US") == "2026-04-13"
    assert read("03.04.2026", "DE") == "2026-04-03"


def test_without_a_region_a_past_reading_is_likelier_only_where_both_orders_are_usual() -> None:
    assert read("03/08/2026", "") == "2026-03-08"
    assert read("03.08.2026", "") == "2026-08-03"


def test_without_a_day_of_sending_only_full_dates_have_a_value() -> None:
    assert read("3 March 2026", today=None) == "2026-03-03"
    for text in ("3 March", "yesterday", "Monday", "12/03", "the 9th"):
        assert read(text, today=None) is None


@pytest.mark.parametrize("text", ["31/02/2026", "99.99.2026", "soon", "32 March", "", "the 42nd"])
def test_what_is_no_day(text: str) -> None:
    assert read(text) is None


@given(st.dates(date(2001, 1, 1), date(2099, 12, 31)))
def test_iso_and_written_dates_come_back(day: date) -> None:
    assert read(day.isoformat()) == day.isoformat()
    assert read(f"{day.day} {day:%B} {day.year}") == day.isoformat()
    assert read(f"{day:%d.%m.%Y}", "DE") == day.isoformat()
    assert read(f"{day:%m/%d/%Y}", "US") == day.isoformat()


@given(st.dates(date(2001, 1, 1), date(2099, 12, 31)), st.sampled_from(["Monday", "fri", "the 3rd", "5 May"]))
def test_preference_holds_on_every_day_of_the_year(today: date, text: str) -> None:
    past, ahead = read(text, today=today), read(text, ahead=True, today=today)
    assert past is not None and date.fromisoformat(past) <= today
    assert ahead is not None and date.fromisoformat(ahead) >= today


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("3 März 2026", "de", "2026-03-03"),
        ("gestern", "de", "2026-03-10"),
        ("1 décembre", "fr", "2025-12-01"),
        ("ayer", "es", "2026-03-10"),
    ],
)
def test_other_languages_through_dateparser(text: str, language: str, expected: str) -> None:
    found = OtherDates().read(text, Day(WEDNESDAY, language))
    assert found is not None and found.isoformat() == expected


def test_dateparser_is_not_asked_for_long_texts_and_its_cache_is_bounded() -> None:
    dates = OtherDates(cache_size=2)
    assert dates.read("gestern " * 20, Day(WEDNESDAY, "de")) is None
    for text in ("gestern", "heute", "morgen", "gestern"):
        dates.read(text, Day(WEDNESDAY, "de"))
    assert len(dates._cache) == 2
