"""Readers of public slot sets, over files written here in the sets' own formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from services.slots.extractor import SlotExtractor
from services.slots.rules import load_slot_rules
from services.trainer.example import Example, SlotSpan
from services.trainer.readers.slots_completion import completed
from services.trainer.readers.slots_conll import read_btc, read_wnut17
from services.trainer.readers.slots_label_map import LABEL_MAPS, load_slot_label_map
from services.trainer.readers.slots_multidogo import DOMAINS, read_multidogo
from services.trainer.readers.slots_presidio import read_presidio
from services.trainer.readers.slots_restaurant8k import SETS, read_restaurant8k
from services.trainer.readers.slots_taubench import read_taubench
from shared.errors import DataFormatError

PACK = Path(__file__).parents[4] / "deploy" / "packs" / "commerce"


def marked(examples: Iterator[Example]) -> list[tuple[str, list[tuple[str, str]]]]:
    read = []
    for example in examples:
        spans = example.slots or ()
        end = 0
        for span in spans:
            assert end <= span.start < span.end <= len(example.text)
            end = span.end
        read.append((example.text, [(span.type, example.text[span.start : span.end]) for span in spans]))
    return read


def test_every_label_map_names_types_of_the_taxonomy() -> None:
    types = set(yaml.safe_load((PACK / "taxonomy.yaml").read_text(encoding="utf-8"))["slots"])
    names = sorted(path.name.removesuffix(".slots.yaml") for path in LABEL_MAPS.glob("*.slots.yaml"))
    assert names == ["btc", "multidogo", "presidio", "restaurant8k", "taubench", "wnut17"]
    for name in names:
        label_map = load_slot_label_map(name)
        assert set(label_map.labels.values()) <= types | {"none", "drop"}
        assert label_map.ignored_types <= types
        assert label_map.licence


def test_an_unknown_label_is_an_error_that_says_what_to_add() -> None:
    with pytest.raises(DataFormatError, match="no entry for label 'shoe_size'"):
        load_slot_label_map("multidogo").type_of("shoe_size")


def test_a_missing_map_and_a_malformed_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="does not exist"):
        load_slot_label_map("nothing", tmp_path)
    (tmp_path / "x.slots.yaml").write_text("labels: [a]", encoding="utf-8")
    with pytest.raises(DataFormatError, match="needs a mapping 'labels'"):
        load_slot_label_map("x", tmp_path)


@pytest.fixture
def multidogo(tmp_path: Path) -> Path:
    rows = {
        "airline": [
            ("my number is qz 77 b 2 thanks", "O O O booking_confirmation_number booking_confirmation_number booking_confirmation_number booking_confirmation_number O"),
            ("my number is qz 77 b 2 thanks", "O O O booking_confirmation_number booking_confirmation_number booking_confirmation_number booking_confirmation_number O"),
            ("kavi 4431", "name booking_confirmation_number"),
            ("two tokens one label", "O O O"),
            ("mail is jo 7 mailcom now", "O O email_address email_address email_address O"),
            ("i fly on june 7 th then", "O O O start_date start_date start_date O"),
            ("i fly on 07062018 then", "O O O start_date O"),
        ],
        "finance": [("please send 300 dollars to me", "O O transferamount O O O")],
        "software": [("my order is 4471 today", "O O O order_number O")],
    }  # fmt: skip
    for domain in DOMAINS:
        folder = tmp_path / "data" / "paper_splits" / "splits_annotated_at_turn_level" / domain
        folder.mkdir(parents=True)
        lines = ["conversationId\tturnNumber\tutteranceId\tutterance\tslot-labels\tintent"]
        lines += [
            f"c\t{turn}\tu\t{text}\t{labels}\tx" for turn, (text, labels) in enumerate(rows.get(domain, []))
        ]
        lines.append("a broken line")
        (folder / "train.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_multidogo_joins_ids_and_drops_what_cannot_be_learnt(multidogo: Path) -> None:
    read = dict(marked(read_multidogo(multidogo)))
    assert list(read) == [
        next(text for text in read if text.startswith("my number")),
        "i fly on june 7th then",
        "please send 300 dollars to me",
    ]
    ((kind, joined),) = read[next(iter(read))]
    assert kind == "order_id"
    assert joined.replace("-", "") == "qz77b2"
    assert read["i fly on june 7th then"] == [("date", "june 7th")]
    assert read["please send 300 dollars to me"] == [("amount", "300 dollars")]


def test_multidogo_keeps_software_out_unless_asked(multidogo: Path) -> None:
    assert not any("4471" in text for text, _ in marked(read_multidogo(multidogo)))
    held_out = marked(read_multidogo(multidogo, domains=("software",), held_out=frozenset()))
    assert held_out == [("my order is 4471 today", [("order_id", "4471")])]


def test_multidogo_rows_without_context_come_on_demand(multidogo: Path) -> None:
    texts = [text for text, _ in marked(read_multidogo(multidogo, with_context_only=False))]
    assert "kavi 4431" in texts


def test_presidio(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    text = "Ms. Ada Lind moved to 4 Elm Row, York YO1 7HH"
    rows = [
        {"full_text": text, "spans": [
            {"entity_type": "STREET_ADDRESS", "entity_value": "4 Elm Row", "start_position": 22, "end_position": 31},
            {"entity_type": "ZIP_CODE", "entity_value": "YO1 7HH", "start_position": 38, "end_position": 45},
            {"entity_type": "TITLE", "entity_value": "Ms.", "start_position": 0, "end_position": 3},
            {"entity_type": "PERSON", "entity_value": "Ada Lind", "start_position": 4, "end_position": 12},
        ]},
        {"full_text": "born in 1975", "spans": [
            {"entity_type": "DATE_TIME", "entity_value": "1975", "start_position": 8, "end_position": 12}]},
        {"full_text": "shifted", "spans": [
            {"entity_type": "PERSON", "entity_value": "other", "start_position": 0, "end_position": 5}]},
    ]  # fmt: skip
    (tmp_path / "data" / "synth_dataset_v2.json").write_text(json.dumps(rows), encoding="utf-8")
    assert marked(read_presidio(tmp_path)) == [
        (text, [("person_name", "Ada Lind"), ("address", "4 Elm Row"), ("address", "YO1 7HH")])
    ]


def test_restaurant8k(tmp_path: Path) -> None:
    def row(text: str, *labels: tuple[str, int, int]) -> dict[str, object]:
        return {
            "userInput": {"text": text},
            "labels": [
                {
                    "slot": slot,
                    "valueSpan": {"startIndex": start, "endIndex": end} if start else {"endIndex": end},
                }
                for slot, start, end in labels
            ],
        }

    rows = [
        row(
            "Ada Lind, 4 people on 3 May.",
            ("first_name", 0, 3),
            ("last_name", 4, 8),
            ("people", 10, 18),
            ("date", 22, 28),
        ),
        row("Lind", ("last_name", 0, 4)),
        {"userInput": {"text": "no labels here"}},
        row("broken span", ("date", 4, 400)),
    ]
    for name in SETS:
        folder = tmp_path / "span_extraction" / name
        folder.mkdir(parents=True)
        content = rows if name == SETS[0] else []
        (folder / "train_0.json").write_text(json.dumps(content), encoding="utf-8")
    assert marked(read_restaurant8k(tmp_path)) == [
        ("Ada Lind, 4 people on 3 May.", [("person_name", "Ada Lind"), ("date", "3 May")]),
        ("no labels here", []),
    ]


def test_conll_sets_are_written_as_people_write(tmp_path: Path) -> None:
    lines = [
        "My\tO",
        "Orbit\tB-product",
        "3\tI-product",
        "is\tO",
        "great\tO",
        "!\tO",
        "",
        "@\tO",
        "Ada\tB-person",
        ".\tO",
        "",
    ]
    for name in ("wnut17train.conll", "emerging.dev.conll"):
        (tmp_path / name).write_text("\n".join(lines if name.startswith("wnut") else []), encoding="utf-8")
    assert marked(read_wnut17(tmp_path)) == [
        ("My Orbit 3 is great!", [("product_name", "Orbit 3")]),
        ("@Ada.", [("person_name", "Ada")]),
    ]


def test_handles_are_no_persons_and_titles_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "train_dev_test_conll").mkdir()
    lines = ["@\tB-PER", "ada\tI-PER", "hi\tO", "", "Dr\tB-PER", "Ada\tI-PER", "Lind\tI-PER", "spoke\tO", ""]
    (tmp_path / "train_dev_test_conll" / "btc.train").write_text("\n".join(lines), encoding="utf-8")
    assert marked(read_btc(tmp_path)) == [("Dr Ada Lind spoke", [("person_name", "Ada Lind")])]


def test_taubench(tmp_path: Path) -> None:
    data = tmp_path / "tau_bench" / "envs" / "retail" / "data"
    data.mkdir(parents=True)
    user = {"name": {"first_name": "Ada", "last_name": "Lind"}, "address": {"address1": "4 Elm Row"}}
    (data / "users.json").write_text(json.dumps({"ada_lind_1": user}), encoding="utf-8")
    few = tmp_path / "few_shot_data"
    few.mkdir()
    turns = "user: I am Ada Lind, order #W1234567, zip 12345.\nassistant: Thanks\nuser: Bye ###STOP###"
    (few / "MockRetailDomainEnv-few_shot.jsonl").write_text(
        json.dumps({"messages_display": turns}), encoding="utf-8"
    )
    (few / "MockAirlineDomainEnv-few_shot.jsonl").write_text("", encoding="utf-8")
    trajectories = tmp_path / "historical_trajectories"
    trajectories.mkdir()
    messages = [
        {"role": "user", "content": "My reservation is QZ7TRB, flight HAT012, user ada_lind_1234"},
        {"role": "user", "content": "I checked two bags"},
        {"role": "assistant", "content": "ABCDE1"},
    ]
    (trajectories / "gpt-4o-airline.json").write_text(json.dumps([{"traj": messages}]), encoding="utf-8")
    assert marked(read_taubench(tmp_path)) == [
        ("I am Ada Lind, order #W1234567, zip 12345.", [("person_name", "Ada Lind"), ("order_id", "W1234567"), ("address", "12345")]),
        ("Bye", []),
        ("My reservation is QZ7TRB, flight HAT012, user ada_lind_1234", [("order_id", "QZ7TRB"), ("username", "ada_lind_1234")]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "read", [read_multidogo, read_presidio, read_restaurant8k, read_wnut17, read_btc, read_taubench]
)
def test_a_missing_folder_is_named(read, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DataFormatError, match="does not exist; pass the"):
        list(read(tmp_path / "nowhere"))


def test_completion_adds_only_the_asked_types_and_never_overlaps() -> None:
    extractor = SlotExtractor.from_rules(None, load_slot_rules(PACK / "slots.yaml"))
    text = "paid £20 for order A-10293 two weeks after 3 March"
    labelled = Example(text, "x", slots=(SlotSpan("order_id", 19, 26),))
    blank = Example("£5", "x")
    done = list(completed([labelled, blank], frozenset({"amount", "duration", "order_id"}), extractor))
    assert marked(iter(done[:1])) == [
        (text, [("amount", "£20"), ("order_id", "A-10293"), ("duration", "two weeks")])
    ]
    assert done[1] == blank
