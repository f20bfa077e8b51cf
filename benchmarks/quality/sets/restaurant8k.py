"""RESTAURANTS-8K (Coope et al. 2020), all of the training data."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.quality.flat_spans import flat
from benchmarks.quality.scoring import slots
from benchmarks.quality.setting import Measure, Published, Setting, Split
from services.trainer.readers.published import restaurant8k
from services.trainer.tasks import SlotTask
from services.trainer.taxonomy import Taxonomy

_PAPERS = (Published(0.96, "Span-ConveRT", "Coope et al. 2020"),)


def settings() -> list[Setting]:
    """With and without what the agent had asked for; the set has no dev part: the last epoch is scored."""
    return [
        Setting(
            set="restaurant8k",
            name=name,
            folds=1,
            prepare=partial(_split, asked=asked),
            options={"epochs": 8},
            score=slots,
            measures=(Measure("mean_f1", "F1, mean of the slots", published=published),),
        )
        for name, asked, published in (
            ("with the slots asked for", True, _PAPERS),
            # as our own tagger reads messages; some answers ("13") then have no right reading
            ("text alone", False, ()),
        )
    ]


def _split(data: Path, fold: int, *, asked: bool) -> Split:  # noqa: ARG001
    root = data / "restaurant8k_dstc8_spans"
    task = SlotTask(Taxonomy(intents=(), slots=restaurant8k.SLOTS))
    train = [flat(example) for example in restaurant8k.read_split(root, "train_0", asked=asked)]
    return Split(task, train, (), restaurant8k.read_split(root, "test", asked=asked))
