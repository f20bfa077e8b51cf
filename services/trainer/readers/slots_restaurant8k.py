"""restaurant8k and DSTC8 span sets (Coope et al., ACL 2020): booking utterances with value spans.

A span's ``startIndex`` is absent where it is 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.slots_label_map import SlotLabelMap, load_slot_label_map
from shared.errors import DataFormatError

SETS = ("restaurant8k", "dstc8/Buses_1", "dstc8/Events_1", "dstc8/Homes_1", "dstc8/RentalCars_1")
_CLOSING = " .,!?;:"


def read_restaurant8k(
    root: Path, split: str = "train_0", sets: Sequence[str] = SETS, with_context_only: bool = True
) -> Iterator[Example]:
    """Yields the utterances of ``root`` (the folder ``restaurant8k_dstc8_spans``) once each.

    ``split`` is ``train_0`` (all training rows), a smaller ``train_<n>`` or ``test``. Where the
    agent had asked for a slot the set marks bare answers ("Nunes"), which nothing in the text
    gives away; with ``with_context_only`` they are left out. Raises DataFormatError where a file
    is missing.
    """
    label_map = load_slot_label_map("restaurant8k")
    seen: set[str] = set()
    for name in sets:
        path = root / "span_extraction" / name / f"{split}.json"
        if not path.is_file():
            raise DataFormatError(
                f"restaurant8k: {path} does not exist; pass the folder that holds 'span_extraction'"
            )
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        for row in rows:
            text = str(row["userInput"]["text"])
            spans = _spans(text, row.get("labels", ()), label_map)
            if text in seen or spans is None:
                continue
            seen.add(text)
            if not (with_context_only and any(span.end - span.start >= len(text) - 2 for span in spans)):
                yield Example(text=text, source=label_map.source, slots=tuple(spans), language="en")


def _spans(text: str, labels: Sequence[dict[str, Any]], label_map: SlotLabelMap) -> list[SlotSpan] | None:
    spans: list[SlotSpan] = []
    found = sorted(labels, key=lambda label: int(label["valueSpan"].get("startIndex", 0)))
    for label in found:
        name = str(label["slot"])
        if label_map.drops(name):
            return None
        kind = label_map.type_of(name)
        start, end = int(label["valueSpan"].get("startIndex", 0)), int(label["valueSpan"]["endIndex"])
        if not 0 <= start < end <= len(text):
            return None
        end = start + len(text[start:end].rstrip(_CLOSING))
        if kind is None or end <= start:
            continue
        if spans and spans[-1].type == kind == "person_name" and not text[spans[-1].end : start].strip():
            spans[-1] = SlotSpan(kind, spans[-1].start, end)
        elif not spans or start >= spans[-1].end:
            spans.append(SlotSpan(kind, start, end))
    return spans
