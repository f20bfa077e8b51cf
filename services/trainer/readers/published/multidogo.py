"""MultiDoGO (Peskov et al. 2019): customers' turns of six domains, one slot label a token, turn level.

About one row in a hundred came out of the set's making with slipped columns or a label too few; these
are left out, and a file with many of them is an error.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.published.files import tab_rows
from shared.errors import DataFormatError

SOURCE = "multidogo"
DOMAINS = ("airline", "fastfood", "finance", "insurance", "media", "software")
OUTSIDE = "O"
_MOST_MALFORMED = 0.05  # of a file's rows; the published files have up to 0.042 (fastfood)
_COLUMNS = ["conversationId", "turnNumber", "utteranceId", "utterance", "slot-labels", "intent"]


def read_split(
    root: Path,
    domain: str,
    split: Literal["train", "dev", "test"],
    slots: Collection[str] | None = None,
) -> list[Example]:
    """The turns of one domain and part of ``root`` (the folder ``multidogo``), row by row.

    Neighbouring tokens with one label are one span (the set has no B and I). With ``slots`` the
    labels of other slots count as outside.
    """
    path = root / "data/paper_splits/splits_annotated_at_turn_level" / domain / f"{split}.tsv"
    rows = list(tab_rows(path))
    if not rows or rows[0][1] != _COLUMNS:
        raise DataFormatError(f"{path}: line 1: must name the columns {', '.join(_COLUMNS)}")
    examples = []
    for _, fields in rows[1:]:
        if len(fields) == len(_COLUMNS):
            tokens, labels = fields[3].split(" "), fields[4].split(" ")
            if len(tokens) == len(labels) and all(tokens):
                examples.append(Example(fields[3], SOURCE, slots=_spans(tokens, labels, slots)))
    if (malformed := len(rows) - 1 - len(examples)) > _MOST_MALFORMED * len(rows):
        raise DataFormatError(
            f"{path}: {malformed} of {len(rows) - 1} rows are malformed; fetch the file again"
        )
    return examples


def slot_names(examples: Sequence[Example]) -> frozenset[str]:
    """The slots that occur."""
    return frozenset(span.type for example in examples for span in example.slots or ())


def _spans(
    tokens: Sequence[str], labels: Sequence[str], slots: Collection[str] | None
) -> tuple[SlotSpan, ...]:
    spans: list[SlotSpan] = []
    start, before = 0, OUTSIDE
    for token, label in zip(tokens, labels, strict=True):
        end = start + len(token)
        if label != OUTSIDE and (slots is None or label in slots):
            if label == before:
                spans[-1] = SlotSpan(label, spans[-1].start, end)
            else:
                spans.append(SlotSpan(label, start, end))
        start, before = end + 1, label
    return tuple(spans)
