"""Telephone numbers by plan and context; order numbers of the same length stay out."""

from __future__ import annotations

import pytest

from services.slots.candidate import Rank
from services.slots.patterns.phones import phone_numbers

CUES = frozenset({"phone", "call", "mobile", "ring", "whatsapp", "number", "anrufen"})


def hits(text: str, region: str = "", language: str = "en") -> list[tuple[str, str | None, Rank]]:
    return [
        (text[hit.start : hit.end], hit.value, hit.rank)
        for hit in phone_numbers(text, region, language, CUES)
    ]


@pytest.mark.parametrize(
    ("text", "region", "span", "value"),
    [
        ("call me on 07700 900431 today", "GB", "07700 900431", "+447700900431"),
        ("call me on 07700 900431 today", "", "07700 900431", "+447700900431"),
        ("ring +49 30 5550 0147.", "", "+49 30 5550 0147", "+493055500147"),
        ("my number: (415) 555-0142", "US", "(415) 555-0142", "+14155550142"),
        ("415-555-0142 any time", "", "415-555-0142", "+14155550142"),
        ("0161 496 0733, after six", "", "0161 496 0733", "+441614960733"),
        ("whatsapp +234 803 555 0172", "", "+234 803 555 0172", "+2348035550172"),
    ],
)
def test_numbers(text: str, region: str, span: str, value: str) -> None:
    assert [hit[:2] for hit in hits(text, region)] == [(span, value)]


def test_the_region_decides_a_national_number() -> None:
    text = "call 030 901820"
    assert hits(text, "DE", "de")[0][1] == "+4930901820"


def test_an_international_number_proves_itself() -> None:
    assert hits("+44 20 7946 0018")[0][2] is Rank.VALIDATED


@pytest.mark.parametrize(
    "text",
    [
        "order 07700900431",
        "my order number is 4155550142",
        "invoice no. 0161 496 0733",
        "tracking 1Z 99F 044 71 8820 3",
        "it was 2026-03-05",
        "between 03/05/2026 and 04/05/2026",
        "account 12345678",
        "7731-0046",
        "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0",
        "+999 123",
    ],
)
def test_other_numbers_stay_out(text: str) -> None:
    assert hits(text) == []
