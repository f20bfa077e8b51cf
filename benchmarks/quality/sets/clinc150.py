"""CLINC150 (Larson et al. 2019), the full data."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quality.scoring import out_of_scope
from benchmarks.quality.setting import Measure, Published, Setting, Split
from services.trainer.readers.published import clinc150
from services.trainer.single_intent import SingleIntentTask
from services.trainer.taxonomy import Taxonomy

_PAPER = "Larson et al. 2019"


def settings() -> list[Setting]:
    """One threshold on the largest probability, chosen on the validation part, gives both measures."""
    return [
        Setting(
            set="clinc150",
            name="full",
            folds=1,
            prepare=_split,
            options={"epochs": 10},
            score=out_of_scope,
            measures=(
                Measure(
                    "in_scope_accuracy",
                    "in-scope accuracy",
                    to_reach=0.955,
                    published=(
                        Published(0.962, "BERT, threshold", _PAPER),
                        Published(0.969, "BERT, trained on out of scope", _PAPER),
                    ),
                ),
                Measure(
                    "out_of_scope_recall",
                    "out-of-scope recall",
                    to_reach=0.55,
                    published=(
                        Published(0.523, "BERT, threshold", _PAPER),
                        Published(0.403, "BERT, trained on out of scope", _PAPER),
                    ),
                ),
            ),
        )
    ]


def _split(data: Path, fold: int) -> Split:  # noqa: ARG001
    root = data / "clinc150"
    task = SingleIntentTask(Taxonomy(intents=clinc150.read_labels(root), slots=()))
    return Split(
        task,
        clinc150.read_split(root, "train"),
        clinc150.read_split(root, "val"),
        clinc150.read_split(root, "test"),
    )
