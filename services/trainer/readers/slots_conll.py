"""WNUT-2017 (Derczynski et al.) and the Broad Twitter Corpus: noisy social text in CoNLL columns.

Both are read for the names of products and persons, which shop conversations mention and templated
sets lack. Words are joined by single spaces, with punctuation closed up as it is written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.slots_label_map import SlotLabelMap, load_slot_label_map
from shared.errors import DataFormatError

_NO_SPACE_BEFORE = frozenset(".,!?;:)]}%…") | {"'s", "'m", "'re", "'ve", "'ll", "'d", "n't", "’s", "..."}
_NO_SPACE_AFTER = frozenset("([{$£€@#")
# Titles are no part of a person_name in our taxonomy; the Twitter corpus includes them.
_TITLE = re.compile(
    r"(?:dr|mr|mrs|ms|miss|sir|lady|lord|prof|professor|president|queen|king|prince|princess|pope)\b\.?\s+",
    re.I,
)


def read_wnut17(
    root: Path, files: Sequence[str] = ("wnut17train.conll", "emerging.dev.conll")
) -> Iterator[Example]:
    """Yields the posts of ``root`` (the folder ``wnut17``) with product and person names.

    Raises DataFormatError where a file is missing.
    """
    for name in files:
        yield from _read(root / name, load_slot_label_map("wnut17"))


def read_btc(root: Path, split: str = "train") -> Iterator[Example]:
    """Yields the tweets of ``root`` (the folder ``btc``) with person names; ``split`` is train, dev or test.

    The corpus marks "@handle" as a person or organisation; handles are usernames to us, so
    tweets with one under PER are left out. Raises DataFormatError where the file is missing.
    """
    for example in _read(root / "train_dev_test_conll" / f"btc.{split}", load_slot_label_map("btc")):
        spans = example.slots or ()
        if not any("@" in example.text[max(0, span.start - 1) : span.start + 1] for span in spans):
            yield example


def _read(path: Path, label_map: SlotLabelMap) -> Iterator[Example]:
    if not path.is_file():
        raise DataFormatError(f"{label_map.source}: {path} does not exist; pass the set's own folder")
    seen: set[str] = set()
    for sentence in _sentences(path):
        text, spans = _joined(sentence, label_map)
        if text not in seen:
            seen.add(text)
            yield Example(text=text, source=label_map.source, slots=tuple(spans), language="en")


def _sentences(path: Path) -> Iterator[list[tuple[str, str]]]:
    sentence: list[tuple[str, str]] = []
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            columns = line.rstrip("\r\n").split("\t")
            if len(columns) == 2 and columns[0].strip():
                sentence.append((html.unescape(columns[0].strip()), columns[1].strip()))
            elif not line.strip() and sentence:
                yield sentence
                sentence = []
    if sentence:
        yield sentence


def _joined(sentence: Sequence[tuple[str, str]], label_map: SlotLabelMap) -> tuple[str, list[SlotSpan]]:
    text = ""
    spans: list[SlotSpan] = []
    open_after = False
    for word, tag in sentence:
        if text and not open_after and word not in _NO_SPACE_BEFORE:
            text += " "
        open_after = word in _NO_SPACE_AFTER
        start = len(text)
        text += word
        if tag == "O":
            continue
        prefix, _, label = tag.partition("-")
        kind = label_map.type_of(label)
        if kind is None:
            continue
        if prefix == "I" and spans and spans[-1].type == kind and start - spans[-1].end <= 1:
            spans[-1] = SlotSpan(kind, spans[-1].start, len(text))
        else:
            spans.append(SlotSpan(kind, start, len(text)))
    return text, [trimmed for span in spans if (trimmed := _trimmed(text, span)) is not None]


def _trimmed(text: str, span: SlotSpan) -> SlotSpan | None:
    """The span without a title before it or punctuation after it; None where nothing is left."""
    start, end = span.start, span.end
    if span.type == "person_name" and (title := _TITLE.match(text, start, end)):
        start = title.end()
    end = start + len(text[start:end].rstrip(" .,!?;:'\""))
    return SlotSpan(span.type, start, end) if end > start else None
