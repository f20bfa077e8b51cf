"""The three tasks: what each trains on, its network, its loss and the score that picks the best epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Encoding
from torch import Tensor
from torch.nn import functional

from services.sentiment.scorer import notable_sentences, tokens_of
from services.trainer.batches import Batch, Item
from services.trainer.bio import spans_to_tags, tags_to_spans
from services.trainer.encoder import Encoder
from services.trainer.evaluate import f1, frustration_scores, sentiment_scores, slot_scores
from services.trainer.example import Example
from services.trainer.networks import (
    FRUSTRATION_STEPS,
    IntentNetwork,
    Network,
    SentimentNetwork,
    TaggerNetwork,
)
from services.trainer.taxonomy import Taxonomy
from shared.domain.analysis import Sentiment
from shared.inference.model import Task as TaskName

Outputs = Sequence[Sequence[npt.NDArray[np.float32]]]
IGNORED = -100
LEVELS = tuple(level.value for level in Sentiment)
EVIDENCE_WEIGHT = 0.3  # of choosing the sentence beside level and frustration


class TrainingTask(ABC):
    """What a task adds to the one training loop."""

    name: ClassVar[TaskName]
    per_token: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """Labels in the order of the outputs, as the card carries them."""

    @abstractmethod
    def network(self, encoder: Encoder) -> Network:
        """A fresh network on the base encoder."""

    @abstractmethod
    def targets(self, example: Example, encoding: Encoding) -> dict[str, Tensor] | None:
        """Training targets of an example; None where it carries no label of this task."""

    @abstractmethod
    def loss(self, outputs: Sequence[Tensor], batch: Batch) -> Tensor:
        """Weighted mean loss of a batch."""

    @abstractmethod
    def score(self, outputs: Outputs, examples: Sequence[Example], encodings: Sequence[Encoding]) -> float:
        """How good raw outputs are on labelled examples; higher is better."""

    def item(self, example: Example, encoding: Encoding) -> Item | None:
        """An encoded training item, or None where the example says nothing for this task."""
        targets = self.targets(example, encoding)
        return None if targets is None else Item(tuple(encoding.ids), targets, example.weight)


class IntentTask(TrainingTask):
    """Multi-label classification: binary cross-entropy over the labels that are known."""

    name = "intent"

    @property
    def labels(self) -> tuple[str, ...]:
        return self.taxonomy.intents

    def network(self, encoder: Encoder) -> Network:
        return IntentNetwork(encoder, len(self.labels))

    def targets(self, example: Example, encoding: Encoding) -> dict[str, Tensor] | None:  # noqa: ARG002
        if example.intents is None:
            return None
        truth = torch.tensor([float(label in example.intents) for label in self.labels])
        if example.negatives is None:
            known = torch.ones(len(self.labels))
        else:
            known = torch.tensor(
                [float(label in example.intents or label in example.negatives) for label in self.labels]
            )
        return {"truth": truth, "known": known}

    def loss(self, outputs: Sequence[Tensor], batch: Batch) -> Tensor:
        known = batch.targets["known"] * batch.weights.unsqueeze(1)
        each = functional.binary_cross_entropy_with_logits(
            outputs[0], batch.targets["truth"], reduction="none"
        )
        return (each * known).sum() / batch.weights.sum()

    def score(self, outputs: Outputs, examples: Sequence[Example], encodings: Sequence[Encoding]) -> float:  # noqa: ARG002
        """Micro-F1 at the best single threshold."""
        logits = np.stack([output[0] for output in outputs])
        truth = np.array([[label in (item.intents or ()) for label in self.labels] for item in examples])
        cuts = np.quantile(logits, np.linspace(0.9, 0.995, 40))
        return max(
            f1(float((truth & (logits >= cut)).sum()), float((logits >= cut).sum()), float(truth.sum()))
            for cut in cuts
        )


class SentimentTask(TrainingTask):
    """Cross-entropy over five levels, ordinal regression of frustration, and which sentence carries it."""

    name = "sentiment"
    per_token = frozenset({"sentence", "key"})

    @property
    def labels(self) -> tuple[str, ...]:
        return LEVELS

    def network(self, encoder: Encoder) -> Network:
        return SentimentNetwork(encoder)

    def targets(self, example: Example, encoding: Encoding) -> dict[str, Tensor] | None:
        if example.sentiment is None and example.frustration is None:
            return None
        level = IGNORED if example.sentiment is None else LEVELS.index(example.sentiment)
        degree = -1.0 if example.frustration is None else example.frustration
        # a level between two steps is a target between 0 and 1 for the upper one
        steps = [min(1.0, max(0.0, degree - step)) for step in range(FRUSTRATION_STEPS)]
        return {
            "level": torch.tensor(level),
            "steps": torch.tensor(steps),
            "graded": torch.tensor(float(degree >= 0)),
            **sentence_targets(example, encoding.offsets),
        }

    def loss(self, outputs: Sequence[Tensor], batch: Batch) -> Tensor:
        levels, steps, evidence = outputs
        by_level = functional.cross_entropy(
            levels, batch.targets["level"], ignore_index=IGNORED, reduction="none"
        )
        by_step = functional.binary_cross_entropy_with_logits(steps, batch.targets["steps"], reduction="none")
        graded = by_step.sum(dim=1) * batch.targets["graded"]
        by_sentence = sentence_loss(evidence.squeeze(-1), batch.targets["sentence"], batch.targets["key"])
        each = by_level + graded + EVIDENCE_WEIGHT * by_sentence
        return (each * batch.weights).sum() / batch.weights.sum()

    def score(self, outputs: Outputs, examples: Sequence[Example], encodings: Sequence[Encoding]) -> float:  # noqa: ARG002
        """Mean of the frustration's Pearson correlation and the levels' macro-F1."""
        graded = [row for row, item in enumerate(examples) if item.frustration is not None]
        levelled = [row for row, item in enumerate(examples) if item.sentiment is not None]
        degrees = np.array([examples[row].frustration for row in graded], dtype=np.float64)
        guesses = np.array([np.mean(1 / (1 + np.exp(-outputs[row][1]))) for row in graded], dtype=np.float64)
        truth = np.array([LEVELS.index(examples[row].sentiment or "") for row in levelled])
        best = np.array([int(np.argmax(outputs[row][0])) for row in levelled])
        pearson = frustration_scores(degrees, guesses)["frustration_pearson"]
        return 0.5 * (pearson + sentiment_scores(truth, best)["sentiment_macro_f1"])


def sentence_targets(example: Example, offsets: Sequence[tuple[int, int]]) -> dict[str, Tensor]:
    """For each token the number of its sentence, and whether that is a key one; IGNORED where neither is known."""
    sentence = torch.full((len(offsets),), IGNORED)
    key = torch.zeros(len(offsets))
    if example.key_sentences:
        for number, each in enumerate(notable_sentences(example.text)):
            mine = tokens_of(each, offsets)
            sentence[mine] = number
            if any(span.start < each.end and each.start < span.end for span in example.key_sentences):
                key[mine] = 1.0
    return {"sentence": sentence, "key": key}


def sentence_loss(scores: Tensor, sentence: Tensor, key: Tensor) -> Tensor:
    """Cross-entropy of choosing a key sentence by the mean score of its tokens: [batch]; 0 where none is known.

    Args:
        scores: of each token, [batch, tokens].
        sentence: number of the token's sentence or IGNORED, [batch, tokens].
        key: 1 where that sentence is a key one, [batch, tokens].
    """
    most = int(sentence.max().item()) + 1
    if most < 1:
        return torch.zeros(len(scores))
    member = (sentence.unsqueeze(1) == torch.arange(most).view(1, -1, 1)).float()  # [batch, sentences, tokens]
    size = member.sum(dim=2)
    means = (member * scores.unsqueeze(1)).sum(dim=2) / size.clamp(min=1.0)
    chances = functional.log_softmax(means.masked_fill(size == 0, -1e4), dim=1)
    wanted = ((member * key.unsqueeze(1)).sum(dim=2) > 0).float()
    wanted = wanted / wanted.sum(dim=1, keepdim=True).clamp(min=1.0)
    return -(wanted * chances).sum(dim=1)


class SlotTask(TrainingTask):
    """Token classification with BIO tags."""

    name = "slots"
    per_token = frozenset({"tags"})

    @property
    def labels(self) -> tuple[str, ...]:
        return self.taxonomy.slot_tags

    def network(self, encoder: Encoder) -> Network:
        return TaggerNetwork(encoder, len(self.labels))

    def targets(self, example: Example, encoding: Encoding) -> dict[str, Tensor] | None:
        if example.slots is None:
            return None
        tags = spans_to_tags(example.slots, encoding.offsets)
        return {"tags": torch.tensor([IGNORED if tag is None else self.labels.index(tag) for tag in tags])}

    def loss(self, outputs: Sequence[Tensor], batch: Batch) -> Tensor:
        tags = batch.targets["tags"]
        each = functional.cross_entropy(
            outputs[0].flatten(0, 1), tags.flatten(), ignore_index=IGNORED, reduction="none"
        ).view(tags.shape)
        weights = (tags != IGNORED) * batch.weights.unsqueeze(1)
        return (each * weights).sum() / weights.sum().clamp(min=1.0)

    def score(self, outputs: Outputs, examples: Sequence[Example], encodings: Sequence[Encoding]) -> float:
        """Exact slot F1."""
        found = [
            tags_to_spans([self.labels[index] for index in output[0].argmax(axis=-1)], encoding.offsets)
            for output, encoding in zip(outputs, encodings, strict=True)
        ]
        return slot_scores([example.slots or () for example in examples], found)["f1"]


def training_task(name: TaskName, taxonomy: Taxonomy) -> TrainingTask:
    """The task of that name."""
    kinds: dict[TaskName, type[TrainingTask]] = {
        "intent": IntentTask,
        "slots": SlotTask,
        "sentiment": SentimentTask,
    }
    return kinds[name](taxonomy)
