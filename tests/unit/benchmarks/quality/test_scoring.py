"""Scores of raw outputs, against values counted by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from collections.abc import Sequence

import numpy as np
from tokenizers import Encoding, Tokenizer, models, pre_tokenizers

from benchmarks.quality.flat_spans import flat
from benchmarks.quality.scoring import (
    auroc,
    best_threshold,
    intensity,
    intents_at,
    intents_by_dev,
    mean_slot_f1,
    out_of_scope,
    single_intent,
    slots,
)
from benchmarks.quality.setting import Predictions
from services.trainer.example import Example, SlotSpan
from services.trainer.single_intent import SingleIntentTask
from services.trainer.tasks import IntentTask, SentimentTask, SlotTask
from services.trainer.taxonomy import Taxonomy

TAXONOMY = Taxonomy(intents=("a", "b"), slots=("date", "name"))
NOTHING = Predictions((), (), ())


def _log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _labelled(rows: Sequence[tuple[tuple[str, ...], Sequence[float]]]) -> Predictions:
    """Intents and logits of each text."""
    examples = [
        Example(f"text {number}", "tiny", intents=intents) for number, (intents, _) in enumerate(rows)
    ]
    return Predictions(examples, (), [[np.array(logits, dtype=np.float32)] for _, logits in rows])


def test_intents_at_a_fixed_threshold() -> None:
    test = _labelled(
        [
            (("a",), [_log_odds(0.35), _log_odds(0.1)]),  # right
            (("a", "b"), [_log_odds(0.9), _log_odds(0.2)]),  # b is missed
            ((), [_log_odds(0.1), _log_odds(0.4)]),  # b is one too many
        ]
    )
    scores = intents_at(0.3)(IntentTask(TAXONOMY), NOTHING, test)
    assert scores["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert scores["macro_f1"] == pytest.approx((1.0 + 0.0) / 2)
    assert scores["exact_match"] == pytest.approx(1 / 3)
    stricter = intents_at(0.5)(IntentTask(TAXONOMY), NOTHING, test)
    assert stricter["micro_f1"] == pytest.approx(2 * 1 / (1 + 3))


def test_thresholds_come_from_dev_and_not_from_test() -> None:
    dev = _labelled([(("a",), [_log_odds(0.3), -9.0]), ((), [_log_odds(0.2), -9.0])] * 30)
    hit = _labelled([(("a",), [_log_odds(0.29), -9.0]), ((), [_log_odds(0.2), -9.0])])
    assert intents_by_dev(IntentTask(TAXONOMY), dev, hit)["micro_f1"] == 1.0
    # on this test part alone another threshold would be better
    missed = _labelled([(("a",), [_log_odds(0.2), -9.0]), ((), [_log_odds(0.1), -9.0])])
    assert intents_by_dev(IntentTask(TAXONOMY), dev, missed)["micro_f1"] == 0.0


def test_single_intent() -> None:
    test = _labelled([(("a",), [2.0, 1.0]), (("a",), [1.0, 2.0]), (("b",), [0.0, 1.0]), (("b",), [0.0, 1.0])])
    assert single_intent(SingleIntentTask(TAXONOMY), NOTHING, test) == {"texts": 4.0, "accuracy": 0.75}


def test_the_threshold_gives_the_most_right_answers() -> None:
    confidence = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, True, False, False])
    inside = np.array([True, True, True, True, False])
    # from 0.6 on "none" is right once; at 0.7 too, and the wrong answer at 0.6 gives nothing either way
    assert best_threshold(confidence, right, inside) == 0.6
    # where nothing is out of scope, nothing is refused
    assert best_threshold(confidence, np.ones(5, dtype=bool), np.ones(5, dtype=bool)) == 0.0


def test_out_of_scope_measures_are_of_one_threshold() -> None:
    dev = _labelled([(("a",), [3.0, 0.0]), (("b",), [0.0, 3.0]), ((), [0.5, 0.0]), ((), [0.6, 0.0])])
    test = _labelled(
        [
            (("a",), [4.0, 0.0]),  # right and sure
            (("a",), [1.0, 0.0]),  # right, but refused
            (("b",), [4.0, 0.0]),  # wrong and sure
            (("b",), [0.0, 4.0]),  # right and sure
            ((), [0.1, 0.0]),  # refused
            ((), [0.0, 5.0]),  # taken for b
        ]
    )
    scores = out_of_scope(SingleIntentTask(TAXONOMY), dev, test)
    assert scores["threshold"] == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-6)
    assert scores["in_scope_accuracy"] == pytest.approx(2 / 4)
    assert scores["in_scope_accuracy_without_threshold"] == pytest.approx(3 / 4)
    assert scores["out_of_scope_recall"] == pytest.approx(1 / 2)
    assert scores["out_of_scope_precision"] == pytest.approx(1 / 2)
    # of the eight pairs, the four in scope are above the unsure text, and none above the sure one
    assert scores["auroc"] == pytest.approx(4 / 8)


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([0.9, 0.5]), np.array([0.5, 0.1])) == pytest.approx((2 + 1.5) / 4)


def test_slots_by_span_and_by_slot() -> None:
    gold = [
        (SlotSpan("date", 0, 2), SlotSpan("name", 3, 5)),
        (SlotSpan("date", 0, 2),),
        (SlotSpan("date", 1, 2),),
    ]
    found = [(SlotSpan("date", 0, 2), SlotSpan("name", 3, 6)), (SlotSpan("date", 0, 2),), ()]
    # date: 2 found of 3, none wrong; name: one found, wrong
    assert mean_slot_f1(gold, found) == pytest.approx((2 * 2 / (2 + 3) + 0.0) / 2)


def _encode(text: str) -> Encoding:
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer.encode(text)


def test_tags_become_the_spans_that_are_scored() -> None:
    task = SlotTask(TAXONOMY)
    text = "first of May with Bo"
    example = Example(text, "tiny", slots=(SlotSpan("date", 0, 12), SlotSpan("name", 18, 20)))
    tags = ["B-date", "I-date", "I-date", "O", "B-name"]
    output = np.eye(len(task.labels), dtype=np.float32)[[task.labels.index(tag) for tag in tags]]
    scores = slots(task, NOTHING, Predictions([example], [_encode(text)], [[output]]))
    assert scores["f1"] == scores["mean_f1"] == 1.0
    output[4] = output[3]
    scores = slots(task, NOTHING, Predictions([example], [_encode(text)], [[output]]))
    assert scores["f1"] == pytest.approx(2 / 3)
    assert scores["mean_f1"] == pytest.approx(1 / 2)


def test_intensity_is_the_expected_step() -> None:
    examples = [Example("t", "tiny", frustration=degree) for degree in (0.0, 2.0, 4.0)]
    steps = ([-9.0] * 4, [9.0, 9.0, -9.0, -9.0], [9.0] * 4)
    outputs = [[np.zeros(5, dtype=np.float32), np.array(row, dtype=np.float32)] for row in steps]
    scores = intensity(SentimentTask(TAXONOMY), NOTHING, Predictions(examples, (), outputs))
    assert scores["pearson"] == pytest.approx(1.0)
    assert scores["mae"] == pytest.approx(0.0, abs=1e-2)


def test_of_overlapping_spans_the_longest_is_trained_on() -> None:
    example = Example(
        "only today for Bo", "tiny", slots=(SlotSpan("b", 5, 10), SlotSpan("a", 0, 10), SlotSpan("c", 15, 17))
    )
    assert flat(example).slots == (SlotSpan("a", 0, 10), SlotSpan("c", 15, 17))
