"""Scores of analyses against labelled messages, as cases.md of the project defines them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from services.trainer.example import SlotSpan

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def f1(hits: float, predicted: float, wanted: float) -> float:
    """Harmonic mean of precision and recall from counts; 0 where nothing was predicted or wanted."""
    return float(2.0 * hits / (predicted + wanted)) if predicted + wanted > 0 else 0.0


def intent_scores(gold: Bools, accepted: Bools, probabilities: Floats) -> dict[str, float]:
    """Scores over (message, intent) pairs; all arrays are [messages, intents].

    ``macro_f1`` is over intents that occur; ``exact_match`` the share of messages whose whole set
    is right; ``ece`` the expected calibration error in 15 equal-mass bins of the probabilities
    above 0.05.
    """
    hits = (gold & accepted).sum(axis=0)
    predicted, wanted = accepted.sum(axis=0), gold.sum(axis=0)
    occurring = wanted > 0
    per_label = [
        f1(*row) for row in zip(hits[occurring], predicted[occurring], wanted[occurring], strict=True)
    ]
    return {
        "messages": float(len(gold)),
        "micro_f1": f1(hits.sum(), predicted.sum(), wanted.sum()),
        "precision": float(hits.sum() / max(1, predicted.sum())),
        "recall": float(hits.sum() / max(1, wanted.sum())),
        "macro_f1": float(np.mean(per_label)) if per_label else 0.0,
        "exact_match": float((gold == accepted).all(axis=1).mean()),
        "ece": calibration_error(gold, probabilities),
    }


def calibration_error(gold: Bools, probabilities: Floats, *, bins: int = 15, floor: float = 0.05) -> float:
    """Expected calibration error with equal-mass bins (Nguyen and O'Connor 2015) above ``floor``."""
    chosen = probabilities > floor
    values, truth = probabilities[chosen], gold[chosen].astype(np.float64)
    if values.size == 0:
        return 0.0
    order = np.argsort(values, kind="stable")
    error = 0.0
    for part in np.array_split(order, min(bins, values.size)):
        error += len(part) * abs(values[part].mean() - truth[part].mean())
    return float(error / values.size)


def slot_scores(gold: Sequence[Sequence[SlotSpan]], found: Sequence[Sequence[SlotSpan]]) -> dict[str, float]:
    """``f1`` wants type, start and end equal; ``partial_f1`` an overlap with the same type."""
    exact = overlapping_found = overlapping_gold = predicted = wanted = 0
    for truth, guess in zip(gold, found, strict=True):
        exact += len(set(truth) & set(guess))
        overlapping_found += sum(any(_overlap(a, b) for b in truth) for a in guess)
        overlapping_gold += sum(any(_overlap(a, b) for b in guess) for a in truth)
        predicted += len(guess)
        wanted += len(truth)
    precision = overlapping_found / predicted if predicted else 0.0
    recall = overlapping_gold / wanted if wanted else 0.0
    return {
        "messages": float(len(gold)),
        "slots": float(wanted),
        "f1": f1(exact, predicted, wanted),
        "precision": exact / predicted if predicted else 0.0,
        "recall": exact / wanted if wanted else 0.0,
        "partial_f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
    }


def frustration_scores(labels: Floats, predicted: Floats) -> dict[str, float]:
    """Labels 0-4 against predictions in [0, 1] times 4: Pearson, Spearman, mean absolute error."""
    levels = predicted * 4.0
    return {
        "frustration_messages": float(len(labels)),
        "frustration_pearson": _correlation(labels, levels),
        "frustration_spearman": _correlation(_ranks(labels), _ranks(levels)),
        "frustration_mae": float(np.abs(labels - levels).mean()),
    }


def sentiment_scores(
    labels: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], levels: int = 5
) -> dict[str, float]:
    """Levels as 0 (worst) … 4: F1 averaged over the levels that occur in either, and error in levels."""
    per_level = []
    for level in range(levels):
        mine, theirs = predicted == level, labels == level
        if mine.any() or theirs.any():
            per_level.append(f1((mine & theirs).sum(), mine.sum(), theirs.sum()))
    return {
        "sentiment_messages": float(len(labels)),
        "sentiment_macro_f1": float(np.mean(per_level)) if per_level else 0.0,
        "sentiment_accuracy": float((labels == predicted).mean()),
        "sentiment_mae": float(np.abs(labels - predicted).mean()),
    }


def _overlap(one: SlotSpan, other: SlotSpan) -> bool:
    return one.type == other.type and one.start < other.end and other.start < one.end


def _ranks(values: Floats) -> Floats:
    """Ranks with ties averaged."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = ((ends - counts + ends + 1) / 2.0)[inverse]
    return ranks


def _correlation(one: Floats, other: Floats) -> float:
    if len(one) < 2 or one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
