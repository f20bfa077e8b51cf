"""All patterns over one text: what can be found without a model, in any language."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.slots.candidate import Candidate
from services.slots.patterns.bank import cards, ibans
from services.slots.patterns.calendar import dates, durations
from services.slots.patterns.cued import cue_table, cued_ids
from services.slots.patterns.money import amounts, worded_amounts
from services.slots.patterns.parcels import tracking_numbers
from services.slots.patterns.phones import phone_numbers
from services.slots.patterns.shapes import compile_shapes
from services.slots.patterns.web import emails, urls
from services.slots.rules import SlotRules
from services.slots.words import Word
from shared.domain.ticket import Utterance

_DIGIT = re.compile(r"\d")
# Card, account and parcel numbers and telephone numbers all have seven digits with little between.
_LONG_NUMBER = re.compile(r"\d(?:[ \u00a0().\-/]{0,3}\d){6}")
_FOUR_DIGITS = re.compile(r"\d{4}")


class PatternFinder:
    """Finds candidates by pattern. Immutable after construction; safe to share between threads."""

    def __init__(self, rules: SlotRules) -> None:
        """Compiles the rules; SlotRulesError for a malformed id shape, naming the tenant."""
        self._cues = cue_table(rules.cues)
        self._phone_cues = frozenset(cue.casefold() for cue in rules.phone_cues)
        self._shapes = {
            name: compile_shapes(tenant.ids) for name, tenant in rules.tenants.items() if tenant.ids
        }

    def find(self, utterance: Utterance, words: Sequence[Word]) -> list[Candidate]:
        """Candidates of all patterns, overlapping ones too. Time is linear in the text's length."""
        text = utterance.text
        english = utterance.language in ("en", "und", "mul", "")
        found = [*emails(text), *urls(text), *dates(text, words, english)]
        if english:
            found += durations(text, words)
            found += worded_amounts(text, words)
        if _DIGIT.search(text) is None:
            return found
        found += amounts(text)
        found += cued_ids(text, words, self._cues)
        for shape in self._shapes.get(utterance.tenant, ()):
            found += shape.find(text)
        if _FOUR_DIGITS.search(text):
            found += cards(text, words)
        if _LONG_NUMBER.search(text):
            found += phone_numbers(text, utterance.region, utterance.language, self._phone_cues)
            found += ibans(text)
            found += tracking_numbers(text, words)
        return found
