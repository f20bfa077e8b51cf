"""Presidio research's synthetic sentences: shapes of personal data in templated text (JSON spans)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.slots_label_map import SlotLabelMap, load_slot_label_map
from shared.errors import DataFormatError

# The set's DATE_TIME covers time stamps ("2000-04-16 11:34:35") and bare years, which pin down no day.
_NO_DAY = re.compile(r"\d{4}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def read_presidio(root: Path) -> Iterator[Example]:
    """Yields the sentences of ``root`` (the folder ``presidio_synth``) once each.

    Rows whose spans do not match their own text, and rows whose DATE_TIME names no day, are left
    out. Adjacent addresses (street and postcode) become one. Raises DataFormatError where
    the file is missing or is not the expected list.
    """
    path = root / "data" / "synth_dataset_v2.json"
    if not path.is_file():
        raise DataFormatError(f"presidio: {path} does not exist; pass the folder that holds 'data'")
    rows: Any = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(rows, list):
        raise DataFormatError(f"presidio: {path} must hold a JSON list of rows with full_text and spans")
    label_map = load_slot_label_map("presidio")
    seen: set[str] = set()
    for row in rows:
        text = row["full_text"]
        if text in seen:
            continue
        seen.add(text)
        spans = _spans(row, label_map)
        if spans is not None:
            yield Example(text=text, source=label_map.source, slots=tuple(spans), language="en")


def _spans(row: dict[str, Any], label_map: SlotLabelMap) -> list[SlotSpan] | None:
    text: str = row["full_text"]
    spans: list[SlotSpan] = []
    for span in sorted(row["spans"], key=lambda span: int(span["start_position"])):
        start, end = int(span["start_position"]), int(span["end_position"])
        label = str(span["entity_type"])
        value = text[start:end]
        if value != span["entity_value"] or label_map.drops(label):
            return None
        if label == "DATE_TIME" and _NO_DAY.fullmatch(value):
            return None
        kind = label_map.type_of(label)
        if kind is None:
            continue
        if spans and spans[-1].type == kind == "address" and not text[spans[-1].end : start].strip(" ,\n"):
            spans[-1] = SlotSpan(kind, spans[-1].start, end)
        elif not spans or start >= spans[-1].end:
            spans.append(SlotSpan(kind, start, end))
    return spans
