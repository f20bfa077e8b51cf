"""GoEmotions (Demszky et al. 2020): Reddit comments with one or more of 27 emotions or "neutral"."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from services.trainer.example import Example
from services.trainer.readers.published.files import file_text, tab_rows
from shared.errors import DataFormatError

SOURCE = "goemotions"


def read_labels(root: Path) -> tuple[str, ...]:
    """The 28 labels in the order that the files number them; ``root`` is the folder ``goemotions``."""
    return tuple(file_text(root / "data/original/labels.txt").split())


def read_split(root: Path, split: Literal["train", "dev", "test"]) -> list[Example]:
    """One part, row by row, with the emotions as intents."""
    names = read_labels(root)
    path = root / f"data/original/{split}.tsv"
    examples = []
    for number, fields in tab_rows(path):
        if len(fields) != 3:
            raise DataFormatError(f"{path}: line {number}: must be a text, its labels and an id")
        text, numbers, _ = fields
        try:
            emotions = tuple(names[int(it)] for it in numbers.split(","))
        except (ValueError, IndexError):
            raise DataFormatError(f"{path}: line {number}: {numbers!r} does not number labels.txt") from None
        examples.append(Example(text, SOURCE, intents=emotions))
    return examples
