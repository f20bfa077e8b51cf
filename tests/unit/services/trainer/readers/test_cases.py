"""Case files are read strictly, and errors name file, line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.trainer.example import SlotSpan
from services.trainer.readers.cases import case_examples, read_cases
from services.trainer.taxonomy import Taxonomy, load_taxonomy
from shared.errors import DataFormatError

PACK = Path(__file__).parents[5] / "deploy" / "packs" / "commerce"
TAXONOMY = Taxonomy(intents=("refund_request", "order_status"), slots=("order_id", "date"))


def _case(**message: Any) -> dict[str, Any]:
    customer = {
        "author": "customer",
        "text": "👋 order B-77 où?",
        "intents": ["order_status"],
        "slots": [{"type": "order_id", "text": "B-77", "start": 8, "end": 12}],
        "sentiment": "neutral",
        "frustration": 1,
        "escalate": False,
    }
    return {
        "id": "x-1",
        "lang": "en",
        "channel": "chat",
        "messages": [{**customer, **message}, {"author": "agent", "text": "One moment."}],
    }


def _write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_customers_messages_become_examples(tmp_path: Path) -> None:
    path = _write(tmp_path, json.dumps(_case()), "")
    (example,) = case_examples(read_cases(path, TAXONOMY))
    assert example.intents == ("order_status",)
    assert example.slots == (SlotSpan("order_id", 8, 12),)
    assert (example.sentiment, example.frustration, example.language) == ("neutral", 1.0, "en")


def test_missing_labels_stay_missing(tmp_path: Path) -> None:
    case = _case()
    case["messages"][0] = {"author": "customer", "text": "hm", "intents": []}
    (example,) = case_examples(read_cases(_write(tmp_path, json.dumps(case)), TAXONOMY))
    assert example.intents == ()
    assert example.slots is None and example.sentiment is None and example.frustration is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"intents": ["teleport"]}, "messages.0.intents: 'teleport'"),
        ({"intents": ["order_status", "order_status"]}, "named twice"),
        ({"sentiment": "meh"}, "messages.0.sentiment"),
        ({"frustration": 5}, "messages.0.frustration"),
        ({"mood": "sad"}, "messages.0.mood"),
        ({"text": ""}, "messages.0.text"),
        ({"slots": [{"type": "order_id", "text": "B-77", "start": 7, "end": 11}]}, "it stands at 8-12"),
        ({"slots": [{"type": "order_id", "text": "C-1", "start": 0, "end": 3}]}, "not in the text"),
        ({"slots": [{"type": "planet", "text": "B-77", "start": 8, "end": 12}]}, "planet"),
        (
            {
                "slots": [
                    {"type": "order_id", "text": "B-77", "start": 8, "end": 12},
                    {"type": "date", "text": "7", "start": 11, "end": 12},
                ]
            },
            "overlaps",
        ),
    ],
)
def test_a_wrong_label_names_line_and_field(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    good = {**_case(), "id": "x-0"}
    path = _write(tmp_path, json.dumps(good), json.dumps(_case(**change)))
    with pytest.raises(DataFormatError, match=message) as caught:
        list(read_cases(path, TAXONOMY))
    assert f"{path}:2" in str(caught.value)


def test_a_line_that_is_no_json_and_labels_on_agents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=":1"):
        list(read_cases(_write(tmp_path, "{"), TAXONOMY))
    case = _case()
    case["messages"][1]["intents"] = []
    with pytest.raises(DataFormatError, match="agent"):
        list(read_cases(_write(tmp_path, json.dumps(case)), TAXONOMY))


def test_an_id_is_used_once_across_the_files_of_a_folder(tmp_path: Path) -> None:
    _write(tmp_path, json.dumps(_case()))
    (tmp_path / "b.jsonl").write_text(json.dumps(_case()), encoding="utf-8")
    with pytest.raises(DataFormatError, match=r"b\.jsonl:1.*'x-1'.*a\.jsonl:1"):
        list(read_cases(tmp_path, TAXONOMY))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="jsonl"):
        list(read_cases(tmp_path, TAXONOMY))


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_the_packs_own_cases_are_well_formed(split: str) -> None:
    examples = list(case_examples(read_cases(PACK / "cases" / split, load_taxonomy(PACK))))
    assert len(examples) > 100


def test_the_splits_of_the_pack_share_no_text() -> None:
    taxonomy = load_taxonomy(PACK)
    # two words such as "yes please" may well be written twice
    texts = {
        split: {
            example.text.lower()
            for example in case_examples(read_cases(PACK / "cases" / split, taxonomy))
            if len(example.text) > 40
        }
        for split in ("train", "dev", "test")
    }
    assert not texts["train"] & texts["dev"]
    assert not texts["train"] & texts["test"]
    assert not texts["dev"] & texts["test"]
