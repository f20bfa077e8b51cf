"""Calibration and thresholds of an exported model, fitted on dev messages that it was not trained on.

Few dev messages carry any one label, so everything is fitted over all labels together first and
moved towards a single label's own optimum only as far as its count of messages warrants.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.trainer.evaluate import Bools, Floats, f1
from shared.inference.model import Platt

THRESHOLD_RANGE = (0.15, 0.75)
# Nine pairs of ten are hopeless (a raw probability below 0.0025); no decision turns on them, and
# with them in the fit the calibration error of the others was half as large again.
PLATT_FLOOR = -6.0
_FEWEST_PAIRS = 50
# A label with this many dev messages has its own best threshold count for half.
_PRIOR_MESSAGES = 10.0
_DEFAULT_REVIEW = 0.5
MOST_DISTURBED = 0.2


def fit_platt(logits: Floats, truth: Bools, *, floor: float = PLATT_FLOOR) -> Platt:
    """One slope and intercept for all (message, label) pairs by Newton's method (Platt 1999).

    Targets are smoothed as Platt proposes, so that separable data gives no infinite slope. Pairs
    with a logit below ``floor`` are left out where enough others remain.
    """
    chosen: Bools = logits > floor
    if int(chosen.sum()) < _FEWEST_PAIRS:
        chosen = np.ones_like(truth)
    x, y = logits[chosen], truth[chosen].astype(np.float64)
    positives, negatives = y.sum(), (1 - y).sum()
    y = np.where(y > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    slope, intercept = 1.0, 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(slope * x + intercept, -60, 60)))
        gradient = np.array([((p - y) * x).sum(), (p - y).sum()])
        weight = p * (1 - p)
        cross = (weight * x).sum()
        hessian = np.array([[(weight * x * x).sum() + 1e-6, cross], [cross, weight.sum() + 1e-6]])
        step = np.linalg.solve(hessian, gradient)
        # a full Newton step may overshoot where the sigmoids are saturated
        step *= min(1.0, 1.0 / float(np.abs(step).max() + 1e-12))
        slope, intercept = max(0.05, slope - step[0]), intercept - step[1]
        if float(np.abs(step).max()) < 1e-7:
            break
    return Platt(slope=round(float(slope), 5), intercept=round(float(intercept), 5))


def fit_thresholds(probabilities: Floats, truth: Bools) -> Floats:
    """A threshold for each label: the best common one, pulled towards the label's own best.

    "Best" is by micro-F1 for the common threshold and by F1 for a label's own. A label without
    dev messages keeps the common one.
    """
    common = _best_threshold(probabilities.ravel(), truth.ravel())
    thresholds = np.full(truth.shape[1], common)
    for label in range(truth.shape[1]):
        count = float(truth[:, label].sum())
        if count:
            own = _best_threshold(probabilities[:, label], truth[:, label])
            thresholds[label] = (count * own + _PRIOR_MESSAGES * common) / (count + _PRIOR_MESSAGES)
    result: Floats = np.round(np.clip(thresholds, *THRESHOLD_RANGE), 3)
    return result


@dataclass(frozen=True, slots=True)
class ReviewRule:
    """``review_below`` and what it does on dev messages for which no label is accepted.

    ``caught``: share of those with intents that are sent to review; ``disturbed``: share of those
    truly without intents that are sent there too.
    """

    review_below: float
    caught: float
    disturbed: float


def fit_review_below(probabilities: Floats, accepted: Bools, truth: Bools) -> ReviewRule:
    """The confidence in "no intent" below which a message without accepted label is undecided.

    Chosen to separate messages that have intents from those that have none as well as possible
    (the largest ``caught - disturbed``, Youden 1950), as long as no more than a fifth of those
    without (thanks, answers to an agent's question) is sent to a person for nothing.
    """
    silent: Bools = np.logical_not(accepted.any(axis=1))
    confidence = np.prod(1.0 - probabilities, axis=1)[silent]
    wanted: Bools = np.asarray(truth.any(axis=1))[silent]
    if not wanted.any() or wanted.all():
        return ReviewRule(_DEFAULT_REVIEW, 1.0 if wanted.any() else 0.0, 0.0)
    best = ReviewRule(0.0, 0.0, 0.0)
    for cut in np.unique(np.concatenate([confidence, [_DEFAULT_REVIEW]])):
        below = confidence < cut
        rule = ReviewRule(round(float(cut), 4), float(below[wanted].mean()), float(below[~wanted].mean()))
        if rule.disturbed <= MOST_DISTURBED and rule.caught - rule.disturbed > best.caught - best.disturbed:
            best = rule
    return best


def fit_temperature(logits: Floats, truth: npt.NDArray[np.int64]) -> float:
    """Temperature of a softmax [rows, classes] at the least negative log-likelihood (Guo et al. 2017)."""
    best, least = 1.0, math.inf
    for temperature in np.exp(np.linspace(math.log(0.3), math.log(4.0), 120)):
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        loss = float((np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(truth)), truth]).mean())
        if loss < least:
            best, least = float(temperature), loss
    return round(best, 4)


def fit_line(raw: Floats, wanted: Floats) -> tuple[tuple[float, float], ...]:
    """Least-squares line from raw to wanted scores, cut to [0, 1], as knots over raw scores 0 … 1.

    A line and not a free monotone curve: on few messages the curve follows their noise. Empty
    (no correction) where the line would fall.
    """
    if len(raw) < 2 or raw.std() == 0:
        return ()
    slope = float(((raw - raw.mean()) * (wanted - wanted.mean())).mean() / raw.var())
    offset = float(wanted.mean() - slope * raw.mean())
    if slope <= 0:
        return ()
    bends = {round(-offset / slope, 5), round((1 - offset) / slope, 5)}
    knots = sorted({0.0, 1.0} | {bend for bend in bends if 0 < bend < 1})
    return tuple((x, round(min(1.0, max(0.0, slope * x + offset)), 5)) for x in knots)


def _best_threshold(probabilities: Floats, truth: Bools) -> float:
    """Threshold of the highest F1 within the allowed range; the middle of the best stretch."""
    grid = np.linspace(*THRESHOLD_RANGE, 61)
    wanted = float(truth.sum())
    scores = np.array(
        [
            f1(float((truth & (probabilities >= cut)).sum()), float((probabilities >= cut).sum()), wanted)
            for cut in grid
        ]
    )
    return float(np.median(grid[scores >= scores.max() - 1e-9]))
