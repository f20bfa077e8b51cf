"""BANKING77 (Casanueva et al. 2020): one of 77 intents a request; train and test, no dev part."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from services.trainer.example import Example
from services.trainer.readers.published.files import csv_rows, json_document
from shared.errors import DataFormatError

SOURCE = "banking77"


def read_labels(root: Path) -> tuple[str, ...]:
    """The 77 intents in the order of ``categories.json``; ``root`` is the folder ``banking77``."""
    path = root / "banking_data/categories.json"
    labels = json_document(path)
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise DataFormatError(f"{path}: must be a list of intents")
    return tuple(labels)


def read_split(root: Path, split: Literal["train", "test"]) -> list[Example]:
    """One part, row by row; DataFormatError for an intent that ``categories.json`` does not name."""
    known = frozenset(read_labels(root))
    examples = []
    for where, row in csv_rows(root / f"banking_data/{split}.csv", ("text", "category")):
        if row["category"] not in known:
            raise DataFormatError(f"{where}: category {row['category']!r} is not in categories.json")
        examples.append(Example(row["text"].strip(), SOURCE, intents=(row["category"],)))
    return examples
