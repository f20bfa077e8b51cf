"""The choice of one label, on a network's outputs worked out by hand."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

from services.trainer.batches import Item, collate  # noqa: E402
from services.trainer.example import Example  # noqa: E402
from services.trainer.single_intent import SingleIntentTask  # noqa: E402
from services.trainer.taxonomy import Taxonomy  # noqa: E402

TASK = SingleIntentTask(Taxonomy(intents=("refund", "praise", "greeting", "farewell"), slots=()))


def _item(*intents: str, weight: float = 1.0) -> Item:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    item = TASK.item(
        Example("some words", "tiny", intents=intents, weight=weight), tokenizer.encode("some words")
    )
    assert item is not None
    return item


def test_the_label_has_all_the_weight_and_no_label_spreads_it() -> None:
    assert _item("praise").targets["truth"].tolist() == [0, 1, 0, 0]
    assert _item().targets["truth"].tolist() == [0.25] * 4
    unlabelled = Example("some words", "tiny", sentiment="neutral")
    assert TASK.targets(unlabelled, None) is None  # type: ignore[arg-type]


def test_loss_is_that_of_a_softmax() -> None:
    logits = torch.tensor([[0.0, math.log(3.0), 0.0, 0.0]])  # probabilities 1/6, 1/2, 1/6, 1/6
    assert TASK.loss([logits], collate([_item("praise")])).item() == pytest.approx(math.log(2))
    assert TASK.loss([logits], collate([_item("refund")])).item() == pytest.approx(math.log(6))
    flat = torch.zeros(1, 4)
    assert TASK.loss([flat], collate([_item()])).item() == pytest.approx(math.log(4)), "the least it can be"
    assert TASK.loss([logits], collate([_item()])).item() > math.log(4)
    both = collate([_item("praise", weight=3.0), _item("refund")])
    assert TASK.loss([logits.repeat(2, 1)], both).item() == pytest.approx((3 * math.log(2) + math.log(6)) / 4)


def test_score_is_accuracy_where_there_is_an_intent() -> None:
    outputs = [[np.array(row, dtype=np.float32)] for row in ([2, 0, 0, 0], [0, 2, 0, 0], [9, 0, 0, 0])]
    examples = [
        Example("a", "t", intents=("refund",)),
        Example("b", "t", intents=("refund",)),
        Example("c", "t", intents=()),
    ]
    assert TASK.score(outputs, examples, []) == 0.5
    assert TASK.score([], [], []) == 0.0
