"""Tracking numbers of public formats, with and without a true check digit."""

from __future__ import annotations

import pytest

from services.slots.candidate import Rank
from services.slots.patterns.parcels import s10_is_valid, tracking_numbers, ups_is_valid
from services.slots.words import words_of


@pytest.mark.parametrize(
    ("text", "expected", "rank"),
    [
        ("UPS 1Z999AA10123456784 is stuck", "1Z999AA10123456784", Rank.VALIDATED),
        ("1z 999 aa1 01 2345 6784", "1z 999 aa1 01 2345 6784", Rank.VALIDATED),
        ("1Z999AA10123456785", "1Z999AA10123456785", Rank.FORMAT),
        ("parcel RR473124829GB since May", "RR473124829GB", Rank.VALIDATED),
        ("parcel RR473124828GB since May", "RR473124828GB", Rank.FORMAT),
        ("DHL JD014600003878112345 says", "JD014600003878112345", Rank.FORMAT),
        ("amazon TBA123456789012", "TBA123456789012", Rank.FORMAT),
        ("(00)340434161094015902? 00340434161094015902", "00340434161094015902", Rank.VALIDATED),
        ("USPS 9400 1000 0000 0000 0000 00", "9400 1000 0000 0000 0000 00", Rank.FORMAT),
    ],
)
def test_formats(text: str, expected: str, rank: Rank) -> None:
    assert (expected, rank) in [
        (text[hit.start : hit.end], hit.rank) for hit in tracking_numbers(text, words_of(text))
    ]


def test_one_wrong_character_fails_the_check() -> None:
    assert ups_is_valid("1Z999AA10123456784")
    assert not ups_is_valid("1Z999AA10123456774")
    assert s10_is_valid("RR473124829GB")
    assert not s10_is_valid("RR473124892GB")


@pytest.mark.parametrize("text", ["order 1Z99", "AB12345 CD", "call 0034 612 555 903", "2026"])
def test_what_is_none(text: str) -> None:
    assert list(tracking_numbers(text, words_of(text))) == []
