"""Slots of a message: tagger, patterns and gazetteer united, normalised, with offsets into the text.

Precedence among overlapping findings is documented in ``candidate.py``. In a language that no
model of the pack serves, patterns and names still apply, and the analysis says so by an abstention.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from services.slots.candidate import Candidate, united
from services.slots.gazetteer import Gazetteer
from services.slots.normalize.normalizer import Normalizer
from services.slots.patterns.finder import PatternFinder
from services.slots.rules import SlotRules
from services.slots.tagger import Tagger
from services.slots.words import words_of
from shared.domain.analysis import Abstention, Slot, SlotAnalysis
from shared.domain.ticket import Utterance
from shared.inference.expanded import Expanded
from shared.inference.lexicon import Expander, Lexicon

UNSUPPORTED_LANGUAGE = "unsupported_language"


class SlotExtractor:
    """Extracts slots; synchronous and CPU-bound, so services call it in an executor. Thread-safe."""

    def __init__(
        self,
        tagger: Tagger | None,
        patterns: PatternFinder,
        gazetteer: Gazetteer,
        normalizer: Normalizer,
        languages: Collection[str] | None = None,
        lexicon: Expander | None = None,
    ) -> None:
        """``languages`` are those the tagger is asked for; those of its card, and ``und``, unless given.

        ``und`` marks texts too short to tell a language by ("A-10293"), which the tagger can read. It reads
        them with the terms of ``lexicon`` written out; patterns and names are looked for in the original.
        """
        self._lexicon = lexicon or Lexicon()
        self._tagger = tagger
        self._patterns = patterns
        self._gazetteer = gazetteer
        self._normalizer = normalizer
        served = languages if languages is not None else (*tagger.languages, "und") if tagger else ()
        self._languages = frozenset(served)

    @classmethod
    def from_rules(
        cls,
        tagger: Tagger | None,
        rules: SlotRules,
        languages: Collection[str] | None = None,
        lexicon: Expander | None = None,
    ) -> SlotExtractor:
        """An extractor over a pack's ``slots.yaml``; SlotRulesError for a malformed id shape."""
        gazetteer = Gazetteer(rules)
        return cls(tagger, PatternFinder(rules), gazetteer, Normalizer(gazetteer), languages, lexicon)

    @property
    def name(self) -> str:
        """Name and version of the tagger (``slots@<version>``), "" without one."""
        return self._tagger.name if self._tagger else ""

    def extract(self, utterances: Sequence[Utterance]) -> list[SlotAnalysis]:
        """One analysis an utterance, in the order given; never raises on account of a text."""
        tagged = self._tagged(utterances)
        return [self._analysis(utterance, found) for utterance, found in zip(utterances, tagged, strict=True)]

    def _tagged(self, utterances: Sequence[Utterance]) -> list[list[Candidate] | None]:
        """The tagger's candidates by utterance; None where it does not serve the language."""
        results: list[list[Candidate] | None] = [None] * len(utterances)
        if self._tagger is not None:
            served = [i for i, utterance in enumerate(utterances) if utterance.language in self._languages]
            expanded = [self._lexicon.expand(utterances[i].text, utterances[i].tenant) for i in served]
            found = self._tagger.tag([it.text for it in expanded]) if served else []
            for index, it, candidates in zip(served, expanded, found, strict=True):
                results[index] = self._as_written(candidates, utterances[index], it)
        return results

    def _as_written(
        self, candidates: list[Candidate], utterance: Utterance, expanded: Expanded
    ) -> list[Candidate]:
        """Candidates of an expanded text where they stand in the original.

        Those that touch an expansion take their value from the whole of it: "tmrw" is the day that "tomorrow" is.
        """
        if not expanded.expansions:
            return candidates
        reading = replace(utterance, text=expanded.text)
        found = []
        for candidate in candidates:
            span = expanded.written(candidate.start, candidate.end)
            value = candidate.value
            if expanded.changes(*span):
                value = self._normalizer.value(candidate.type, *expanded.read(*span), reading)
            found.append(replace(candidate, start=span.start, end=span.end, value=value))
        return found

    def _analysis(self, utterance: Utterance, tagged: list[Candidate] | None) -> SlotAnalysis:
        text = utterance.text
        words = words_of(text)
        candidates = self._patterns.find(utterance, words)
        candidates += self._gazetteer.find(text, words, utterance.tenant)
        candidates += tagged or ()
        slots = tuple(self._slot(candidate, utterance) for candidate in united(candidates))
        if tagged is None:
            abstention = Abstention(
                UNSUPPORTED_LANGUAGE, f"no slot model for {utterance.language!r}; patterns only"
            )
            return SlotAnalysis(slots, abstention, "")
        return SlotAnalysis(slots, None, self.name)

    def _slot(self, candidate: Candidate, utterance: Utterance) -> Slot:
        value = candidate.value
        if value is None:
            value = self._normalizer.value(candidate.type, candidate.start, candidate.end, utterance)
        return Slot(
            type=candidate.type,
            text=utterance.text[candidate.start : candidate.end],
            start=candidate.start,
            end=candidate.end,
            value=value,
            confidence=round(min(max(candidate.confidence, 0.0), 1.0), 4),
            source=candidate.rank.source,
        )
