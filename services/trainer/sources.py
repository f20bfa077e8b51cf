"""What each task is trained on: which sets, how much of each, and how much it counts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.trainer.as_read import as_read
from services.trainer.augment import mentions, with_other_values
from services.trainer.example import Example
from services.trainer.label_map import load_intent_map, load_sentiment_map
from services.trainer.readers import emotions, intents
from services.trainer.readers.cases import case_examples, read_cases
from services.trainer.readers.slots_label_map import load_slot_label_map
from services.trainer.readers.slots_multidogo import read_multidogo as read_multidogo_slots
from services.trainer.readers.slots_presidio import read_presidio
from services.trainer.readers.slots_restaurant8k import read_restaurant8k
from services.trainer.taxonomy import Taxonomy
from shared.inference.lexicon_store import load_lexicon
from shared.inference.model import Task, TrainingData

CASES_LICENCE = "Apache-2.0 (written for this project)"
CASES_NAME = "commerce cases, train part"


@dataclass(frozen=True, slots=True)
class Source:
    """One public set for one task.

    ``per_group`` bounds how many examples are taken of each kind (same intents, same slot types,
    same level and frustration), so that one frequent label does not drown the others;
    ``per_empty`` the same for texts without any label of ours, of which there are many kinds.
    ``weight`` scales their loss.
    """

    name: str
    licence: str
    read: Callable[[], Iterator[Example]]
    per_group: int
    per_empty: int
    weight: float


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Examples of a task with the account of where they come from."""

    examples: list[Example]
    data: tuple[TrainingData, ...]


def training_set(
    task: Task,
    pack: Path,
    data: Path | None,
    taxonomy: Taxonomy,
    *,
    repeat_cases: int,
    scale: float,
    seed: int,
) -> TrainingSet:
    """Our own labelled cases, ``repeat_cases`` times each, and a balanced part of the public sets.

    For the slot task every repetition after the first carries other values in its slots. All texts are as
    the service's model will read them, with the pack's lexicon written out.

    Args:
        data: folder of the public sets; None trains on the cases alone.
        scale: multiplies every source's ``per_group``.
        seed: of the choice among a group's examples.
    """
    own = [
        example
        for example in case_examples(read_cases(pack / "cases" / "train", taxonomy))
        if _labelled(task, example)
    ]
    examples = list(own)
    generator = random.Random(seed)  # noqa: S311 - a choice of values, not a secret
    pool = mentions(own)
    for _ in range(repeat_cases - 1):
        examples.extend(with_other_values(item, pool, generator) if task == "slots" else item for item in own)
    account = [TrainingData(name=CASES_NAME, licence=CASES_LICENCE, examples=len(own))]
    taken = {example.text for example in own}
    for source in public_sources(task, data, taxonomy) if data is not None else ():
        part = _balanced(source, scale, seed, taken)
        part = [replace(example, weight=source.weight) for example in part]
        if part:
            examples.extend(part)
            account.append(TrainingData(name=source.name, licence=source.licence, examples=len(part)))
    return TrainingSet(as_read(examples, load_lexicon(pack)), tuple(account))


def held_out(split: str, task: Task, pack: Path, taxonomy: Taxonomy) -> list[Example]:
    """Our own cases of the split "dev" or "test" that are labelled for the task, as the model will read them."""
    cases = case_examples(read_cases(pack / "cases" / split, taxonomy))
    return as_read((example for example in cases if _labelled(task, example)), load_lexicon(pack))


def public_sources(task: Task, data: Path, taxonomy: Taxonomy) -> Sequence[Source]:
    """The public sets of a task; ``data`` holds a folder for each."""
    if task == "intent":
        return _intent_sources(data, taxonomy)
    if task == "sentiment":
        return _sentiment_sources(data)
    return _slot_sources(data)


def _intent_sources(data: Path, taxonomy: Taxonomy) -> list[Source]:
    plan = (
        ("bitext", "bitext_intent_detection", intents.read_bitext, 60),
        ("banking77", "banking77", intents.read_banking77, 80),
        ("clinc150", "clinc150", intents.read_clinc150, 60),
        ("dstc11_natcs", "dstc11_natcs_utterances", intents.read_dstc11_natcs, 60),
        ("multidogo", "multidogo", intents.read_multidogo, 60),
    )
    sources = []
    for name, folder, read, per_group in plan:
        labels = load_intent_map(name, taxonomy)
        sources.append(
            Source(
                labels.source,
                labels.licence,
                lambda read=read, folder=folder, labels=labels: read(data / folder, labels),  # type: ignore[misc]
                per_group,
                per_empty=10 * per_group,
                weight=0.5,
            )
        )
    return sources


def _sentiment_sources(data: Path) -> list[Source]:
    plan = (
        ("goemotions", "goemotions", emotions.read_goemotions, 450, 0.3),
        ("brighter", "brighter_semeval2025_t11", emotions.read_brighter, 300, 0.5),
        ("convabuse", "convabuse", emotions.read_convabuse, 150, 0.5),
    )
    sources = []
    for name, folder, read, per_group, weight in plan:
        labels = load_sentiment_map(name)
        sources.append(
            Source(
                labels.source,
                labels.licence,
                lambda read=read, folder=folder, labels=labels: read(data / folder, labels),  # type: ignore[misc]
                per_group,
                per_empty=per_group,
                weight=weight,
            )
        )
    return sources


def _slot_sources(data: Path) -> list[Source]:
    plan: tuple[tuple[str, Callable[[], Iterator[Example]], int], ...] = (
        ("multidogo", lambda: read_multidogo_slots(data / "multidogo"), 150),
        ("presidio", lambda: read_presidio(data / "presidio_synth"), 40),
        ("restaurant8k", lambda: read_restaurant8k(data / "restaurant8k_dstc8_spans"), 150),
    )
    maps = {name: load_slot_label_map(name) for name, _, _ in plan}
    return [
        Source(maps[name].source, maps[name].licence, read, cap, per_empty=4 * cap, weight=0.5)
        for name, read, cap in plan
    ]


def _balanced(source: Source, scale: float, seed: int, taken: set[str]) -> list[Example]:
    """A part of a source in which no kind of example is frequent; no text that is ``taken``."""
    groups: dict[Hashable, list[Example]] = defaultdict(list)
    for example in source.read():
        if example.text not in taken:
            taken.add(example.text)
            kinds = tuple(sorted({span.type for span in example.slots or ()}))
            groups[(example.intents, kinds, example.sentiment, example.frustration)].append(example)
    generator = random.Random(seed)  # noqa: S311 - a choice of examples, not a secret
    chosen: list[Example] = []
    for group in groups.values():
        generator.shuffle(group)
        labelled = group[0].intents or group[0].slots or group[0].sentiment or group[0].frustration
        cap = source.per_group if labelled else source.per_empty
        chosen.extend(group[: max(1, round(cap * scale))])
    return chosen


def _labelled(task: Task, example: Example) -> bool:
    if task == "intent":
        return example.intents is not None
    if task == "slots":
        return example.slots is not None
    return example.sentiment is not None or example.frustration is not None
