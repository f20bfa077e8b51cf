"""From a network's raw outputs to the scores that papers report; pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.quality.setting import Predictions, Scorer
from services.trainer.bio import tags_to_spans
from services.trainer.calibrate import fit_thresholds
from services.trainer.evaluate import Bools, Floats, f1, frustration_scores, intent_scores, slot_scores
from services.trainer.example import SlotSpan
from services.trainer.tasks import TrainingTask


def intents_at(threshold: float) -> Scorer:
    """Several labels a text, each accepted from one fixed probability on: for sets without a dev part."""

    def score(task: TrainingTask, dev: Predictions, test: Predictions) -> dict[str, float]:  # noqa: ARG001
        return _intents(task, test, np.full(len(task.labels), threshold))

    return score


def intents_by_dev(task: TrainingTask, dev: Predictions, test: Predictions) -> dict[str, float]:
    """Several labels a text, each with the threshold that the trainer chooses for it on dev."""
    return _intents(task, test, fit_thresholds(_probabilities(dev), _truth(task, dev)))


def single_intent(task: TrainingTask, dev: Predictions, test: Predictions) -> dict[str, float]:  # noqa: ARG001
    """One label a text: how often the most probable is right."""
    return {"texts": float(len(test.examples)), "accuracy": float(_right(task, test).mean())}


def out_of_scope(task: TrainingTask, dev: Predictions, test: Predictions) -> dict[str, float]:
    """One label a text or, below a largest probability that is chosen on dev, none.

    ``in_scope_accuracy`` counts a text that has a label and is given none as an error, so that it
    and ``out_of_scope_recall`` are those of one and the same threshold (Larson et al. 2019).
    """
    threshold = best_threshold(_confidence(dev), _right(task, dev), _in_scope(dev))
    confidence, right, inside = _confidence(test), _right(task, test), _in_scope(test)
    refused = confidence < threshold
    return {
        "threshold": threshold,
        "in_scope_accuracy": float((right & ~refused)[inside].mean()),
        "out_of_scope_recall": float(refused[~inside].mean()),
        "out_of_scope_precision": float((refused & ~inside).sum() / max(1, refused.sum())),
        "in_scope_accuracy_without_threshold": float(right[inside].mean()),
        "auroc": auroc(confidence[inside], confidence[~inside]),
    }


def best_threshold(confidence: Floats, right: Bools, inside: Bools) -> float:
    """The confidence below which to say "none" for the most right answers, "none" among them, on dev."""
    candidates = np.unique(np.append(confidence, 0.0))
    answers = [
        (right & (confidence >= cut)).sum() + (~inside & (confidence < cut)).sum() for cut in candidates
    ]
    return float(candidates[int(np.argmax(answers))])


def auroc(higher: Floats, lower: Floats) -> float:
    """How often one of ``higher`` is above one of ``lower``; ties count half."""
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, side="left") + np.searchsorted(ordered, higher, side="right")
    return float(below.mean() / (2 * len(lower)))


def slots(task: TrainingTask, dev: Predictions, test: Predictions) -> dict[str, float]:  # noqa: ARG001
    """Spans of which type, start and end are right; ``mean_f1`` is over slots, ``f1`` over spans."""
    found = [
        tags_to_spans([task.labels[index] for index in output[0].argmax(axis=-1)], encoding.offsets)
        for output, encoding in zip(test.outputs, test.encodings, strict=True)
    ]
    gold = [example.slots or () for example in test.examples]
    return {**slot_scores(gold, found), "mean_f1": mean_slot_f1(gold, found)}


def mean_slot_f1(gold: Sequence[Sequence[SlotSpan]], found: Sequence[Sequence[SlotSpan]]) -> float:
    """F1 of each slot that is labelled anywhere, averaged."""
    kinds = sorted({span.type for spans in gold for span in spans})
    scores = []
    for kind in kinds:
        mine = [[{span for span in spans if span.type == kind} for spans in side] for side in (gold, found)]
        hits = sum(len(truth & guess) for truth, guess in zip(*mine, strict=True))
        scores.append(f1(hits, sum(map(len, mine[1])), sum(map(len, mine[0]))))
    return float(np.mean(scores)) if scores else 0.0


def intensity(task: TrainingTask, dev: Predictions, test: Predictions) -> dict[str, float]:  # noqa: ARG001
    """How the expected frustration goes with the labelled one."""
    labels = np.array([example.frustration for example in test.examples], dtype=np.float64)
    guesses = np.array([_sigmoid(output[1]).mean() for output in test.outputs], dtype=np.float64)
    scores = frustration_scores(labels, guesses)
    return {name.removeprefix("frustration_"): value for name, value in scores.items()}


def _intents(task: TrainingTask, test: Predictions, thresholds: Floats) -> dict[str, float]:
    probabilities = _probabilities(test)
    return intent_scores(_truth(task, test), probabilities >= thresholds, probabilities)


def _truth(task: TrainingTask, predictions: Predictions) -> Bools:
    return np.array([[label in (it.intents or ()) for label in task.labels] for it in predictions.examples])


def _logits(predictions: Predictions) -> Floats:
    return np.stack([output[0] for output in predictions.outputs]).astype(np.float64)


def _sigmoid(logits: npt.NDArray[np.floating]) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
    return result


def _probabilities(predictions: Predictions) -> Floats:
    return _sigmoid(_logits(predictions))


def _confidence(predictions: Predictions) -> Floats:
    """The largest probability of a softmax over the labels."""
    logits = _logits(predictions)
    result: Floats = 1.0 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    return result


def _in_scope(predictions: Predictions) -> Bools:
    return np.array([bool(example.intents) for example in predictions.examples])


def _right(task: TrainingTask, predictions: Predictions) -> Bools:
    best = _logits(predictions).argmax(axis=1)
    return np.array(
        [
            task.labels[index] in (it.intents or ())
            for index, it in zip(best, predictions.examples, strict=True)
        ]
    )
