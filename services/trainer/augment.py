"""More examples of slots from the labelled ones: other values in the same sentences.

Mention replacement (Dai and Adel 2020, "An Analysis of Simple Data Augmentation for Named Entity
Recognition"): a slot's text gives way to another mention of its type, and identifiers get fresh
characters of the same shape, so that a tagger learns the sentence and the shape, not the values.
"""

from __future__ import annotations

import random
import string
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from services.trainer.example import Example, SlotSpan

SHAPED_TYPES = frozenset(
    {
        "order_id",
        "account_id",
        "invoice_id",
        "tracking_number",
        "ticket_id",
        "product_id",
        "coupon_code",
        "phone",
        "payment_card",
        "amount",
        "app_version",
        "error_code",
    }
)
# Types whose mentions cannot be told apart from their sentence ("last Tuesday" fits its tense,
# a user name its mail) or that stand for a whole clause stay as they are.
_REPLACED_TYPES = frozenset(
    {
        "product_name",
        "person_name",
        "carrier",
        "plan_name",
        "payment_method",
        "device",
        "address",
        "email",
        "url",
        "date",
        "duration",
        "amount",
        "product_id",
        "order_id",
        "account_id",
        "invoice_id",
        "tracking_number",
        "ticket_id",
        "coupon_code",
    }
)


def mentions(examples: Iterable[Example]) -> dict[str, list[str]]:
    """Texts of all slots by type, each once, in the order of their first use."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for example in examples:
        for span in example.slots or ():
            found[span.type][example.text[span.start : span.end]] = None
    return {kind: list(texts) for kind, texts in found.items()}


def with_other_values(
    example: Example, pool: Mapping[str, Sequence[str]], generator: random.Random, *, rate: float = 0.6
) -> Example:
    """The example with each slot's value changed with probability ``rate``; offsets follow."""
    if not example.slots:
        return example
    pieces: list[str] = []
    spans: list[SlotSpan] = []
    length = end = 0
    for span in sorted(example.slots, key=lambda span: span.start):
        pieces.append(example.text[end : span.start])
        value = example.text[span.start : span.end]
        if generator.random() < rate:
            value = _other(span.type, value, pool, generator)
        start = length + len(pieces[-1])
        spans.append(SlotSpan(span.type, start, start + len(value)))
        pieces.append(value)
        length, end = start + len(value), span.end
    pieces.append(example.text[end:])
    return replace(example, text="".join(pieces), slots=tuple(spans))


def same_shape(value: str, generator: random.Random) -> str:
    """Fresh digits for digits; in words that hold a digit, fresh letters for letters."""
    words = []
    for word in value.split(" "):
        mixed = any(character.isdigit() for character in word)
        words.append("".join(_fresh(character, mixed, generator) for character in word))
    return " ".join(words)


def _other(kind: str, value: str, pool: Mapping[str, Sequence[str]], generator: random.Random) -> str:
    if kind in _REPLACED_TYPES and pool.get(kind) and generator.random() < 0.7:
        value = generator.choice(pool[kind])
    return same_shape(value, generator) if kind in SHAPED_TYPES else value


def _fresh(character: str, mixed: bool, generator: random.Random) -> str:
    if character in string.digits:
        return generator.choice(string.digits)
    # the letters of an identifier vary less than its digits: they name a shop or a kind
    if mixed and character in string.ascii_letters and generator.random() < 0.5:
        letters = string.ascii_uppercase if character.isupper() else string.ascii_lowercase
        return generator.choice(letters)
    return character
