"""The trainer sees texts as the services' models do, and its labels stay where they belong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trainer.as_read import as_read
from services.trainer.example import Example, SentenceSpan, SlotSpan
from services.trainer.sources import held_out, training_set
from services.trainer.taxonomy import load_taxonomy
from shared.config import PACKS
from shared.inference.lexicon import Entry, Lexicon
from shared.inference.lexicon_store import load_lexicon

LEXICON = Lexicon([Entry("dd", "direct debit"), Entry("pls", "please"), Entry("tmrw", "tomorrow"), Entry("po box", "post office box")])


def slot_texts(example: Example) -> list[tuple[str, str]]:
    return [(slot.type, example.text[slot.start : slot.end]) for slot in example.slots or ()]


def test_labels_follow_what_is_written_out() -> None:
    text = "pls take 20 EUR by DD tmrw, po box 7"
    slots = (("amount", "20 EUR"), ("payment_method", "DD"), ("date", "tmrw"), ("address", "po box 7"))
    spans = tuple(SlotSpan(kind, text.index(it), text.index(it) + len(it)) for kind, it in slots)
    example = Example(text, "tiny", slots=spans, intents=("payment_method",), weight=0.5)
    (read,) = as_read([example], LEXICON)
    assert read.text == "please take 20 EUR by direct debit tomorrow, post office box 7"
    assert slot_texts(read) == [
        ("amount", "20 EUR"), ("payment_method", "direct debit"), ("date", "tomorrow"), ("address", "post office box 7"),
    ]  # fmt: skip
    assert (read.intents, read.weight, read.source) == (example.intents, 0.5, "tiny")


def test_key_sentences_follow_too() -> None:
    text = "pls help. Take it by DD tmrw! Bye"
    (read,) = as_read([Example(text, "tiny", key_sentences=(SentenceSpan(10, 29), SentenceSpan(0, 9)))], LEXICON)
    assert [read.text[it.start : it.end] for it in read.key_sentences] == [
        "Take it by direct debit tomorrow!", "please help.",
    ]  # fmt: skip


def test_an_unlabelled_example_stays_unlabelled_and_one_without_terms_as_it_is() -> None:
    unlabelled, empty, plain = Example("pls", "tiny"), Example("pls", "tiny", slots=()), Example("please", "tiny")
    read = as_read([unlabelled, empty, plain], LEXICON)
    assert [it.slots for it in read] == [None, (), None]
    assert read[2] is plain


@given(st.lists(st.tuples(st.sampled_from(["pls", "dd", "tmrw", "order", "A-1", "é", "👋"]), st.booleans()), max_size=20))
def test_no_label_loses_or_gains_a_word(words: list[tuple[str, bool]]) -> None:
    text, spans = "", []
    for word, marked in words:
        if marked:
            spans.append(SlotSpan("x", len(text), len(text) + len(word)))
        text += word + " "
    (read,) = as_read([Example(text, "tiny", slots=tuple(spans))], LEXICON)
    stands_for = {"pls": "please", "dd": "direct debit", "tmrw": "tomorrow"}
    assert [it for _, it in slot_texts(read)] == [stands_for.get(word, word) for word, marked in words if marked]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    for file in ("taxonomy.yaml", "lexicon.yaml"):
        shutil.copy(PACKS / "commerce" / file, tmp_path)
    text = "idk, pls cancel my order by DD"
    slot = {"type": "payment_method", "text": "DD", "start": 28, "end": 30}
    message = {"author": "customer", "text": text, "intents": ["cancel_order"], "slots": [slot], "frustration": 1}
    for split in ("train", "dev", "test"):
        (tmp_path / "cases" / split).mkdir(parents=True)
        line = json.dumps({"id": split, "lang": "en", "channel": "chat", "messages": [message]})
        (tmp_path / "cases" / split / "a.jsonl").write_text(line, encoding="utf-8")
    return tmp_path


def test_whatever_is_trained_or_measured_on_is_as_the_services_read_it(pack: Path) -> None:
    taxonomy = load_taxonomy(pack)
    wanted = load_lexicon(pack).expand("idk, pls cancel my order by DD").text
    assert wanted == "I don't know, please cancel my order by direct debit"
    for task in ("intent", "slots", "sentiment"):
        trained = training_set(task, pack, None, taxonomy, repeat_cases=3, scale=1.0, seed=1).examples
        assert len(trained) == 3
        examples = [*trained, *held_out("dev", task, pack, taxonomy), *held_out("test", task, pack, taxonomy)]
        for example in examples:
            assert slot_texts(example) == [("payment_method", "direct debit")]
            assert example.text == wanted
    (pack / "lexicon.yaml").unlink()
    assert held_out("dev", "intent", pack, taxonomy)[0].text.startswith("idk")
