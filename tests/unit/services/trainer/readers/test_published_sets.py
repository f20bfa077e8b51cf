"""Readers of sets in their own labels, on miniature files in each set's form, written for this test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.trainer.example import Example, SlotSpan
from services.trainer.readers.published import (
    banking77,
    brighter,
    clinc150,
    goemotions,
    multidogo,
    nlupp,
    restaurant8k,
)
from shared.errors import DataFormatError

ANGER = "task-dataset/semeval-2025-task11-dataset/track_b"
TURNS = "data/paper_splits/splits_annotated_at_turn_level"
COLUMNS = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent"


def _put(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def _marked(example: Example) -> list[tuple[str, str]]:
    return [(span.type, example.text[span.start : span.end]) for span in example.slots or ()]


@pytest.mark.parametrize(
    "read",
    [
        lambda root: banking77.read_split(root, "train"),
        lambda root: clinc150.read_split(root, "train"),
        lambda root: goemotions.read_split(root, "train"),
        lambda root: brighter.read_anger(root, "train"),
        lambda root: restaurant8k.read_split(root, "train_0"),
        lambda root: multidogo.read_split(root, "media", "train"),
        nlupp.read_ontology,
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(DataFormatError, match=rf"{tmp_path}.*does not exist"):
        read(tmp_path)


def test_banking77(tmp_path: Path) -> None:
    _put(tmp_path / "banking_data/categories.json", ["lost_key", "new_key"])
    _put(
        tmp_path / "banking_data/train.csv",
        'text,category\n"Gone, my key\nis\n",lost_key\nA new one,new_key\n',
    )
    first, second = banking77.read_split(tmp_path, "train")
    assert (first.text, first.intents) == ("Gone, my key\nis", ("lost_key",))
    assert second.intents == ("new_key",)
    _put(tmp_path / "banking_data/test.csv", "text,category\nHm,odd\n")
    with pytest.raises(DataFormatError, match=r"test\.csv: line 2: category 'odd'"):
        banking77.read_split(tmp_path, "test")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,label\nx,y\n", "no column 'category'"),
        ("text,category\nx\n", "line 2: has not as many fields"),
        ("text,category\nx,lost_key,more\n", "line 2: has not as many fields"),
    ],
)
def test_a_malformed_csv_file_names_the_line(tmp_path: Path, content: str, message: str) -> None:
    _put(tmp_path / "banking_data/categories.json", ["lost_key"])
    _put(tmp_path / "banking_data/train.csv", content)
    with pytest.raises(DataFormatError, match=message):
        banking77.read_split(tmp_path, "train")


def test_clinc150_has_in_scope_texts_and_others(tmp_path: Path) -> None:
    parts: dict[str, list[list[str]]] = {
        "train": [["stop the tune", "stop_music"], ["louder", "volume"]],
        "oos_train": [["who shaves the barber", "oos"]],
    }
    _put(tmp_path / "data/data_full.json", parts)
    assert [(item.text, item.intents) for item in clinc150.read_split(tmp_path, "train")] == [
        ("stop the tune", ("stop_music",)),
        ("louder", ("volume",)),
        ("who shaves the barber", ()),
    ]
    assert clinc150.read_labels(tmp_path) == ("stop_music", "volume")
    with pytest.raises(DataFormatError, match="no list 'test'"):
        clinc150.read_split(tmp_path, "test")
    _put(tmp_path / "data/data_full.json", {"train": [["hm", "oos"]], "oos_train": []})
    with pytest.raises(DataFormatError, match=r"train\[0\]: 'oos' has no place"):
        clinc150.read_split(tmp_path, "train")


def test_goemotions_keeps_all_emotions_of_a_text(tmp_path: Path) -> None:
    folder = tmp_path / "data/original"
    _put(folder / "labels.txt", "anger\njoy\nneutral")
    # a line separator and a quotation mark inside a text are neither a line end nor quoting
    _put(folder / "dev.tsv", 'so "good\u2028really\t0,1\tid1\r\nfine\t2\tid2\n')
    found = goemotions.read_split(tmp_path, "dev")
    assert [(item.text, item.intents) for item in found] == [
        ('so "good\u2028really', ("anger", "joy")),
        ("fine", ("neutral",)),
    ]
    _put(folder / "test.tsv", "fine\t3\tid2\n")
    with pytest.raises(DataFormatError, match=r"test\.tsv: line 1: '3' does not number labels\.txt"):
        goemotions.read_split(tmp_path, "test")


def test_brighter_spreads_intensity_over_the_scale(tmp_path: Path) -> None:
    _put(tmp_path / ANGER / "test/eng.csv", 'id,text,anger,fear\n1,"Well, no",0,1\n2,Get out!,3,0\n')
    assert [(item.text, item.frustration) for item in brighter.read_anger(tmp_path, "test")] == [
        ("Well, no", 0.0),
        ("Get out!", 4.0),
    ]
    _put(tmp_path / ANGER / "dev/eng.csv", "id,text,anger\n1,Well,4\n")
    with pytest.raises(DataFormatError, match="line 2: anger must be 0 to 3, and is '4'"):
        brighter.read_anger(tmp_path, "dev")


def _booking(text: str, *labels: tuple[str, dict[str, int]], asked: tuple[str, ...] = ()) -> dict[str, Any]:
    row: dict[str, Any] = {"userInput": {"text": text}}
    if labels:
        row["labels"] = [{"slot": slot, "valueSpan": span} for slot, span in labels]
    if asked:
        row["context"] = {"requestedSlots": list(asked)}
    return row


def test_restaurant8k(tmp_path: Path) -> None:
    rows = [
        _booking("9", ("time", {"endIndex": 1}), asked=("time", "first_name")),
        _booking("we are 4 at half 9", ("time", {"startIndex": 11, "endIndex": 18}), ("people", {"startIndex": 7, "endIndex": 8})),
        _booking("thank you"),
    ]  # fmt: skip
    _put(tmp_path / "span_extraction/restaurant8k/test.json", rows)
    alone = restaurant8k.read_split(tmp_path, "test")
    assert [_marked(item) for item in alone] == [[("time", "9")], [("people", "4"), ("time", "half 9")], []]
    first, second, _ = restaurant8k.read_split(tmp_path, "test", asked=True)
    assert (first.text, _marked(first)) == ("time, first name: 9", [("time", "9")])
    assert second == alone[1], "where nothing was asked for, nothing stands before the text"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"labels": []}, r"example 0: has no userInput\.text"),
        (_booking("at 9", ("hour", {"startIndex": 3, "endIndex": 4})), "'hour' is none of the set's slots"),
        (_booking("at 9", ("time", {"startIndex": 3, "endIndex": 9})), "the span 3-9 of time lies not in the text"),
        (_booking("at 9", ("time", {"startIndex": 3})), "the span 3-0 of time"),
    ],
)  # fmt: skip
def test_a_wrong_booking_is_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    _put(tmp_path / "span_extraction/restaurant8k/train_0.json", [row])
    with pytest.raises(DataFormatError, match=message):
        restaurant8k.read_split(tmp_path, "train_0")


def _turns(tmp_path: Path, *rows: tuple[str, str]) -> None:
    lines = [COLUMNS, *(f"c\t1\tu\t{text}\t{labels}\tx" for text, labels in rows)]
    _put(tmp_path / TURNS / "media/train.tsv", "\n".join(lines) + "\n")


def test_multidogo_joins_neighbours_of_one_label(tmp_path: Path) -> None:
    _turns(tmp_path, ("i am bo li of 7 elm row", "O O name name O address address address"), ("hello", "O"))
    first, second = multidogo.read_split(tmp_path, "media", "train")
    assert _marked(first) == [("name", "bo li"), ("address", "7 elm row")]
    assert second.slots == ()
    (named, _) = multidogo.read_split(tmp_path, "media", "train", slots=("name",))
    assert _marked(named) == [("name", "bo li")]
    assert multidogo.slot_names([first, second]) == {"name", "address"}


def test_multidogo_leaves_a_few_malformed_rows_out_but_not_many(tmp_path: Path) -> None:
    _turns(tmp_path, ("two words", "O"), *[("hello", "O")] * 40)
    assert len(multidogo.read_split(tmp_path, "media", "train")) == 40
    _turns(tmp_path, *[("two words", "O")] * 3, *[("hello", "O")] * 40)
    with pytest.raises(DataFormatError, match="3 of 43 rows are malformed"):
        multidogo.read_split(tmp_path, "media", "train")
    _put(tmp_path / TURNS / "media/dev.tsv", "utterance\tintent\nhello\tx\n")
    with pytest.raises(DataFormatError, match="line 1: must name the columns"):
        multidogo.read_split(tmp_path, "media", "dev")


ONTOLOGY = {
    "intents": {"why": {"domain": ["general"]}, "loan": {"domain": ["banking"]}, "spa": {"domain": ["hotels"]}},
    "slots": {"date": {"domain": ["general"]}, "rooms": {"domain": ["hotels"]}},
}  # fmt: skip


def test_nlupp(tmp_path: Path) -> None:
    _put(tmp_path / "nlupp/data/ontology.json", ONTOLOGY)
    ontology = nlupp.read_ontology(tmp_path)
    assert ontology.intents_of("general", "banking") == ("why", "loan")
    assert ontology.intents_of("general") == ("why",)
    assert ontology.slots_of("general", "hotels") == ("date", "rooms")
    may = {"text": "May", "span": [13, 16], "value": {"month": 5}}
    rows = [
        {"text": "why a loan in May", "intents": ["why", "loan", "why"]},
        {"text": "no plans for May", "slots": {"date": may}},
    ]
    _put(tmp_path / "nlupp/data/banking/fold3.json", rows)
    first, second = nlupp.read_fold(tmp_path, "banking", 3, ontology)
    assert (first.intents, first.slots) == (("why", "loan"), ())
    assert (second.intents, second.slots) == ((), (SlotSpan("date", 13, 16),))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"intents": ["why"]}, "example 0: has no text"),
        ({"text": "a spa", "intents": ["spa"]}, "intent 'spa' is not in the ontology of banking"),
        ({"text": "2", "slots": {"rooms": {"text": "2", "span": [0, 1]}}}, "slot 'rooms' is not in"),
        ({"text": "on May 1", "slots": {"date": {"text": "May 1", "span": [2, 8]}}}, "the span 2-8 of date"),
    ],
)
def test_a_wrong_row_of_nlupp_is_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    _put(tmp_path / "nlupp/data/ontology.json", ONTOLOGY)
    _put(tmp_path / "nlupp/data/banking/fold0.json", [row])
    with pytest.raises(DataFormatError, match=message):
        nlupp.read_fold(tmp_path, "banking", 0, nlupp.read_ontology(tmp_path))


def test_the_experiments_of_nlupp_are_those_of_its_readme() -> None:
    assert nlupp.folds_of("20-fold", 4) == ((4,), (*range(4), *range(5, 20)))
    assert nlupp.folds_of("10-fold", 9) == ((18, 19), tuple(range(18)))
    assert nlupp.folds_of("large", 0) == (tuple(range(2, 20)), (0, 1))
    for regime, count in (("20-fold", 20), ("10-fold", 10), ("large", 10)):
        assert nlupp.experiment_count(regime) == count  # type: ignore[arg-type]
        for number in range(count):
            train, test = nlupp.folds_of(regime, number)  # type: ignore[arg-type]
            assert sorted((*train, *test)) == list(range(20))
        with pytest.raises(ValueError, match=str(count)):
            nlupp.folds_of(regime, count)  # type: ignore[arg-type]
