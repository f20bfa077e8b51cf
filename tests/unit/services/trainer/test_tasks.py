"""Targets and losses of the three tasks."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tokenizers import Encoding, Tokenizer, models, pre_tokenizers  # noqa: E402

from services.trainer.batches import collate  # noqa: E402
from services.trainer.example import Example, SentenceSpan, SlotSpan  # noqa: E402
from services.trainer.tasks import IntentTask, SentimentTask, SlotTask, sentence_loss  # noqa: E402
from services.trainer.taxonomy import Taxonomy  # noqa: E402

TAXONOMY = Taxonomy(intents=("refund_request", "praise", "complaint"), slots=("order_id", "date"))


def _encode(text: str) -> Encoding:
    vocabulary = {"[UNK]": 0, **{word: row for row, word in enumerate(sorted(set(text.split())), start=1)}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer.encode(text)


def test_unknown_intents_do_not_move_the_loss() -> None:
    task = IntentTask(TAXONOMY)
    example = Example("a b", "tiny", intents=("praise",), negatives=("refund_request",))
    item = task.item(example, _encode("a b"))
    assert item is not None
    batch = collate([item])
    one = task.loss([torch.tensor([[-1.0, 2.0, -5.0]])], batch)
    other = task.loss([torch.tensor([[-1.0, 2.0, 5.0]])], batch)
    assert torch.equal(one, other)


def test_without_negatives_all_other_intents_are_absent() -> None:
    item = IntentTask(TAXONOMY).item(Example("a", "tiny", intents=()), _encode("a"))
    assert item is not None
    assert item.targets["truth"].tolist() == [0, 0, 0]
    assert item.targets["known"].tolist() == [1, 1, 1]


def test_an_example_without_a_label_of_the_task_is_left_out() -> None:
    bare, encoding = Example("a", "tiny"), _encode("a")
    assert all(task(TAXONOMY).item(bare, encoding) is None for task in (IntentTask, SentimentTask, SlotTask))


def test_frustration_between_two_levels_is_a_partial_step() -> None:
    item = SentimentTask(TAXONOMY).item(Example("a", "tiny", frustration=2.5), _encode("a"))
    assert item is not None
    assert item.targets["steps"].tolist() == [1.0, 1.0, 0.5, 0.0]
    assert item.targets["graded"].item() == 1.0


def test_a_missing_scale_does_not_move_the_loss() -> None:
    task = SentimentTask(TAXONOMY)
    item = task.item(Example("a", "tiny", sentiment="positive"), _encode("a"))
    assert item is not None
    batch = collate([item])
    levels = torch.tensor([[0.0, 0.0, 0.0, 3.0, 0.0]])
    one = task.loss([levels, torch.full((1, 4), 9.0), torch.zeros(1, 1, 1)], batch)
    other = task.loss([levels, torch.full((1, 4), -9.0), torch.ones(1, 1, 1)], batch)
    assert torch.equal(one, other)


def test_the_key_sentence_is_chosen_by_the_mean_of_its_tokens() -> None:
    task = SentimentTask(TAXONOMY)
    text = "Third mail today! Nobody answers me. Order A-1."
    keyed = Example(text, "tiny", frustration=2.0, key_sentences=(SentenceSpan(18, 36), SentenceSpan(0, 17)))
    silent = Example("Where is it then", "tiny", frustration=2.0)
    items = [task.item(example, _encode(example.text)) for example in (keyed, silent)]
    assert items[0] is not None and items[1] is not None
    assert items[0].targets["sentence"].tolist() == [0, 0, 0, 1, 1, 1, 2, 2]
    assert items[0].targets["key"].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
    batch = collate([items[0], items[1]], per_token=task.per_token)
    flat = sentence_loss(torch.zeros(2, 8), batch.targets["sentence"], batch.targets["key"])
    assert flat.tolist() == pytest.approx([math.log(3.0), 0.0]), "a third each; where none is known, nothing"
    scores = torch.tensor([[9.0] * 6 + [-9.0] * 2, [5.0] * 8])
    right = sentence_loss(scores, batch.targets["sentence"], batch.targets["key"])
    assert right[0].item() == pytest.approx(math.log(2.0), abs=1e-4), "either of two is as right"
    wrong = sentence_loss(-scores, batch.targets["sentence"], batch.targets["key"])
    assert wrong[0].item() > 10.0


def test_tags_follow_the_slots_and_score_the_spans() -> None:
    task = SlotTask(TAXONOMY)
    text = "order A-1 of monday morning"
    example = Example(text, "tiny", slots=(SlotSpan("order_id", 6, 9), SlotSpan("date", 13, 27)))
    encoding = _encode(text)
    item = task.item(example, encoding)
    assert item is not None
    assert [task.labels[index] for index in item.targets["tags"]] == [
        "O",
        "B-order_id",
        "O",
        "B-date",
        "I-date",
    ]
    perfect = np.eye(len(task.labels), dtype=np.float32)[item.targets["tags"].numpy()]
    assert task.score([[perfect]], [example], [encoding]) == 1.0
    assert task.score([[np.roll(perfect, 1, axis=0)]], [example], [encoding]) == 0.0
