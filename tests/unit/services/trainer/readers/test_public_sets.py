"""Readers of public sets, on miniature files in each set's form, written for this test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.trainer.label_map import (
    LABEL_MAPS,
    IntentLabelMap,
    IntentMeaning,
    load_intent_map,
    load_sentiment_map,
)
from services.trainer.readers import emotions, intents
from services.trainer.taxonomy import Taxonomy, load_taxonomy
from shared.errors import DataFormatError

PACK = Path(__file__).parents[5] / "deploy" / "packs" / "commerce"
TAXONOMY = Taxonomy(intents=("refund_request", "order_status", "praise"), slots=("order_id",))


def _map(labels: Mapping[str, tuple[str, ...] | None]) -> IntentLabelMap:
    meanings = {
        name: None
        if named is None
        else IntentMeaning(named, tuple(x for x in TAXONOMY.intents if x not in named))
        for name, named in labels.items()
    }
    return IntentLabelMap("tiny", "MIT", meanings)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("path", sorted(LABEL_MAPS.glob("*.intents.yaml")), ids=lambda path: path.name)
def test_intent_maps_fit_the_taxonomy(path: Path) -> None:
    labels = load_intent_map(path.name.removesuffix(".intents.yaml"), load_taxonomy(PACK))
    assert labels.licence and len(labels.labels) > 10
    for meaning in labels.labels.values():
        assert meaning is None or not set(meaning.intents) & set(meaning.negatives)


@pytest.mark.parametrize("path", sorted(LABEL_MAPS.glob("*.sentiment.yaml")), ids=lambda path: path.name)
def test_sentiment_maps_are_on_our_scales(path: Path) -> None:
    assert load_sentiment_map(path.name.removesuffix(".sentiment.yaml")).labels


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("{a: [teleport]}", "teleport"),
        ("{a: maybe}", "labels.a"),
        ("[]", "labels"),
    ],
)
def test_a_wrong_intent_map_names_the_label(tmp_path: Path, labels: str, message: str) -> None:
    _put(tmp_path / "tiny.intents.yaml", f"source: tiny\nlicence: MIT\nlabels: {labels}\n")
    with pytest.raises(DataFormatError, match=message):
        load_intent_map("tiny", TAXONOMY, tmp_path)


def test_open_intents_are_neither_trained_as_present_nor_as_absent(tmp_path: Path) -> None:
    _put(
        tmp_path / "tiny.intents.yaml",
        "source: tiny\nlicence: MIT\nlabels: {a: [refund_request, '?praise'], b: none, c: drop}\n",
    )
    labels = load_intent_map("tiny", TAXONOMY, tmp_path)
    assert labels.meaning("a") == IntentMeaning(("refund_request",), ("order_status",))
    assert labels.meaning("b") == IntentMeaning((), TAXONOMY.intents)
    assert labels.meaning("c") is None
    with pytest.raises(DataFormatError, match="'d'"):
        labels.meaning("d")


def test_banking77_reads_its_training_file_alone(tmp_path: Path) -> None:
    _put(tmp_path / "banking_data/train.csv", 'text,category\n"Money back, please",refund\nHm,odd\n')
    (example,) = intents.read_banking77(tmp_path, _map({"refund": ("refund_request",), "odd": None}))
    assert example.text == "Money back, please"
    assert example.intents == ("refund_request",)
    assert example.negatives == ("order_status", "praise")


def test_a_missing_column_or_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"train\.csv"):
        list(intents.read_banking77(tmp_path, _map({})))
    _put(tmp_path / "banking_data/train.csv", "text,label\nx,y\n")
    with pytest.raises(DataFormatError, match="category"):
        list(intents.read_banking77(tmp_path, _map({})))


def test_clinc150_reads_training_and_out_of_scope(tmp_path: Path) -> None:
    content = {
        "train": [["nice job", "kind"]],
        "oos_train": [["why is grass green", "oos"]],
        "test": [["x", "y"]],
    }
    _put(tmp_path / "data/data_full.json", json.dumps(content))
    found = list(intents.read_clinc150(tmp_path, _map({"kind": ("praise",), "oos": ()})))
    assert [(item.text, item.intents) for item in found] == [
        ("why is grass green", ()),
        ("nice job", ("praise",)),
    ]


def test_multidogo_joins_several_intents_and_drops_slipped_rows(tmp_path: Path) -> None:
    header = "conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent"
    rows = [
        "c\t1\tu\twhere is it and refund me\tO\ttrack<div>refund",
        "c\t2\tu\tslipped\tO",
        "c\t3\tu\tunknown\tO\tO O O",
    ]
    for domain in ("airline", "fastfood", "finance", "insurance", "media"):
        folder = tmp_path / "data/paper_splits/splits_annotated_at_turn_level" / domain
        _put(folder / "train.tsv", "\n".join([header, *(rows if domain == "media" else [])]))
    labels = _map({"track": ("order_status",), "refund": ("refund_request",)})
    (example,) = intents.read_multidogo(tmp_path, labels)
    assert example.intents == ("order_status", "refund_request")
    assert example.negatives == ("praise",)


def test_goemotions_takes_the_most_negative_of_several_emotions(tmp_path: Path) -> None:
    _put(tmp_path / "data/original/labels.txt", "anger\njoy\nneutral\n")
    _put(tmp_path / "data/original/train.tsv", "what a day\t1,0\tid1\nfine\t2\tid2\n")
    found = list(emotions.read_goemotions(tmp_path, load_sentiment_map("goemotions")))
    assert [(item.sentiment, item.frustration) for item in found] == [("very_negative", 3), ("neutral", 0)]


def test_brighter_reads_train_and_dev_but_never_test(tmp_path: Path) -> None:
    base = tmp_path / "task-dataset/semeval-2025-task11-dataset/track_b"
    for split in ("train", "dev", "test"):
        _put(base / split / "eng.csv", f"id,text,anger,fear\n1,{split} text,3,0\n")
    found = list(emotions.read_brighter(tmp_path, load_sentiment_map("brighter")))
    assert [item.text for item in found] == ["train text", "dev text"]
    assert all(item.frustration == 3.5 and item.sentiment is None for item in found)


def test_convabuse_averages_its_annotators(tmp_path: Path) -> None:
    columns = [f"Annotator{n}_is_abuse.{s}" for n in (1, 2) for s in (1, 0, -1, -2, -3)]
    header = ",".join(["user", *columns])
    angry = ",".join(["shut up", "0", "0", "1", "0", "0", "0", "0", "0", "0", "1"])
    calm = ",".join(["hello", "1", "0", "0", "0", "0", "", "", "", "", ""])
    _put(tmp_path / "2_splits/ConvAbuseEMNLPtrain.csv", f"{header}\n{angry}\n{calm}\n")
    (example,) = emotions.read_convabuse(tmp_path, load_sentiment_map("convabuse"))
    assert (example.text, example.frustration, example.sentiment) == ("shut up", 3.5, "very_negative")
