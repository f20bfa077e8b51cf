"""CLINC150 (Larson et al. 2019): one of 150 intents a request, and requests that have none of them.

The "full" data: 100 / 20 / 30 requests an intent for training, validation and test, and 100 / 100 / 1000
out of scope.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from services.trainer.example import Example
from services.trainer.readers.published.files import json_document
from shared.errors import DataFormatError

SOURCE = "clinc150"
OUT_OF_SCOPE = "oos"


def read_split(root: Path, split: Literal["train", "val", "test"]) -> list[Example]:
    """One part of ``root`` (the folder ``clinc150``), in scope first; out of scope is "no intent"."""
    path = root / "data/data_full.json"
    document = json_document(path)
    return [*_part(path, document, split), *_part(path, document, f"oos_{split}")]


def read_labels(root: Path) -> tuple[str, ...]:
    """The 150 intents, in the order of their first training request."""
    return tuple(dict.fromkeys(label for item in read_split(root, "train") for label in item.intents or ()))


def _part(path: Path, document: Any, name: str) -> list[Example]:
    rows = document.get(name) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise DataFormatError(f"{path}: has no list {name!r}")
    examples = []
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 2 or not all(isinstance(it, str) for it in row):
            raise DataFormatError(f"{path}: {name}[{number}]: must be a text and its intent")
        text, label = row
        if (label == OUT_OF_SCOPE) != name.startswith(OUT_OF_SCOPE):
            raise DataFormatError(f"{path}: {name}[{number}]: {label!r} has no place in this part")
        examples.append(Example(text, SOURCE, intents=() if label == OUT_OF_SCOPE else (label,)))
    return examples
