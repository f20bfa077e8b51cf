"""Training batches: examples turned into padded tensors, batched by like length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Item:
    """One encoded example.

    ``targets`` are tensors whose first axis is the token axis for those named in
    ``Batch.per_token`` and which have a fixed shape otherwise.
    """

    ids: tuple[int, ...]
    targets: dict[str, Tensor]
    weight: float


@dataclass(frozen=True, slots=True)
class Batch:
    """``ids`` and ``mask`` are [batch, tokens]; ``targets`` have a leading batch axis."""

    ids: Tensor
    mask: Tensor
    targets: dict[str, Tensor]
    weights: Tensor


def collate(items: Sequence[Item], *, per_token: frozenset[str] = frozenset(), fill: int = -100) -> Batch:
    """Pad to the longest item; token targets are padded with ``fill``."""
    longest = max(len(item.ids) for item in items)
    ids = torch.zeros((len(items), longest), dtype=torch.long)
    mask = torch.zeros((len(items), longest), dtype=torch.long)
    for row, item in enumerate(items):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
    targets: dict[str, Tensor] = {}
    for name in items[0].targets:
        parts = [item.targets[name] for item in items]
        if name in per_token:
            padded = torch.full((len(items), longest), fill, dtype=parts[0].dtype)
            for row, part in enumerate(parts):
                padded[row, : len(part)] = part
            targets[name] = padded
        else:
            targets[name] = torch.stack(parts)
    return Batch(ids, mask, targets, torch.tensor([item.weight for item in items]))


def shuffled_batches(
    items: Sequence[Item], *, token_budget: int, max_batch: int, seed: int
) -> list[list[Item]]:
    """Batches of like length in random order, differing from epoch to epoch by ``seed``.

    Items are shuffled, sorted by length within pools of fifty batches, cut where the padded size
    would pass ``token_budget``, and the batches are shuffled again.
    """
    generator = random.Random(seed)  # noqa: S311 - an order of training, not a secret
    order = list(items)
    generator.shuffle(order)
    pool = max_batch * 50
    batches: list[list[Item]] = []
    for begin in range(0, len(order), pool):
        batches.extend(_cut(sorted(order[begin : begin + pool], key=_length), token_budget, max_batch))
    generator.shuffle(batches)
    return batches


def ordered_batches(
    items: Sequence[Item], *, token_budget: int, max_batch: int
) -> Iterator[tuple[list[int], list[Item]]]:
    """Batches of like length with the indices of their items, for evaluation."""
    order = sorted(range(len(items)), key=lambda index: len(items[index].ids))
    begin = 0
    for batch in _cut([items[index] for index in order], token_budget, max_batch):
        yield order[begin : begin + len(batch)], batch
        begin += len(batch)


def _length(item: Item) -> int:
    return len(item.ids)


def _cut(ordered: Sequence[Item], token_budget: int, max_batch: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in ordered:
        if batch and (len(batch) == max_batch or len(item.ids) * (len(batch) + 1) > token_budget):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
