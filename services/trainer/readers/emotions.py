"""Readers of public emotion sets for sentiment and frustration; training parts only."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from services.trainer.example import Example
from services.trainer.label_map import SentimentLabelMap
from shared.domain.analysis import Sentiment
from shared.errors import DataFormatError

_WORST_FIRST = [level.value for level in Sentiment]
_BRIGHTER = "task-dataset/semeval-2025-task11-dataset/track_b"


def read_goemotions(root: Path, labels: SentimentLabelMap) -> Iterator[Example]:
    """GoEmotions (Demszky et al. 2020), training split.

    Of several emotions the most frustrated and, apart from it, the most negative level count.
    """
    names = _text(root / "data/original/labels.txt").split()
    for line in _text(root / "data/original/train.tsv").split("\n"):
        fields = line.rstrip("\r").split("\t")
        if len(fields) != 3:
            continue
        meanings = [labels.meaning(names[int(number)]) for number in fields[1].split(",")]
        levels = [meaning.sentiment for meaning in meanings if meaning.sentiment is not None]
        degrees = [meaning.frustration for meaning in meanings if meaning.frustration is not None]
        yield Example(
            text=fields[0],
            source=labels.source,
            sentiment=min(levels, key=_WORST_FIRST.index, default=None),
            frustration=max(degrees, default=None),
        )


def read_brighter(root: Path, labels: SentimentLabelMap) -> Iterator[Example]:
    """BRIGHTER (Muhammad et al. 2025), intensity of anger in English, training and dev split.

    Its English test split is for evaluation and is not read here.
    """
    for split in ("train", "dev"):
        for row in csv.DictReader(_text(root / _BRIGHTER / split / "eng.csv").splitlines(keepends=True)):
            meaning = labels.meaning(row["anger"])
            yield Example(
                text=row["text"].strip(),
                source=labels.source,
                sentiment=meaning.sentiment,
                frustration=meaning.frustration,
            )


def read_convabuse(root: Path, labels: SentimentLabelMap) -> Iterator[Example]:
    """ConvAbuse (Cercas Curry et al. 2021), training split: the user's turn.

    Severity is the mean of its annotators' votes, rounded; turns without abuse carry no label of
    ours and are left out.
    """
    path = root / "2_splits/ConvAbuseEMNLPtrain.csv"
    for row in csv.DictReader(_text(path).splitlines(keepends=True)):
        votes = [
            severity
            for column, value in row.items()
            if column and "_is_abuse." in column and value in ("1", "1.0")
            for severity in [int(column.rsplit(".", 1)[1])]
        ]
        if not votes or not (row["user"] or "").strip():
            continue
        meaning = labels.meaning(str(round(fmean(votes))))
        if meaning.frustration is not None:
            yield Example(
                text=row["user"].strip(),
                source=labels.source,
                sentiment=meaning.sentiment,
                frustration=meaning.frustration,
            )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataFormatError(f"{path}: cannot be read ({error.strerror})") from error
