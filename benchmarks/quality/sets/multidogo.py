"""MultiDoGO (Peskov et al. 2019), slots, with the domain "software" held out.

The paper trains and tests within a domain, so that it has no figure for this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from benchmarks.quality.scoring import slots
from benchmarks.quality.setting import Measure, Setting, Split
from services.trainer.example import Example
from services.trainer.readers.published import multidogo
from services.trainer.readers.slots_multidogo import read_multidogo
from services.trainer.tasks import SlotTask
from services.trainer.taxonomy import Taxonomy

HELD_OUT = "software"
OTHERS = tuple(domain for domain in multidogo.DOMAINS if domain != HELD_OUT)
# The slots that are labelled both in the other domains' training parts and in that of software.
SHARED_SLOTS = ("name", "address", "quantity", "account_number", "date")


def settings() -> list[Setting]:
    """In the set's own labels, row by row; and in our slot types, read as for our own tagger."""
    return [
        Setting(
            set="multidogo",
            name=name,
            folds=1,
            prepare=prepare,
            options={"epochs": 4},
            score=slots,
            measures=(Measure("f1", "slot F1"),),
        )
        for name, prepare in (
            ("software held out, own labels", _own),
            ("software held out, our types", _ours),
        )
    ]


def _own(data: Path, fold: int) -> Split:  # noqa: ARG001
    root = data / "multidogo"

    def read(split: Literal["train", "dev"]) -> list[Example]:
        return [item for domain in OTHERS for item in multidogo.read_split(root, domain, split, SHARED_SLOTS)]

    # half of the training rows are repetitions ("thank you"), which teach nothing new
    train = list(dict.fromkeys(read("train")))
    test = multidogo.read_split(root, HELD_OUT, "test", SHARED_SLOTS)
    return Split(SlotTask(Taxonomy(intents=(), slots=SHARED_SLOTS)), train, read("dev"), test)


def _ours(data: Path, fold: int) -> Split:  # noqa: ARG001
    root = data / "multidogo"
    train = list(read_multidogo(root, ("train",)))
    dev = list(read_multidogo(root, ("dev",)))
    test = list(read_multidogo(root, ("test",), (HELD_OUT,), frozenset(), with_context_only=False))
    types = tuple(sorted({span.type for example in train for span in example.slots or ()}))
    return Split(SlotTask(Taxonomy(intents=(), slots=types)), train, dev, test)
