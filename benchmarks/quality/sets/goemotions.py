"""GoEmotions (Demszky et al. 2020), 27 emotions and "neutral"."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quality.scoring import intents_by_dev
from benchmarks.quality.setting import Measure, Published, Setting, Split
from services.trainer.readers.published import goemotions
from services.trainer.tasks import IntentTask
from services.trainer.taxonomy import Taxonomy


def settings() -> list[Setting]:
    """A text may have several emotions; thresholds are chosen on dev as for our own intents."""
    return [
        Setting(
            set="goemotions",
            name="28 labels",
            folds=1,
            prepare=_split,
            options={"epochs": 4, "max_tokens": 64},
            score=intents_by_dev,
            measures=(
                Measure(
                    "macro_f1",
                    "macro-F1",
                    to_reach=0.48,
                    published=(Published(0.46, "BERT base", "Demszky et al. 2020"),),
                ),
            ),
        )
    ]


def _split(data: Path, fold: int) -> Split:  # noqa: ARG001
    root = data / "goemotions"
    task = IntentTask(Taxonomy(intents=goemotions.read_labels(root), slots=()))
    return Split(
        task,
        goemotions.read_split(root, "train"),
        goemotions.read_split(root, "dev"),
        goemotions.read_split(root, "test"),
    )
