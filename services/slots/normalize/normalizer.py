"""The canonical value of a slot's text, by type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

from services.slots.gazetteer import Gazetteer
from services.slots.normalize import identifiers
from services.slots.normalize.dates import Day, date_in_figures, english_date, looks_ahead
from services.slots.normalize.durations import iso_duration
from services.slots.normalize.money import money_value
from services.slots.normalize.numbers import count_of
from services.slots.normalize.other_dates import OtherDates
from services.slots.phone_numbers import e164
from shared.domain.ticket import Utterance

_LEAD = 24
_PLAIN: dict[str, Callable[[str], str | None]] = {
    "payment_card": identifiers.card_value,
    "iban": identifiers.iban_value,
    "email": identifiers.email_value,
    "url": identifiers.url_value,
    "order_id": identifiers.id_value,
    "invoice_id": identifiers.id_value,
    "account_id": identifiers.id_value,
    "ticket_id": identifiers.id_value,
    "product_id": identifiers.id_value,
    "tracking_number": identifiers.tracking_value,
    "coupon_code": str.upper,
    "app_version": identifiers.version_value,
    "username": identifiers.username_value,
    "address": identifiers.one_line,
    "person_name": identifiers.spaced_once,
    "quantity": count_of,
    "duration": iso_duration,
}
_HIDDEN = "****"


class Normalizer:
    """Works out slot values. Safe to share between threads.

    Forms: ISO 8601 dates and durations, ``<decimal> <ISO 4217>`` amounts, E.164 telephone numbers,
    whole numbers for quantities, cards as their last four digits, ids in capitals without spaces,
    listed names as the list writes them; the text itself where a type has no canonical form or
    the text does not yield it. A card number never passes through whole.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._other_dates = OtherDates()

    def value(self, kind: str, start: int, end: int, utterance: Utterance) -> str:
        """The value of the slot of type ``kind`` at ``utterance.text[start:end]``."""
        text = utterance.text[start:end]
        plain = _PLAIN.get(kind)
        if plain is not None:
            value = plain(text)
        elif kind == "amount":
            value = money_value(text, utterance.region, utterance.language)
        elif kind == "date":
            value = self._date(text, utterance.text[max(0, start - _LEAD) : start], utterance)
        elif kind == "phone":
            value = e164(text, utterance.region, utterance.language)
        else:
            value = self._gazetteer.canonical(kind, text, utterance.tenant) or identifiers.spaced_once(text)
        return value or (_HIDDEN if kind == "payment_card" else text)

    def _date(self, text: str, before: str, utterance: Utterance) -> str | None:
        day = Day(_day_of(utterance.sent_at_ms), utterance.language, utterance.region, looks_ahead(before))
        try:
            found = english_date(text, day) if utterance.language in ("en", "und", "mul", "") else None
        except OverflowError:  # "tomorrow", said on the last day of the year 9999
            found = None
        found = found or date_in_figures(text, day) or self._other_dates.read(text, day)
        return found.isoformat() if found else None


def _day_of(sent_at_ms: int) -> date | None:
    """The day (UTC) of a time in Unix milliseconds; None for 0, which means "not known"."""
    if sent_at_ms <= 0:
        return None
    try:
        return datetime.fromtimestamp(sent_at_ms / 1000, UTC).date()
    except (OverflowError, OSError, ValueError):
        return None
