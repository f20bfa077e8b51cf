"""BRIGHTER (Muhammad et al. 2025), intensity of anger in English, by the network of frustration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Encoding

from benchmarks.quality.scoring import intensity
from benchmarks.quality.setting import Measure, Predictions, Setting, Split
from services.trainer.example import Example
from services.trainer.readers.published import brighter
from services.trainer.tasks import Outputs, SentimentTask
from services.trainer.taxonomy import Taxonomy


class IntensityTask(SentimentTask):
    """The sentiment task where no level is labelled: epochs are chosen by frustration alone."""

    def score(self, outputs: Outputs, examples: Sequence[Example], encodings: Sequence[Encoding]) -> float:
        """Pearson correlation."""
        predictions = Predictions(examples, encodings, outputs)
        return intensity(self, predictions, predictions)["pearson"]


def settings() -> list[Setting]:
    """Trained on the English training part; the test part is scored and nothing else."""
    return [
        Setting(
            set="brighter",
            name="English anger",
            folds=1,
            prepare=_split,
            options={"epochs": 6, "patience": 6},
            score=intensity,
            measures=(Measure("pearson", "Pearson"),),
        )
    ]


def _split(data: Path, fold: int) -> Split:  # noqa: ARG001
    root = data / "brighter_semeval2025_t11"
    return Split(
        IntensityTask(Taxonomy(intents=(), slots=())),
        brighter.read_anger(root, "train"),
        brighter.read_anger(root, "dev"),
        brighter.read_anger(root, "test"),
    )
