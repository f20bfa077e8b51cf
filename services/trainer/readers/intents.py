"""Readers of public intent sets; only their training parts are read, never their test parts.

Each ``read_<set>(root, labels)`` takes the set's folder and its label map and yields examples
with ``intents`` and ``negatives``.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from services.trainer.example import Example
from services.trainer.label_map import IntentLabelMap
from shared.errors import DataFormatError

# The domain "software" of multidogo is kept for evaluation.
_MULTIDOGO_DOMAINS = ("airline", "fastfood", "finance", "insurance", "media")
_SEVERAL = "<div>"


def read_bitext(root: Path, labels: IntentLabelMap) -> Iterator[Example]:
    """Bitext's templated support requests. Its splits share templates, so its own test proves nothing."""
    path = root / "data/train/Bitext_Sample_Customer_Service_Training_Dataset.csv"
    for row in _rows(path, ("utterance", "intent")):
        yield from _example(row["utterance"], [row["intent"]], labels)


def read_banking77(root: Path, labels: IntentLabelMap) -> Iterator[Example]:
    """Banking77 (Casanueva et al. 2020), training split."""
    for row in _rows(root / "banking_data/train.csv", ("text", "category")):
        yield from _example(row["text"], [row["category"]], labels)


def read_clinc150(root: Path, labels: IntentLabelMap) -> Iterator[Example]:
    """CLINC150 (Larson et al. 2019), training split with its out-of-scope part."""
    path = root / "data/data_full.json"
    content = json.loads(_text(path))
    for part in ("oos_train", "train"):
        for text, label in content[part]:
            yield from _example(text, [label], labels)


def read_dstc11_natcs(root: Path, labels: IntentLabelMap) -> Iterator[Example]:
    """DSTC 11 track 2 (NatCS): spoken-style requests; the set has no training part of its own."""
    for path in sorted((root / "dstc11").glob("*/test-utterances.jsonl")):
        for line in _text(path).splitlines():
            row = json.loads(line)
            yield from _example(row["utterance"], [row["intent"]], labels)


def read_multidogo(root: Path, labels: IntentLabelMap) -> Iterator[Example]:
    """MultiDoGO (Peskov et al. 2019), customers' turns of five domains, training split.

    Rows whose columns have slipped (about one in a hundred) are left out.
    """
    for domain in _MULTIDOGO_DOMAINS:
        path = root / "data/paper_splits/splits_annotated_at_turn_level" / domain / "train.tsv"
        for line in _text(path).split("\n")[1:]:
            fields = line.rstrip("\r").split("\t")
            if len(fields) != 6:
                continue
            named = fields[5].split(_SEVERAL)
            if all(name in labels.labels for name in named):
                yield from _example(fields[3], named, labels)


def _example(text: str, names: Iterable[str], labels: IntentLabelMap) -> Iterator[Example]:
    meanings = [labels.meaning(name) for name in names]
    known = [meaning for meaning in meanings if meaning is not None]
    if not text.strip() or len(known) < len(meanings):
        return
    negatives = set(known[0].negatives).intersection(*(meaning.negatives for meaning in known))
    yield Example(
        text=text.strip(),
        source=labels.source,
        intents=tuple(dict.fromkeys(intent for meaning in known for intent in meaning.intents)),
        negatives=tuple(intent for intent in known[0].negatives if intent in negatives),
    )


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(_text(path).splitlines(keepends=True))
    if missing := set(columns) - set(reader.fieldnames or ()):
        raise DataFormatError(f"{path}: has no column {sorted(missing)[0]!r}")
    yield from reader


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataFormatError(f"{path}: cannot be read ({error.strerror})") from error
