"""Ids, addresses of the net, cards and accounts in one canonical form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.normalize import identifiers


@given(st.text(max_size=60))
def test_never_more_than_four_digits_of_a_card(text: str) -> None:
    value = identifiers.card_value(text)
    assert value is None or sum(character.isdigit() for character in value) == 4


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        (identifiers.card_value, "4111 1111 1111 1111", "**** 1111"),
        (identifiers.card_value, "4417", "**** 4417"),
        (identifiers.card_value, "no digits", None),
        (identifiers.iban_value, "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        (identifiers.email_value, "Jo@@Example.COM", "jo@example.com"),
        (identifiers.url_value, "WWW.Shop.example/Path?Q=1", "https://www.shop.example/Path?Q=1"),
        (identifiers.url_value, "HTTP://Shop.example", "http://shop.example"),
        (identifiers.id_value, "#kx-88120-b", "KX-88120-B"),
        (identifiers.id_value, "55 012 887", "55012887"),
        (identifiers.id_value, "txn_9Fq27LmA", "txn_9Fq27LmA"),
        (identifiers.tracking_value, "1z 999 aa1 01 2345 6784", "1Z999AA10123456784"),
        (identifiers.version_value, "v7.0.3", "7.0.3"),
        (identifiers.version_value, "version 2.1", "2.1"),
        (identifiers.username_value, "@jo_99", "jo_99"),
        (identifiers.one_line, "14 Pell Lane\nOtterbury ,\n OX99 4QT", "14 Pell Lane, Otterbury, OX99 4QT"),
        (identifiers.spaced_once, "Jo \n Smith", "Jo Smith"),
    ],
)
def test_values(function, text: str, expected: str | None) -> None:  # type: ignore[no-untyped-def]
    assert function(text) == expected
