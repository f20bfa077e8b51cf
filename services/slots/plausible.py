"""Whether a text can be a slot of its type at all: keeps the tagger's slips ("week" as a date) out."""

from __future__ import annotations

import re
from collections.abc import Callable

from services.slots.normalize.durations import iso_duration
from services.slots.normalize.numbers import count_of
from services.slots.words import word_set, words_of

_CALENDAR_WORDS = word_set(
    "yesterday today tomorrow tonight tonite tmrw morning afternoon evening night ago day days monday tuesday "
    "wednesday thursday friday saturday sunday mon tue tues wed weds thu thur thurs fri sat sun january february "
    "march april may june july august september october november december jan feb mar apr jun jul aug sep sept "
    "oct nov dec christmas xmas eve boxing easter valentines halloween thanksgiving now"
)
_SUM_WORDS = word_set("tenner fiver grand penny cent cents euro euros dollar dollars quid pound pounds bucks")
_VAGUE_SPAN = re.compile(
    r"\b(?:few|several|some|many|couple|half|seconds?|minutes?|mins?|hours?|days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
_LONGEST_ID = 48


def plausible(kind: str, text: str) -> bool:
    """Whether ``text`` has what every slot of type ``kind`` has; True for types without a form."""
    check = _CHECKS.get(kind)
    return check is None or check(text)


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _id(text: str) -> bool:
    """A digit, or capitals alone of some length ("WUNAKA"), and no prose."""
    words = text.split()
    if len(text) > _LONGEST_ID or len(text) < 2 or len(words) > 6:
        return False
    return _digits(text) > 0 or (
        len(words) == 1 and len(text) >= 4 and (text.isupper() or "-" in text or "_" in text)
    )


def _date(text: str) -> bool:
    return _digits(text) > 0 or any(word.folded in _CALENDAR_WORDS for word in words_of(text))


def _amount(text: str) -> bool:
    return _digits(text) > 0 or any(word.folded in _SUM_WORDS for word in words_of(text))


def _duration(text: str) -> bool:
    return iso_duration(text) is not None or _VAGUE_SPAN.search(text) is not None


_CHECKS: dict[str, Callable[[str], bool]] = {
    "order_id": _id,
    "account_id": _id,
    "invoice_id": _id,
    "ticket_id": _id,
    "product_id": _id,
    "tracking_number": lambda text: _digits(text) >= 4,
    "payment_card": lambda text: 4 <= _digits(text) <= 19,
    "iban": lambda text: _digits(text) >= 4,
    "phone": lambda text: 6 <= _digits(text) <= 15,
    "email": lambda text: "@" in text,
    "url": lambda text: "." in text and len(text) >= 4,
    "app_version": lambda text: _digits(text) > 0,
    "quantity": lambda text: count_of(text) is not None,
    "amount": _amount,
    "date": _date,
    "duration": _duration,
    "person_name": lambda text: _digits(text) == 0,
}
