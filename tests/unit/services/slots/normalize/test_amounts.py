"""Sums as decimal and ISO 4217 code; quantities as whole numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.currencies import currency_code, minor_units
from services.slots.normalize.money import money_value
from services.slots.normalize.numbers import count_of, decimal_of, number_in_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("49,90 €", "49.90 EUR"),
        ("$1.2k", "1200.00 USD"),
        ("£1,149", "1149.00 GBP"),
        ("EUR 3.418,20", "3418.20 EUR"),
        ("CHF 24.-", "24.00 CHF"),
        ("CHF 1'200.50", "1200.50 CHF"),
        ("kr 1 290", "1290.00 SEK"),
        ("¥1,500", "1500 JPY"),
        ("3.250 KWD", "3250.000 KWD"),
        ("0.0125 USD", "0.0125 USD"),
        ("12 quid", "12.00 GBP"),
        ("twelve quid", "12.00 GBP"),
        ("a hundred euros", "100.00 EUR"),
        ("9 grand", "9000.00"),
        ("99p", "0.99 GBP"),
        ("tenner", "10.00 GBP"),
        ("19.99", "19.99"),
        ("USD 4,500,000", "4500000.00 USD"),
    ],
)
def test_amounts(text: str, expected: str) -> None:
    assert money_value(text) == expected


def test_shared_signs_are_read_by_region_and_language() -> None:
    assert money_value("$20", "AU") == "20.00 AUD"
    assert money_value("20 dollars", "CA") == "20.00 CAD"
    assert money_value("20 kr", "DK") == "20.00 DKK"
    assert money_value("20 kr", "", "nb") == "20.00 NOK"
    assert money_value("¥20", "CN") == "20.00 CNY"


def test_no_number_no_value() -> None:
    assert money_value("some euros") is None
    assert money_value("€") is None


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from(["EUR", "USD", "GBP", "CHF"]))
def test_plain_decimals_come_back_in_both_notations(amount: Decimal, code: str) -> None:
    expected = f"{amount:.2f} {code}"
    assert money_value(f"{amount:,.2f} {code}") == expected
    assert money_value(f"{amount:,.2f}".translate(str.maketrans(",.", ".,")) + f" {code}") == expected


def test_currency_codes() -> None:
    assert currency_code("eur") == "EUR"
    assert currency_code("widgets") is None
    assert (minor_units("EUR"), minor_units("JPY"), minor_units("KWD")) == (2, 0, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1.234.567", "1234567"), ("0,125", "0.125"), ("1,5", "1.5"), ("12.", "12"), (",", None), ("", None)],
)
def test_decimals(text: str, expected: str | None) -> None:
    found = decimal_of(text)
    assert (None if found is None else format(found, "f")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2x", "2"), ("x3", "3"), ("two", "2"), ("a dozen", "12"), ("two dozen", "24"), ("twenty-one", "21"), ("1,200", "1200"),
     ("2.5", "2.5"), ("a pair", "2"), ("both", "2"), ("some", None)],
)  # fmt: skip
def test_counts(text: str, expected: str | None) -> None:
    assert count_of(text) == expected


def test_numbers_in_words() -> None:
    assert number_in_words("two hundred and fifty") == 250
    assert number_in_words("three thousand") == 3000
    assert number_in_words("nothing") is None
