"""Label maps: what the labels of a public set mean in our taxonomy, kept as data.

An intent map is ``label_maps/<set>.intents.yaml``::

    source: banking77             # name that examples and model cards carry
    licence: CC BY 4.0
    labels:
      request_refund: [refund_request]                        # these intents apply, no others
      card_payment_not_recognised: [billing_dispute, "?account_security"]
                                                              # "?": may apply too: not trained on
      weather: none                                           # no intent of ours applies
      cancel_transfer: drop                                   # means nothing here: leave it out

A sentiment map is ``label_maps/<set>.sentiment.yaml`` and gives each label a frustration (0-4,
fractions allowed) and a level, either of which may be null (not trained on)::

    labels:
      anger: {frustration: 3, sentiment: very_negative}

A label that a map does not name is an error, so that a new version of a set gets looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from services.trainer.taxonomy import Taxonomy
from shared.domain.analysis import Sentiment
from shared.errors import DataFormatError

T = TypeVar("T")

LABEL_MAPS = Path(__file__).parent / "label_maps"


@dataclass(frozen=True, slots=True)
class IntentMeaning:
    """``intents`` apply, ``negatives`` do not; what is in neither is unknown."""

    intents: tuple[str, ...]
    negatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SentimentMeaning:
    """Frustration 0-4 and level that a label stands for; None is "does not tell"."""

    frustration: float | None
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class IntentLabelMap:
    """One set's labels in our intents; None for labels that are to be left out."""

    source: str
    licence: str
    labels: Mapping[str, IntentMeaning | None]

    def meaning(self, label: str) -> IntentMeaning | None:
        """What a label means here; DataFormatError if the map does not name it."""
        return _look_up(self.labels, label, self.source)


@dataclass(frozen=True, slots=True)
class SentimentLabelMap:
    """One set's labels on our scales."""

    source: str
    licence: str
    labels: Mapping[str, SentimentMeaning]

    def meaning(self, label: str) -> SentimentMeaning:
        """What a label means here; DataFormatError if the map does not name it."""
        return _look_up(self.labels, label, self.source)


def load_intent_map(name: str, taxonomy: Taxonomy, directory: Path = LABEL_MAPS) -> IntentLabelMap:
    """Read ``<name>.intents.yaml``; DataFormatError names label and problem."""
    path = directory / f"{name}.intents.yaml"
    raw = _read(path)
    labels: dict[str, IntentMeaning | None] = {}
    for label, value in raw["labels"].items():
        if value == "drop":
            labels[label] = None
            continue
        named = [] if value == "none" else value
        if not isinstance(named, list):
            raise DataFormatError(f"{path}: labels.{label}: must be a list of intents, none or drop")
        bare = [intent.removeprefix("?") for intent in named]
        if unknown := sorted(set(bare) - set(taxonomy.intents)):
            raise DataFormatError(f"{path}: labels.{label}: {unknown[0]!r} is not in the taxonomy")
        labels[label] = IntentMeaning(
            intents=tuple(intent for intent in named if not intent.startswith("?")),
            negatives=tuple(intent for intent in taxonomy.intents if intent not in bare),
        )
    return IntentLabelMap(raw["source"], raw["licence"], labels)


def load_sentiment_map(name: str, directory: Path = LABEL_MAPS) -> SentimentLabelMap:
    """Read ``<name>.sentiment.yaml``; DataFormatError names label and problem."""
    path = directory / f"{name}.sentiment.yaml"
    raw = _read(path)
    levels = {level.value for level in Sentiment}
    labels: dict[str, SentimentMeaning] = {}
    for label, value in raw["labels"].items():
        if not isinstance(value, dict) or set(value) != {"frustration", "sentiment"}:
            raise DataFormatError(f"{path}: labels.{label}: must give frustration and sentiment")
        frustration, sentiment = value["frustration"], value["sentiment"]
        if frustration is not None and not 0 <= frustration <= 4:
            raise DataFormatError(f"{path}: labels.{label}.frustration: must be within 0-4")
        if sentiment is not None and sentiment not in levels:
            raise DataFormatError(f"{path}: labels.{label}.sentiment: {sentiment!r} is not a level")
        labels[str(label)] = SentimentMeaning(frustration, sentiment)
    return SentimentLabelMap(raw["source"], raw["licence"], labels)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataFormatError(f"{path}: cannot be read: {error}") from error
    if not isinstance(raw, dict) or not {"source", "licence", "labels"} <= set(raw):
        raise DataFormatError(f"{path}: must give source, licence and labels")
    if not isinstance(raw["labels"], dict) or not raw["labels"]:
        raise DataFormatError(f"{path}: labels must map the set's labels to ours")
    return raw


def _look_up(labels: Mapping[str, T], label: str, source: str) -> T:
    try:
        return labels[label]
    except KeyError:
        raise DataFormatError(
            f"{source}: label {label!r} is not in its label map; add it as intents, none or drop"
        ) from None
