"""Ids beside the words that announce them, in the shapes that shops use."""

from __future__ import annotations

import pytest

from services.slots.patterns.cued import cue_table, cued_ids
from services.slots.rules import SlotRules
from services.slots.words import PhraseTable, words_of


@pytest.fixture(scope="module")
def cues(rules: SlotRules) -> PhraseTable[str]:
    return cue_table(rules.cues)


def hits(cues: PhraseTable[str], text: str) -> list[tuple[str, str]]:
    return [(hit.type, text[hit.start : hit.end]) for hit in cued_ids(text, words_of(text), cues)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order A-10293 never came", [("order_id", "A-10293")]),
        ("my order number is 4471/B.", [("order_id", "4471/B")]),
        ("Order no.: 7719.00.22", [("order_id", "7719.00.22")]),
        ("orders 44711 and 44712", [("order_id", "44711"), ("order_id", "44712")]),
        ("order 55 012 887", [("order_id", "55 012 887")]),
        ("order (kx-88120-b)", [("order_id", "kx-88120-b")]),
        ("PO-90117 is late", [("order_id", "PO-90117")]),
        ("invoice RE-2026/4471-B", [("invoice_id", "RE-2026/4471-B")]),
        ("ticket #0932-QT closed", [("ticket_id", "0932-QT")]),
        ("Customer no: C 7741 09", [("account_id", "C 7741 09")]),
        ("tracking MKP 2204 9918 7 has", [("tracking_number", "MKP 2204 9918 7")]),
        ("serial number VX40-221-000873", [("product_id", "VX40-221-000873")]),
        ("code SPRING15 fails", [("coupon_code", "SPRING15")]),
        ("voucher code WELCOME", [("coupon_code", "WELCOME")]),
        ("error E-21 again", [("error_code", "E-21")]),
        ("app v7.0.3 on android", [("app_version", "7.0.3")]),
        ("app 3.18.0 (build 442), since", [("app_version", "3.18.0 (build 442)")]),
        ("Bestellung 88-0912-x", [("order_id", "88-0912-x")]),
        ("commande n° FR/8812", [("order_id", "FR/8812")]),
        ("where is #104417?", [("order_id", "104417")]),
    ],
)
def test_ids(cues: PhraseTable[str], text: str, expected: list[tuple[str, str]]) -> None:
    assert hits(cues, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I want to order 2 of them",
        "order 12 March",
        "my order from 2026 is late",
        "ordered 14/02/2026",
        "account deleted in 30 days",
        "the code expired",
        "one-time code 447123",
        "update 3 times",
        "#fail #2",
        "case closed",
    ],
)
def test_no_ids(cues: PhraseTable[str], text: str) -> None:
    assert hits(cues, text) == []


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("order 445566 20 May", "445566"),
        ("order 445566 3pm", "445566"),
        ("order 445566 12 days ago", "445566"),
    ],
)
def test_an_id_ends_before_dates_and_counts(cues: PhraseTable[str], text: str, end: str) -> None:
    assert hits(cues, text) == [("order_id", end)]
