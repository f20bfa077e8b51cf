"""Dates that pin down a day and spans of time; months, years, clock times and rates are neither."""

from __future__ import annotations

import pytest

from services.slots.patterns.calendar import dates, durations
from services.slots.words import words_of


def dates_in(text: str, english: bool = True) -> list[str]:
    return [text[hit.start : hit.end] for hit in dates(text, words_of(text), english)]


def durations_in(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in durations(text, words_of(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 3 March it was due", ["3 March"]),
        ("since 21 February.", ["21 February"]),
        ("March 3rd, 2026 and Oct. 9", ["March 3rd, 2026", "Oct. 9"]),
        ("the 6th of April", ["the 6th of April"]),
        ("Thursday 9 April", ["Thursday 9 April"]),
        ("last Tuesday, next Friday", ["last Tuesday", "next Friday"]),
        ("yesterday and this morning", ["yesterday", "this morning"]),
        ("since the 12th.", ["the 12th"]),
        ("the 12th of last month", ["the 12th of last month"]),
        ("Wed 14th clashes", ["Wed 14th"]),
        ("paid 9 days ago", ["9 days ago"]),
        ("14.02.2026, 2026-03-05 and 28/11/2026", ["14.02.2026", "2026-03-05", "28/11/2026"]),
        ("expires 31/10", ["31/10"]),
        ("am 21.09. bestellt", ["21.09"]),
    ],
)
def test_dates(text: str, expected: list[str]) -> None:
    assert dates_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "open 24/7",
        "10/10 service",
        "every Monday",
        "on a Sunday",
        "the 3rd time",
        "the 2nd bill in a row",
        "in March",
        "may I ask",
        "in 2026",
        "at 10:30",
        "version 1.9.14.2",
        "10.0.0.12",
        "I sat down and the sun came out",
    ],
)
def test_no_dates(text: str) -> None:
    assert dates_in(text) == []


def test_only_figures_are_read_in_other_languages() -> None:
    assert dates_in("am 14.02.2026, march 3", english=False) == ["14.02.2026"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for two weeks now", ["two weeks"]),
        ("a 3-year guarantee", ["3-year"]),
        ("within 3-5 working days", ["3-5 working days"]),
        ("took half an hour", ["half an hour"]),
        ("1h 20m on hold", ["1h 20m"]),
        ("six hours and ten minutes", ["six hours and ten minutes"]),
        ("a couple of weeks", ["a couple of weeks"]),
        ("ordered an hour ago", ["an hour"]),
        ("waiting for a month", ["a month"]),
        ("2 and a half hours", ["2 and a half hours"]),
    ],
)
def test_durations(text: str, expected: list[str]) -> None:
    assert durations_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$5 a month",
        "a second time",
        "my 78 year old nan",
        "a six-year-old",
        "what a day",
        "days like this",
        "16gb h",
    ],
)
def test_no_durations(text: str) -> None:
    assert durations_in(text) == []
