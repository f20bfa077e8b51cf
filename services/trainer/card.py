"""Makes model cards: calibration fitted on dev, scores on dev and test, hashes of the files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from services.intent.classifier import IntentCalibration
from services.trainer.bio import spans_to_tags
from services.trainer.calibrate import (
    fit_line,
    fit_platt,
    fit_review_below,
    fit_temperature,
    fit_thresholds,
)
from services.trainer.encoder import BASE_MODEL
from services.trainer.example import Example
from services.trainer.served import intent_truth, raw_outputs, score_intents, score_sentiment, score_slots
from services.trainer.tasks import LEVELS, TrainingTask
from shared.inference.model import (
    CARD_FILE,
    MODEL_FILE,
    TOKENIZER_FILE,
    Calibration,
    ModelCard,
    TrainingData,
)
from shared.inference.session import OnnxModel

MAX_TOKENS = 256

_NOTES = {
    "intent": (
        "Where no intent reaches its threshold, the confidence that none applies is the product of "
        "(1 - probability) over all intents; below review_below the service abstains with low_confidence, "
        "from it up the message has no intent. On the dev messages without accepted intent the rule sends "
        "{caught:.0%} of those with intents to review, and {disturbed:.0%} of those without. "
    ),
    "slots": (
        "Scores are the tagger's alone; the service unites it with patterns, checksums and a gazetteer. "
        "calibration.temperature divides the logits of a token before the softmax. "
    ),
    "sentiment": (
        "frustration holds 4 logits, the k-th for 'at least k on the scale 0-4'; their mean sigmoid, "
        "corrected by calibration.curve, is the frustration in [0, 1]. calibration.temperature is that of "
        "the levels' softmax. evidence is a logit a token; its mean over a sentence ranks the sentences. "
    ),
}
_COMMON_NOTE = (
    "Calibration and thresholds were fitted on the dev split and the best epoch was chosen on it, so its "
    "scores flatter; the test split was used for nothing but its scores. The cases of each split come from "
    "businesses that the other splits do not know."
)


def provisional_card(
    task: TrainingTask, version: str, directory: Path, data: Sequence[TrainingData]
) -> ModelCard:
    """A card without calibration, with which the exported files can be run."""
    return ModelCard(
        task=task.name,
        version=version,
        base_model=BASE_MODEL,
        languages=("en",),
        labels=task.labels,
        thresholds=dict.fromkeys(task.labels, 0.5) if task.name == "intent" else {},
        max_tokens=MAX_TOKENS,
        training_data=tuple(data),
        sha256={file: _sha256(directory / file) for file in (MODEL_FILE, TOKENIZER_FILE)},
    )


def calibrated_card(model: OnnxModel, task: TrainingTask, dev: Sequence[Example]) -> ModelCard:
    """The model's card with calibration, thresholds and notes fitted on dev messages."""
    card = model.card
    if card.task == "intent":
        return _calibrated_intents(model, card, dev)
    if card.task == "sentiment":
        calibration = _sentiment_calibration(model, dev)
    else:
        calibration = Calibration(temperature=_tag_temperature(model, task, dev))
    return card.model_copy(update={"calibration": calibration, "notes": _NOTES[card.task] + _COMMON_NOTE})


def scored_card(model: OnnxModel, splits: dict[str, Sequence[Example]]) -> ModelCard:
    """The model's card with the scores of each split of labelled messages."""
    scores = {name: score(model, examples) for name, examples in splits.items() if examples}
    rounded = {name: {key: round(value, 4) for key, value in part.items()} for name, part in scores.items()}
    return model.card.model_copy(update={"scores": rounded})


def score(model: OnnxModel, examples: Sequence[Example]) -> dict[str, float]:
    """Scores of cases.md for the model's task."""
    if model.card.task == "intent":
        return score_intents(model, model.card, examples)
    if model.card.task == "sentiment":
        return score_sentiment(model, examples)
    return score_slots(model, model.card, examples)


def write_card(card: ModelCard, directory: Path) -> None:
    """Write ``card.yaml``, after which the folder can be served."""
    content: dict[str, Any] = card.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    (directory / CARD_FILE).write_text(text, encoding="utf-8")


def _calibrated_intents(model: OnnxModel, card: ModelCard, dev: Sequence[Example]) -> ModelCard:
    truth = intent_truth(dev, card.labels)
    logits = np.stack([output[0] for output in raw_outputs(model, dev)]).astype(np.float64)
    platt = fit_platt(logits, truth)
    card = card.model_copy(update={"calibration": Calibration(per_label=dict.fromkeys(card.labels, platt))})
    probabilities = IntentCalibration(card).probabilities(logits.astype(np.float32))
    thresholds = fit_thresholds(probabilities, truth)
    card = card.model_copy(
        update={"thresholds": {label: float(cut) for label, cut in zip(card.labels, thresholds, strict=True)}}
    )
    rule = fit_review_below(probabilities, probabilities >= thresholds, truth)
    notes = _NOTES["intent"].format(caught=rule.caught, disturbed=rule.disturbed) + _COMMON_NOTE
    return card.model_copy(update={"review_below": rule.review_below, "notes": notes})


def _sentiment_calibration(model: OnnxModel, dev: Sequence[Example]) -> Calibration:
    outputs = raw_outputs(model, dev)
    level, steps = model.output_names.index("sentiment"), model.output_names.index("frustration")
    levelled = [row for row, item in enumerate(dev) if item.sentiment is not None]
    graded = [row for row, item in enumerate(dev) if item.frustration is not None]
    raw = np.array([np.mean(1 / (1 + np.exp(-outputs[row][steps].astype(np.float64)))) for row in graded])
    wanted = np.array([(dev[row].frustration or 0.0) / 4.0 for row in graded])
    return Calibration(
        temperature=fit_temperature(
            np.stack([outputs[row][level] for row in levelled]).astype(np.float64),
            np.array([LEVELS.index(dev[row].sentiment or "") for row in levelled]),
        ),
        curve=fit_line(raw, wanted),
    )


def _tag_temperature(model: OnnxModel, task: TrainingTask, dev: Sequence[Example]) -> float:
    encodings = model.encode([item.text for item in dev], offsets=True)
    rows, truth = [], []
    for example, encoding, output in zip(dev, encodings, model.run_all(encodings), strict=True):
        for tag, logits in zip(spans_to_tags(example.slots or (), encoding.offsets), output[0], strict=True):
            if tag is not None:
                rows.append(logits)
                truth.append(task.labels.index(tag))
    return fit_temperature(np.stack(rows).astype(np.float64), np.array(truth))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
