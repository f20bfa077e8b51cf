"""BANKING77 (Casanueva et al. 2020), all of the training data."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quality.scoring import single_intent
from benchmarks.quality.setting import Measure, Published, Setting, Split
from services.trainer.readers.published import banking77
from services.trainer.single_intent import SingleIntentTask
from services.trainer.taxonomy import Taxonomy

_PAPER = "Casanueva et al. 2020"


def settings() -> list[Setting]:
    """The set has no dev part: the last epoch is scored."""
    return [
        Setting(
            set="banking77",
            name="full",
            folds=1,
            prepare=_split,
            options={"epochs": 12},
            score=single_intent,
            measures=(
                Measure(
                    "accuracy",
                    "accuracy",
                    to_reach=0.930,
                    published=(
                        Published(0.9366, "BERT, tuned", _PAPER),
                        Published(0.9336, "USE + ConveRT", _PAPER),
                    ),
                ),
            ),
        )
    ]


def _split(data: Path, fold: int) -> Split:  # noqa: ARG001
    root = data / "banking77"
    task = SingleIntentTask(Taxonomy(intents=banking77.read_labels(root), slots=()))
    return Split(task, banking77.read_split(root, "train"), (), banking77.read_split(root, "test"))
