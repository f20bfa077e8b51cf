"""NLU++ (Casanueva et al. 2022): intents and slots by 20 folds, and from banking to hotels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from benchmarks.quality.flat_spans import flat
from benchmarks.quality.scoring import intents_at, slots
from benchmarks.quality.setting import Measure, Setting, Split
from services.trainer.example import Example
from services.trainer.readers.published import nlupp
from services.trainer.tasks import IntentTask, SlotTask
from services.trainer.taxonomy import Taxonomy

Part = Literal["intents", "slots"]
PARTS: tuple[Part, ...] = ("intents", "slots")

# The set has no dev part. These were chosen once for all settings, by training on fold 0 of hotels and looking
# at fold 1: small batches, since fifty examples make few steps, and a threshold at which rare intents show.
THRESHOLD = 0.3
OPTIONS: dict[nlupp.Regime, dict[str, float]] = {
    "20-fold": {"epochs": 60, "max_batch": 8},
    "10-fold": {"epochs": 40, "max_batch": 8},
    "large": {"epochs": 12, "max_batch": 16},
}
TO_REACH = {"banking intents, 20-fold": 0.70, "banking intents, large": 0.94}


def settings() -> list[Setting]:
    """Both domains in the three regimes, and training on one domain for the generic labels of the other."""
    within = [
        _setting(
            f"{domain} {part}, {regime}",
            part,
            folds=nlupp.experiment_count(regime),
            options=OPTIONS[regime],
            prepare=partial(_within, domain=domain, part=part, regime=regime),
        )
        for part in PARTS
        for domain in nlupp.DOMAINS
        for regime in nlupp.REGIMES
    ]
    across = [
        _setting(
            f"banking to hotels {part}",
            part,
            folds=1,
            options=OPTIONS["large"],
            prepare=partial(_across, part=part),
        )
        for part in PARTS
    ]
    return within + across


def _setting(
    name: str, part: Part, *, folds: int, options: Mapping[str, float], prepare: Callable[[Path, int], Split]
) -> Setting:
    key, title = ("micro_f1", "intent F1") if part == "intents" else ("f1", "slot F1")
    return Setting(
        set="nlupp",
        name=name,
        folds=folds,
        prepare=prepare,
        options=options,
        score=intents_at(THRESHOLD) if part == "intents" else slots,
        measures=(Measure(key, title, TO_REACH.get(name)),),
    )


def _within(data: Path, fold: int, *, domain: nlupp.Domain, part: Part, regime: nlupp.Regime) -> Split:
    root = data / "nlupp"
    ontology = nlupp.read_ontology(root)
    train, test = (
        [item for number in numbers for item in nlupp.read_fold(root, domain, number, ontology)]
        for numbers in nlupp.folds_of(regime, fold)
    )
    return _split(part, ontology, (nlupp.GENERAL, domain), train, test)


def _across(data: Path, fold: int, *, part: Part) -> Split:  # noqa: ARG001
    root = data / "nlupp"
    ontology = nlupp.read_ontology(root)
    train, test = (
        [item for number in range(nlupp.FOLDS) for item in nlupp.read_fold(root, domain, number, ontology)]
        for domain in nlupp.DOMAINS
    )
    return _split(part, ontology, (nlupp.GENERAL,), train, test)


def _split(
    part: Part,
    ontology: nlupp.Ontology,
    domains: tuple[str, ...],
    train: Sequence[Example],
    test: Sequence[Example],
) -> Split:
    """The examples with the labels of these domains alone."""
    taxonomy = Taxonomy(intents=ontology.intents_of(*domains), slots=ontology.slots_of(*domains))
    train, test = ([_with_labels(item, taxonomy) for item in items] for items in (train, test))
    if part == "intents":
        return Split(IntentTask(taxonomy), train, (), test)
    return Split(SlotTask(taxonomy), [flat(item) for item in train], (), test)


def _with_labels(example: Example, taxonomy: Taxonomy) -> Example:
    return replace(
        example,
        intents=tuple(label for label in example.intents or () if label in taxonomy.intents),
        slots=tuple(span for span in example.slots or () if span.type in taxonomy.slots),
    )
