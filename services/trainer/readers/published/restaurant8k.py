"""RESTAURANTS-8K (Coope et al. 2020): booking utterances with spans of five slots; train and test, no dev part."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.published.files import json_objects
from shared.errors import DataFormatError

SOURCE = "restaurant8k"
SLOTS = ("people", "date", "time", "first_name", "last_name")


def read_split(root: Path, split: Literal["train_0", "test"], *, asked: bool = False) -> list[Example]:
    """One part of ``root`` (the folder ``restaurant8k_dstc8_spans``), row by row; ``train_0`` is all of it.

    Spaces at the ends of a span (five rows have some) are no part of it. With ``asked`` the slots that
    the agent had asked for stand before the text ("people: 13"); without them nothing tells whether a
    bare "13" is a time or a number of people.
    """
    examples = []
    for where, row in json_objects(root / f"span_extraction/restaurant8k/{split}.json"):
        text = row.get("userInput", {}).get("text")
        if not isinstance(text, str) or not text:
            raise DataFormatError(f"{where}: has no userInput.text")
        spans = [_span(where, text, label) for label in row.get("labels", ())]
        before = _question(where, row) if asked else ""
        moved = (SlotSpan(it.type, it.start + len(before), it.end + len(before)) for it in spans)
        examples.append(Example(before + text, SOURCE, slots=tuple(sorted(moved, key=lambda it: it.start))))
    return examples


def _span(where: str, text: str, label: dict[str, Any]) -> SlotSpan:
    slot, value = label.get("slot"), label.get("valueSpan", {})
    if slot not in SLOTS:
        raise DataFormatError(f"{where}: {slot!r} is none of the set's slots {', '.join(SLOTS)}")
    # the files leave an index out where it is 0
    start, end = value.get("startIndex", 0), value.get("endIndex", 0)
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        raise DataFormatError(f"{where}: the span {start}-{end} of {slot} lies not in the text")
    part = text[start:end]
    return SlotSpan(slot, start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip()))


def _question(where: str, row: dict[str, Any]) -> str:
    slots = row.get("context", {}).get("requestedSlots", [])
    if unknown := [slot for slot in slots if slot not in SLOTS]:
        raise DataFormatError(f"{where}: {unknown[0]!r}, which was asked for, is none of the set's slots")
    return f"{', '.join(slots).replace('_', ' ')}: " if slots else ""
