"""Sums of money in the shapes that customers of many countries write."""

from __future__ import annotations

import pytest

from services.slots.patterns.money import amounts, worded_amounts
from services.slots.words import words_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I paid £49.90 for it", ["£49.90"]),
        ("49,90 € und 12 EUR", ["49,90 €", "12 EUR"]),
        ("CHF 24.- or CHF 1'200.50", ["CHF 24.-", "CHF 1'200.50"]),
        ("about $1.2k, not $300k", ["$1.2k", "$300k"]),
        ("US$ 50 or A$20", ["US$ 50", "A$20"]),
        ("1.299,00 EUR (kr 1 290)", ["1.299,00 EUR", "kr 1 290"]),
        ("thirty: 30 quid, 5 bucks", ["30 quid", "5 bucks"]),
        ("R$ 780 and ₹4,250", ["R$ 780", "₹4,250"]),
        ("€9.99, €9.99.", ["€9.99", "€9.99"]),
        ("usd 20", ["usd 20"]),
        ("$49/month", ["$49"]),
    ],
)
def test_amounts(text: str, expected: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in amounts(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "I TRY 3 TIMES",
        "SO MAD 5 TIMES",
        "order 4471",
        "50% off",
        "version 2.0",
        "rm 4471 0093",
        "at 10 am",
        "SW-104417 EUR",
    ],
)
def test_no_amounts(text: str) -> None:
    assert list(amounts(text)) == []


def test_pounds_of_weight_are_only_likely_money() -> None:
    (hit,) = amounts("the bag weighs 20 pounds")
    assert hit.confidence < 0.7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gimme my twelve quid back", ["twelve quid"]),
        ("a hundred euros gone", ["a hundred euros"]),
        ("forty-five dollars", ["forty-five dollars"]),
        ("wheres my tenner", ["tenner"]),
        ("the dollar fell", []),
    ],
)
def test_sums_in_words(text: str, expected: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in worded_amounts(text, words_of(text))] == expected
