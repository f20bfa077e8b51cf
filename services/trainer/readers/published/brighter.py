"""BRIGHTER, SemEval-2025 task 11 track B (Muhammad et al. 2025): intensity of emotions, 0-3, in English.

The test part is for evaluation only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from services.trainer.example import Example
from services.trainer.readers.published.files import csv_rows
from shared.errors import DataFormatError

SOURCE = "brighter_semeval2025_t11"
MOST = 3  # the highest intensity
_FOLDER = "task-dataset/semeval-2025-task11-dataset/track_b"


def read_anger(root: Path, split: Literal["train", "dev", "test"]) -> list[Example]:
    """One part of ``root`` (the folder ``brighter_semeval2025_t11``), with the intensity of anger as frustration.

    Intensities 0-3 are spread evenly over the scale 0-4, which leaves a correlation as it is.
    """
    examples = []
    for where, row in csv_rows(root / _FOLDER / split / "eng.csv", ("text", "anger")):
        if row["anger"] not in {str(level) for level in range(MOST + 1)}:
            raise DataFormatError(f"{where}: anger must be 0 to {MOST}, and is {row['anger']!r}")
        examples.append(Example(row["text"].strip(), SOURCE, frustration=4.0 * int(row["anger"]) / MOST))
    return examples
