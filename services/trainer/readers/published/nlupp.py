"""NLU++ (Casanueva et al. 2022): requests of bank and hotel guests with several intents and slots, in 20 folds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.published.files import json_document, json_objects
from shared.errors import DataFormatError

SOURCE = "nlupp"
FOLDS = 20
GENERAL = "general"

Domain = Literal["banking", "hotels"]
Regime = Literal["20-fold", "10-fold", "large"]
DOMAINS: tuple[Domain, ...] = ("banking", "hotels")
REGIMES: tuple[Regime, ...] = ("20-fold", "10-fold", "large")


@dataclass(frozen=True, slots=True)
class Ontology:
    """The domains in which each intent and each slot occurs, in the order of ``ontology.json``."""

    intents: Mapping[str, frozenset[str]]
    slots: Mapping[str, frozenset[str]]

    def intents_of(self, *domains: str) -> tuple[str, ...]:
        """Intents of any of the domains; those of GENERAL alone are the paper's generic ones."""
        return tuple(label for label, places in self.intents.items() if places & set(domains))

    def slots_of(self, *domains: str) -> tuple[str, ...]:
        """Slots of any of the domains."""
        return tuple(label for label, places in self.slots.items() if places & set(domains))


def read_ontology(root: Path) -> Ontology:
    """Read ``ontology.json``; ``root`` is the folder ``nlupp``."""
    path = root / "nlupp/data/ontology.json"
    document = json_document(path)
    parts = []
    for part in ("intents", "slots"):
        labels = document.get(part) if isinstance(document, dict) else None
        if not isinstance(labels, dict) or not all(
            isinstance(it.get("domain"), list) for it in labels.values()
        ):
            raise DataFormatError(f"{path}: {part} must give each label its list 'domain'")
        parts.append({label: frozenset(it["domain"]) for label, it in labels.items()})
    return Ontology(*parts)


def read_fold(root: Path, domain: Domain, fold: int, ontology: Ontology) -> list[Example]:
    """One fold, row by row; DataFormatError for a label that the ontology does not have in this domain."""
    intents, slots = set(ontology.intents_of(GENERAL, domain)), set(ontology.slots_of(GENERAL, domain))
    examples = []
    for where, row in json_objects(root / f"nlupp/data/{domain}/fold{fold}.json"):
        text, named = row.get("text"), row.get("intents", [])
        if not isinstance(text, str) or not text:
            raise DataFormatError(f"{where}: has no text")
        if unknown := [label for label in named if label not in intents]:
            raise DataFormatError(f"{where}: intent {unknown[0]!r} is not in the ontology of {domain}")
        found = row.get("slots", {})
        if unknown := [label for label in found if label not in slots]:
            raise DataFormatError(f"{where}: slot {unknown[0]!r} is not in the ontology of {domain}")
        spans = (_span(where, text, name, value) for name, value in found.items())
        examples.append(
            Example(
                text,
                SOURCE,
                intents=tuple(dict.fromkeys(named)),
                slots=tuple(sorted(spans, key=lambda span: span.start)),
            )
        )
    return examples


def folds_of(regime: Regime, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Training and test folds of the ``number``-th experiment, as the set's README lays them out.

    20-fold trains on fold n, 10-fold on the folds 2n and 2n + 1, large on all but these two;
    each is tested on the folds that it was not trained on.
    """
    experiments = experiment_count(regime)
    if not 0 <= number < experiments:
        raise ValueError(f"{regime} has the experiments 0 to {experiments - 1}, not {number}")
    chosen = (number,) if regime == "20-fold" else (2 * number, 2 * number + 1)
    others = tuple(fold for fold in range(FOLDS) if fold not in chosen)
    return (others, chosen) if regime == "large" else (chosen, others)


def experiment_count(regime: Regime) -> int:
    """How many experiments are averaged."""
    return FOLDS if regime == "20-fold" else FOLDS // 2


def _span(where: str, text: str, slot: str, value: dict[str, Any]) -> SlotSpan:
    start, end = value.get("span") or (0, 0)
    if not 0 <= start < end <= len(text) or text[start:end] != value.get("text"):
        raise DataFormatError(
            f"{where}: the span {start}-{end} of {slot} is not its text {value.get('text')!r}"
        )
    return SlotSpan(slot, start, end)
