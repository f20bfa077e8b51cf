"""Calibration recovers what was distorted, and thresholds stay near the common one on thin data."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.trainer.calibrate import (
    THRESHOLD_RANGE,
    fit_line,
    fit_platt,
    fit_review_below,
    fit_temperature,
    fit_thresholds,
)
from services.trainer.evaluate import calibration_error


def _sigmoid(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return 1 / (1 + np.exp(-values))


def test_platt_undoes_a_known_distortion() -> None:
    generator = np.random.default_rng(5)
    honest = generator.normal(-2.0, 2.0, size=(4000, 5))
    truth = generator.random(honest.shape) < _sigmoid(honest)
    distorted = (honest + 1.0) / 0.4
    platt = fit_platt(distorted, truth)
    assert platt.slope == pytest.approx(0.4, rel=0.06)
    assert platt.intercept == pytest.approx(-1.0, abs=0.1)
    before = calibration_error(truth, _sigmoid(distorted))
    after = calibration_error(truth, _sigmoid(platt.slope * distorted + platt.intercept))
    assert after < before / 3


def test_platt_stays_finite_on_separable_data() -> None:
    platt = fit_platt(np.array([[-9.0, 9.0]] * 20), np.array([[False, True]] * 20))
    assert 0 < platt.slope < 10 and abs(platt.intercept) < 10


def test_a_label_without_dev_messages_keeps_the_common_threshold() -> None:
    generator = np.random.default_rng(7)
    truth = np.zeros((400, 3), dtype=bool)
    truth[:200, 0] = True
    truth[:2, 1] = True
    probabilities = np.where(truth, 0.6, 0.1) + generator.normal(0, 0.02, truth.shape)
    thresholds = fit_thresholds(probabilities, truth)
    assert abs(thresholds[1] - thresholds[2]) < 0.1
    assert ((thresholds >= THRESHOLD_RANGE[0]) & (thresholds <= THRESHOLD_RANGE[1])).all()
    assert ((probabilities >= thresholds) == truth).all()


def test_review_separates_silent_messages_with_intents_from_those_without() -> None:
    truth = np.array([[True], [True], [False], [False], [True]])
    probabilities = np.array([[0.4], [0.35], [0.02], [0.05], [0.9]])
    rule = fit_review_below(probabilities, probabilities >= 0.5, truth)
    assert (rule.caught, rule.disturbed) == (1.0, 0.0)
    assert 0.65 < rule.review_below <= 0.95


def test_review_disturbs_no_more_than_a_fifth_of_the_messages_without_intents() -> None:
    truth = np.array([[True]] * 10 + [[False]] * 10)
    probabilities = np.array([[0.1]] * 10 + [[0.1]] * 3 + [[0.01]] * 7)
    rule = fit_review_below(probabilities, probabilities >= 0.5, truth)
    assert rule.disturbed <= 0.2


def test_review_without_evidence_takes_the_default() -> None:
    truth = np.array([[False], [False]])
    assert fit_review_below(np.array([[0.1], [0.2]]), np.zeros((2, 1), dtype=bool), truth).review_below == 0.5


def test_temperature_is_recovered() -> None:
    generator = np.random.default_rng(11)
    logits = generator.normal(0, 2, size=(5000, 4))
    odds = np.exp(logits)
    truth = np.array([generator.choice(4, p=row / row.sum()) for row in odds])
    assert fit_temperature(logits * 2.5, truth) == pytest.approx(2.5, rel=0.08)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=20))
def test_the_line_rises_within_the_unit_square(points: list[tuple[float, float]]) -> None:
    knots = fit_line(np.array([x for x, _ in points]), np.array([y for _, y in points]))
    for (x0, y0), (x1, y1) in itertools.pairwise(knots):
        assert 0 <= x0 < x1 <= 1 and 0 <= y0 <= y1 <= 1


def test_the_line_is_the_least_squares_line() -> None:
    raw = np.linspace(0.2, 0.8, 30)
    assert fit_line(raw, 1.5 * raw - 0.3) == ((0.0, 0.0), (0.2, 0.0), (0.86667, 1.0), (1.0, 1.0))
    assert fit_line(raw, 1 - raw) == ()
