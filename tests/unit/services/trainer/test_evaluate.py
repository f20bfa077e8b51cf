"""Scores, against values worked out by hand or by their definition."""

from __future__ import annotations

import numpy as np
import pytest

from services.trainer.evaluate import (
    calibration_error,
    frustration_scores,
    intent_scores,
    sentiment_scores,
    slot_scores,
)
from services.trainer.example import SlotSpan


def test_intent_scores() -> None:
    gold = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
    accepted = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0]], dtype=bool)
    scores = intent_scores(gold, accepted, accepted.astype(float))
    assert scores["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert scores["macro_f1"] == pytest.approx((1.0 + 0.0) / 2)  # the third label does not occur
    assert scores["exact_match"] == pytest.approx(2 / 3)
    assert scores["messages"] == 3


def test_calibration_error_is_zero_for_honest_probabilities_and_their_gap_otherwise() -> None:
    probabilities = np.full((1, 1000), 0.3)
    gold = np.zeros((1, 1000), dtype=bool)
    gold[0, :300] = True
    generator = np.random.default_rng(3)
    generator.shuffle(gold[0])
    assert calibration_error(gold, probabilities, bins=1) == pytest.approx(0.0, abs=1e-12)
    assert calibration_error(gold, probabilities + 0.4, bins=1) == pytest.approx(0.4)
    assert calibration_error(gold, np.full((1, 1000), 0.01)) == 0.0


def test_slot_scores_exact_and_partial() -> None:
    gold = [[SlotSpan("date", 0, 4), SlotSpan("order_id", 8, 12)], [SlotSpan("date", 3, 9)]]
    found = [[SlotSpan("date", 0, 4), SlotSpan("order_id", 8, 11)], [SlotSpan("amount", 3, 9)]]
    scores = slot_scores(gold, found)
    assert scores["f1"] == pytest.approx(2 * 1 / (3 + 3))
    assert scores["partial_f1"] == pytest.approx(2 / 3)
    assert scores["slots"] == 3


def test_frustration_scores_and_ties() -> None:
    scores = frustration_scores(np.array([0.0, 1.0, 1.0, 4.0]), np.array([0.0, 0.25, 0.25, 1.0]))
    assert scores["frustration_pearson"] == pytest.approx(1.0)
    assert scores["frustration_spearman"] == pytest.approx(1.0)
    assert scores["frustration_mae"] == pytest.approx(0.0)
    flat = frustration_scores(np.array([0.0, 2.0]), np.array([0.5, 0.5]))
    assert flat["frustration_pearson"] == 0.0
    assert flat["frustration_mae"] == pytest.approx(1.0)  # two levels, guessed as the middle twice


def test_sentiment_scores() -> None:
    scores = sentiment_scores(np.array([0, 2, 2, 4]), np.array([0, 2, 3, 4]))
    assert scores["sentiment_macro_f1"] == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert scores["sentiment_mae"] == pytest.approx(0.25)
    assert scores["sentiment_accuracy"] == pytest.approx(0.75)
