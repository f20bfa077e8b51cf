"""Listed names, their neighbours and tails, and tenants' own lists."""

from __future__ import annotations

import pytest

from services.slots.gazetteer import Gazetteer
from services.slots.rules import SlotRules
from services.slots.words import words_of


@pytest.fixture(scope="module")
def gazetteer(rules: SlotRules) -> Gazetteer:
    return Gazetteer(rules)


def found(gazetteer: Gazetteer, text: str, tenant: str = "") -> list[tuple[str, str]]:
    return [(hit.type, text[hit.start : hit.end]) for hit in gazetteer.find(text, words_of(text), tenant)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent with royal mail today", [("carrier", "royal mail")]),
        ("UPS lost it", [("carrier", "UPS")]),
        ("the price ups every month", []),
        ("I paid with my Visa Debit", [("payment_method", "Visa Debit")]),
        ("my visa application", []),
        ("my iPhone 13 mini froze", [("device", "iPhone 13 mini")]),
        ("iOS 18.1 on it", [("device", "iOS 18.1")]),
        ("ordered on my iphone 2 weeks ago", [("device", "iphone")]),
        ("windows 11 it is", [("device", "windows 11")]),
        ("I cleaned the windows", []),
        ("ref BACS-0091-7720", []),
        ("chrome and edge both fail", [("device", "chrome"), ("device", "edge")]),
        ("I am on edge", []),
    ],
)
def test_names_in_context(gazetteer: Gazetteer, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(gazetteer, text) == expected


def test_a_tenants_names_are_its_own(gazetteer: Gazetteer) -> None:
    text = "my Aurora lamp flickers"
    assert found(gazetteer, text, "default") == [("product_name", "Aurora lamp")]
    assert found(gazetteer, text, "another") == found(gazetteer, text) == []


def test_spellings_have_one_canonical_name(gazetteer: Gazetteer) -> None:
    assert gazetteer.canonical("payment_method", "amex") == "American Express"
    assert gazetteer.canonical("carrier", "royalmail") == "Royal Mail"
    assert gazetteer.canonical("carrier", "amex") is None
    assert gazetteer.canonical("product_name", "aurora lamp", "default") == "Aurora Desk Lamp"


def test_slips_of_the_pen_find_their_name_but_other_words_do_not(gazetteer: Gazetteer) -> None:
    assert gazetteer.canonical("product_name", "nimbus kettel", "default") == "Nimbus Kettle"
    assert gazetteer.canonical("carrier", "Deutche Post") == "Deutsche Post"
    assert gazetteer.canonical("product_name", "nimbus toaster", "default") is None
    assert gazetteer.canonical("carrier", "visa") is None
    assert gazetteer.canonical("carrier", "") is None
