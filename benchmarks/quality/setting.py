"""What a measurement on a public set consists of: its data, its training, its score, what others reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Encoding

from services.trainer.example import Example
from services.trainer.tasks import Outputs, TrainingTask

SEED = 17
SEEDS = (17, 18, 19)  # where a set has one split; where it has folds, these are the repetition


@dataclass(frozen=True, slots=True)
class Split:
    """What is trained on, what an epoch and thresholds are chosen on (may be empty), what is scored on."""

    task: TrainingTask
    train: Sequence[Example]
    dev: Sequence[Example]
    test: Sequence[Example]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Labelled examples with the network's raw outputs for them."""

    examples: Sequence[Example]
    encodings: Sequence[Encoding]
    outputs: Outputs


# task, predictions on dev, predictions on test -> scores by name
Scorer = Callable[[TrainingTask, Predictions, Predictions], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that others published for the same split and measure."""

    value: float
    model: str
    source: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A score that is reported: its key among a run's scores, and what is wanted of it."""

    key: str
    name: str
    to_reach: float | None = None
    published: tuple[Published, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table.

    Attributes:
        name: unique within the set; "set/name" is what ``--set`` chooses by.
        folds: how many experiments the set's authors average; 1 for a fixed split.
        prepare: the folder of the public sets and the number of the fold -> the split.
        options: where the training differs from the trainer's defaults. A run counts for the
            setting as long as they are what they were then.
    """

    set: str
    name: str
    folds: int
    prepare: Callable[[Path, int], Split]
    options: Mapping[str, float]
    score: Scorer
    measures: tuple[Measure, ...]

    @property
    def id(self) -> str:
        return f"{self.set}/{self.name}"

    @property
    def seeds(self) -> tuple[int, ...]:
        return SEEDS if self.folds == 1 else (SEED,)
