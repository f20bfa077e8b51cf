"""IBANs and cards: check digits decide, and the words around last digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.candidate import Candidate, Rank
from services.slots.patterns.bank import cards, ibans
from services.slots.words import words_of


def card_hits(text: str) -> list[Candidate]:
    return list(cards(text, words_of(text)))


def shown(text: str, hits: list[Candidate]) -> list[tuple[str, str, Rank]]:
    return [(hit.type, text[hit.start : hit.end], hit.rank) for hit in hits]


@pytest.mark.parametrize(
    ("text", "expected", "rank"),
    [
        ("to DE89 3704 0044 0532 0130 00 please", "DE89 3704 0044 0532 0130 00", Rank.VALIDATED),
        ("gb82west12345698765432", "gb82west12345698765432", Rank.VALIDATED),
        ("IBAN:NL91-ABNA-0417-1643-00.", "NL91-ABNA-0417-1643-00", Rank.VALIDATED),
        ("DE88 3704 0044 0532 0130 00", "DE88 3704 0044 0532 0130 00", Rank.FORMAT),
    ],
)
def test_ibans(text: str, expected: str, rank: Rank) -> None:
    assert shown(text, list(ibans(text))) == [("iban", expected, rank)]


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044",
        "XX89370400440532013000",
        "order DE12345 of 2026",
        "DE893704004405320130001",
        "AB12 all words here at all",
    ],
)
def test_what_is_no_iban(text: str) -> None:
    assert list(ibans(text)) == []


@pytest.mark.parametrize(
    "number", ["4111 1111 1111 1111", "4111111111111111", "3782 822463 10005", "5555-5555-5555-4444"]
)
def test_whole_cards(number: str) -> None:
    text = f"card {number}, exp 12/29"
    assert shown(text, card_hits(text))[0] == ("payment_card", number, Rank.VALIDATED)


def test_a_failing_luhn_is_no_card_and_another_cue_weakens_a_chance_hit() -> None:
    assert card_hits("4111 1111 1111 1112") == []
    assert [hit.rank for hit in card_hits("my tracking number is 4111111111111111")] == [Rank.CONTEXT]


@given(st.integers(10**12, 10**19 - 1))
def test_no_long_number_without_luhn_is_taken(number: int) -> None:
    digits = [int(character) for character in str(number)]
    total = sum(
        digit if index % 2 == 0 else (digit * 2 - 9 if digit > 4 else digit * 2)
        for index, digit in enumerate(reversed(digits))
    )
    hits = [hit for hit in card_hits(f"it is {number} here") if hit.rank is Rank.VALIDATED]
    assert not hits or total % 10 == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my card ending 4417", ("payment_card", "4417", Rank.FORMAT)),
        ("the Visa that ends in 4417 was", ("payment_card", "4417", Rank.FORMAT)),
        ("last four digits of my card are 4417", ("payment_card", "4417", Rank.FORMAT)),
        ("card ...4417 was charged", ("payment_card", "4417", Rank.CONTEXT)),
        ("it was •••• 4417", ("payment_card", "4417", Rank.CONTEXT)),
        ("amex 3005", ("payment_card", "3005", Rank.CONTEXT)),
        ("4000 00•• •••• 8113 was refused", ("payment_card", "4000 00•• •••• 8113", Rank.FORMAT)),
        ("my account ending 3306", ("iban", "3306", Rank.CONTEXT)),
    ],
)
def test_last_digits(text: str, expected: tuple[str, str, Rank]) -> None:
    assert expected in shown(text, card_hits(text))


@pytest.mark.parametrize(
    "text",
    [
        "my phone ends with 4417",
        "the sale ends 2026",
        "wait...2026 is over",
        "order 2 x 4000",
        "the weekend 4417",
        "ends 4417-B",
    ],
)
def test_other_endings(text: str) -> None:
    assert card_hits(text) == []
