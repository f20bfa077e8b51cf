"""MultiDoGO (Peskov et al., EMNLP 2019): customer turns of six domains with one slot label a token.

The set is lower-case, without punctuation, and splits ids at every change between letters and
digits. This reader undoes what would teach a tagger a shape that no inbox has: "asa 954" under one
id label becomes "asa954" or "asa-954", "7 th" becomes "7th", sums keep their currency word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.slots_label_map import SlotLabelMap, load_slot_label_map
from shared.errors import DataFormatError

DOMAINS = ("airline", "fastfood", "finance", "insurance", "media", "software")
HELD_OUT = frozenset({"software"})

_ID_TYPES = frozenset({"order_id", "account_id", "ticket_id", "product_id", "phone", "payment_card"})
_CURRENCY_WORDS = frozenset({"dollar", "dollars", "usd", "rupees", "rs", "inr", "euro", "euros"})
_ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th"})
_DAY_WORD = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tues|wed|thurs|fri|sat|sun|yesterday|today|tomorrow)"
)


@dataclass(slots=True)
class _Piece:
    """A word of the rebuilt text with its slot type."""

    text: str
    type: str | None


def read_multidogo(
    root: Path,
    splits: Sequence[str] = ("train",),
    domains: Sequence[str] = DOMAINS,
    held_out: frozenset[str] = HELD_OUT,
    with_context_only: bool = True,
) -> Iterator[Example]:
    """Yields the turns of ``root`` (the folder ``multidogo``) once each, with their slots.

    Domains in ``held_out`` are skipped, so that they stay unseen for evaluation. Malformed rows
    (other than six columns, or other than one label a token) are dropped, as are rows whose
    labels the map calls unreliable. With ``with_context_only`` rows in which fewer than two
    words stand outside the slots go too ("kavi 4431"): nothing in them tells an order from an
    account. Raises DataFormatError where a split's file is missing.
    """
    label_map = load_slot_label_map("multidogo")
    seen: set[str] = set()
    for domain in domains:
        if domain in held_out:
            continue
        for split in splits:
            for tokens, labels in _rows(root, domain, split):
                example = _example(tokens, labels, label_map, with_context_only)
                if example is not None and example.text not in seen:
                    seen.add(example.text)
                    yield example


def _rows(root: Path, domain: str, split: str) -> Iterator[tuple[list[str], list[str]]]:
    path = root / "data" / "paper_splits" / "splits_annotated_at_turn_level" / domain / f"{split}.tsv"
    if not path.is_file():
        raise DataFormatError(
            f"multidogo: {path} does not exist; pass the folder that holds 'data/paper_splits'"
        )
    with path.open(encoding="utf-8", newline="\n") as lines:
        next(lines, None)
        for line in lines:
            columns = line.rstrip("\r\n").split("\t")
            if len(columns) != 6:
                continue
            tokens, labels = columns[3].split(" "), columns[4].split(" ")
            if len(tokens) == len(labels) and all(tokens):
                yield tokens, labels


def _example(
    tokens: Sequence[str], labels: Sequence[str], label_map: SlotLabelMap, with_context_only: bool
) -> Example | None:
    if any(label_map.drops(label) for label in labels):
        return None
    types = [label_map.type_of(label) for label in labels]
    pieces = _rebuilt([_Piece(token, kind) for token, kind in zip(tokens, types, strict=True)])
    if with_context_only and sum(piece.type is None for piece in pieces) < 2:
        return None
    text, spans = _joined(pieces)
    if not all(_plausible(span.type, text[span.start : span.end]) for span in spans):
        return None
    return Example(text=text, source=label_map.source, slots=tuple(spans), language="en")


def _rebuilt(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Undoes the set's tokenising of ids, ordinals and currency words."""
    rebuilt: list[_Piece] = []
    for piece in pieces:
        last = rebuilt[-1] if rebuilt else None
        if last is None:
            rebuilt.append(piece)
        elif piece.type in _ID_TYPES and piece.type == last.type:
            rebuilt[-1] = _Piece(last.text + _id_joint(last.text, piece.text) + piece.text, piece.type)
        elif piece.text in _ORDINAL_ENDINGS and last.text.isdigit() and len(last.text) <= 2:
            rebuilt[-1] = _Piece(last.text + piece.text, last.type)
        elif last.type == "amount" and piece.text in _CURRENCY_WORDS:
            rebuilt.append(_Piece(piece.text, "amount"))
        elif last.type == "payment_method" and piece.text in ("on", "delivery"):
            rebuilt.append(_Piece(piece.text, "payment_method"))
        else:
            rebuilt.append(piece)
    return rebuilt


def _id_joint(left: str, right: str) -> str:
    """What stood between two fragments of an id: nothing, or a hyphen or space for some of them."""
    if left[-1:].isdigit() and right[:1].isdigit():
        return "-" if crc32(left.encode()) % 2 else " "
    return "-" if crc32((left + right).encode()) % 4 == 0 else ""


def _joined(pieces: Sequence[_Piece]) -> tuple[str, list[SlotSpan]]:
    spans: list[SlotSpan] = []
    text = ""
    previous: str | None = None
    for piece in pieces:
        start = len(text) + 1 if text else 0
        text = f"{text} {piece.text}" if text else piece.text
        if piece.type is not None:
            if piece.type == previous and spans:
                spans[-1] = SlotSpan(piece.type, spans[-1].start, len(text))
            else:
                spans.append(SlotSpan(piece.type, start, len(text)))
        previous = piece.type
    return text, spans


def _plausible(kind: str, text: str) -> bool:
    """Whether a crowd label can be believed; the set has articles and pronouns marked as dates and ids."""
    has_digit = any(character.isdigit() for character in text)
    if kind in _ID_TYPES or kind in ("amount", "quantity"):
        counted = kind == "quantity" and not {"the", "more", "a"} & set(text.split())
        return has_digit or counted
    if kind == "date":
        return _DAY_WORD.search(text) is not None
    return True
