"""No text makes the patterns slow: twice the length costs about twice the time, whatever it holds.

Quadratic growth shows as a ratio of 16 from 5,000 to 20,000 characters, linear growth as 4; the bound
lies between, and is taken over the fastest of several runs, so that a busy machine does not matter.
"""

from __future__ import annotations

import time

import pytest

from services.slots.extractor import SlotExtractor
from shared.domain.ticket import Utterance

ADVERSARIAL = [
    "a", "A", "1", "a1", "1 ", "1-", "1.", "a.", "a@", "@", "a-", "_", "-", " ", "\n", "\t ", "+", "+1 ", "(1)", "#", "#1", "x1x",
    "http://", "www.", "a.b", "a.com/", "https://a.com/(", "1,000,", "1 000 ", "£", "£1", "$1 ", "1 €", "EUR ", "eur 1",
    "DE", "DE89", "DE89 ", "DE89 3704 0044 0532 0130 ", "1Z", "1Z 9 ", "RR12", "JD0 ", "00 1 ", "4111 ", "4111-1111-", "** ", "....",
    "ending ", "ending in ", "last four ", "card ", "visa 1", "card number ", "order ", "order number ", "order: ", "order #a-",
    "order 1, ", "order A1 B2 ", "ticket no no no ", "code A", "v1.", "app v1.1.", "1/1/", "1.1.", "2026-", "3 March ", "the 3rd ",
    "mon ", "last last ", "two ", "two weeks and ", "half a ", "a couple of ", "1h ", "an hour ", "Aurora ", "Aurora Desk ", "SW-1",
    "SW-12345", "sw ", "iPhone ", "iphone 1 ", "twelve quid ", "a hundred ", "0161 496 0733 ", "0161 ", "call 07700 900431 ", "jo@x.",
    "jo@", "é", "ß", "e\u0301", "👩‍👩‍👧", "\u202e", "٣",
]  # fmt: skip


def seconds(extractor: SlotExtractor, text: str, runs: int = 2) -> float:
    utterance = [Utterance(text, "en", "default", "GB", 1_773_000_000_000)]
    best = float("inf")
    for _ in range(runs):
        began = time.process_time()
        extractor.extract(utterance)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_time_grows_with_the_length_alone(extractor: SlotExtractor, piece: str) -> None:
    short = (piece * (5_000 // len(piece) + 1))[:5_000]
    long = (piece * (20_000 // len(piece) + 1))[:20_000]
    few, many = seconds(extractor, short, runs=3), seconds(extractor, long)
    assert many < max(few, 0.002) * 10, (
        f"{many * 1e3:.1f} ms for 20,000 characters against {few * 1e3:.1f} for 5,000"
    )
