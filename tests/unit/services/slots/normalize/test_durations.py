"""Spans of time in ISO 8601."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.normalize.durations import iso_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two weeks", "P2W"),
        ("45 minutes", "PT45M"),
        ("half an hour", "PT30M"),
        ("a year and a half", "P18M"),
        ("1.5 hours", "PT90M"),
        ("an hour", "PT1H"),
        ("a fortnight", "P2W"),
        ("5-7 days", "P7D"),
        ("3 to 5 working days", "P5D"),
        ("two-year", "P2Y"),
        ("six hours and ten minutes", "PT6H10M"),
        ("1 year and 6 months", "P1Y6M"),
        ("2 weeks and 3 days", "P17D"),
        ("1h 20m", "PT1H20M"),
        ("48h", "PT48H"),
        ("a couple of weeks", "P2W"),
        ("four nights", "P4D"),
        ("sixty hours", "PT60H"),
        ("30 secs", "PT30S"),
        ("half a day", "PT12H"),
        ("zwei Wochen", None),
        ("3 Wochen", "P3W"),
        ("un mois", "P1M"),
        ("several weeks", None),
        ("a few days", None),
        ("ages", None),
        ("", None),
    ],
)
def test_durations(text: str, expected: str | None) -> None:
    assert iso_duration(text) == expected


@given(
    st.integers(1, 9999), st.sampled_from([("days", "D"), ("weeks", "W"), ("months", "M"), ("years", "Y")])
)
def test_plain_counts(count: int, unit: tuple[str, str]) -> None:
    assert iso_duration(f"{count} {unit[0]}") == f"P{count}{unit[1]}"
