"""Scores of an exported model as it is served: int8, calibrated, through the services' own code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.intent.classifier import IntentCalibration, judge
from services.sentiment.scorer import SentimentScorer, notable_sentences
from services.trainer.bio import tags_to_spans
from services.trainer.evaluate import (
    Bools,
    frustration_scores,
    intent_scores,
    sentiment_scores,
    slot_scores,
)
from services.trainer.example import Example, SlotSpan
from services.trainer.tasks import LEVELS
from shared.domain.analysis import SentimentAnalysis
from shared.domain.ticket import Utterance
from shared.inference.model import ModelCard
from shared.inference.session import FloatArray, OnnxModel


def raw_outputs(model: OnnxModel, examples: Sequence[Example]) -> list[list[FloatArray]]:
    """The model's own outputs for each text."""
    return model.predict([example.text for example in examples])


def intent_truth(examples: Sequence[Example], labels: Sequence[str]) -> Bools:
    """Labelled intents as [messages, labels]."""
    return np.array([[label in (item.intents or ()) for label in labels] for item in examples])


def score_intents(model: OnnxModel, card: ModelCard, examples: Sequence[Example]) -> dict[str, float]:
    """Scores of cases.md, with the share of messages on which the model abstained."""
    logits = np.stack([output[0] for output in raw_outputs(model, examples)])
    probabilities = IntentCalibration(card).probabilities(logits)
    analyses = [judge(card, row) for row in probabilities]
    accepted = np.array(
        [[label in {score.label for score in item.accepted} for label in card.labels] for item in analyses]
    )
    scores = intent_scores(intent_truth(examples, card.labels), accepted, probabilities)
    scores["abstained"] = float(np.mean([item.abstention is not None for item in analyses]))
    return scores


def score_sentiment(model: OnnxModel, examples: Sequence[Example]) -> dict[str, float]:
    """Scores of cases.md for frustration and for the levels."""
    analyses = SentimentScorer(model).score([Utterance(item.text, item.language) for item in examples])
    graded = [row for row, item in enumerate(examples) if item.frustration is not None]
    levelled = [row for row, item in enumerate(examples) if item.sentiment is not None]
    return {
        **frustration_scores(
            np.array([examples[row].frustration for row in graded], dtype=np.float64),
            np.array([analyses[row].frustration for row in graded]),
        ),
        **evidence_scores(examples, analyses),
        **sentiment_scores(
            np.array([LEVELS.index(examples[row].sentiment or "") for row in levelled]),
            np.array([LEVELS.index(analyses[row].sentiment.value) for row in levelled]),
        ),
    }


def evidence_scores(
    examples: Sequence[Example], analyses: Sequence[SentimentAnalysis]
) -> dict[str, float]:
    """How often the evidence is a key sentence, over messages of several sentences for which one is named
    and that are frustrated enough to have any.
    """
    hits = [
        any(span.start < found.evidence.end and found.evidence.start < span.end for span in example.key_sentences)
        for example, found in zip(examples, analyses, strict=True)
        if example.key_sentences and found.evidence is not None and len(notable_sentences(example.text)) > 1
    ]
    return {"evidence_messages": float(len(hits)), "evidence_accuracy": float(np.mean(hits))} if hits else {}


def score_slots(model: OnnxModel, card: ModelCard, examples: Sequence[Example]) -> dict[str, float]:
    """Scores of the tagger alone; patterns and gazetteer of the service come on top of it."""
    return slot_scores([item.slots or () for item in examples], tagged_spans(model, card, examples))


def tagged_spans(model: OnnxModel, card: ModelCard, examples: Sequence[Example]) -> list[list[SlotSpan]]:
    """Spans of the most probable tag of each token."""
    encodings = model.encode([item.text for item in examples], offsets=True)
    return [
        tags_to_spans([card.labels[index] for index in output[0].argmax(axis=-1)], encoding.offsets)
        for output, encoding in zip(model.run_all(encodings), encodings, strict=True)
    ]
