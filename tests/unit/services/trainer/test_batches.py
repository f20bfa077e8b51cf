"""Batches for training: nothing lost, budgets held, another order each epoch."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from services.trainer.batches import Item, collate, ordered_batches, shuffled_batches  # noqa: E402

items_of = st.lists(st.integers(1, 40), min_size=1, max_size=80).map(
    lambda lengths: [Item(tuple(range(1, length + 1)), {}, float(row)) for row, length in enumerate(lengths)]
)


@given(items_of, st.integers(1, 200), st.integers(1, 9))
def test_every_item_occurs_once_and_budgets_hold(items: list[Item], budget: int, most: int) -> None:
    batches = shuffled_batches(items, token_budget=budget, max_batch=most, seed=1)
    assert sorted(item.weight for batch in batches for item in batch) == [
        float(row) for row in range(len(items))
    ]
    for batch in batches:
        assert len(batch) <= most
        assert len(batch) == 1 or max(len(item.ids) for item in batch) * len(batch) <= budget


@given(items_of)
def test_ordered_batches_name_their_items(items: list[Item]) -> None:
    for indices, batch in ordered_batches(items, token_budget=64, max_batch=4):
        assert [items[index] for index in indices] == batch


def test_the_order_follows_the_seed() -> None:
    items = [Item((1,) * (row % 7 + 1), {}, float(row)) for row in range(60)]

    def order(seed: int) -> list[float]:
        plan = shuffled_batches(items, token_budget=32, max_batch=4, seed=seed)
        return [item.weight for batch in plan for item in batch]

    assert order(1) == order(1) != order(2)


def test_padding_is_masked_and_token_targets_are_filled() -> None:
    items = [
        Item((5, 6, 7), {"tags": torch.tensor([0, 1, 2]), "level": torch.tensor(3)}, 1.0),
        Item((8,), {"tags": torch.tensor([4]), "level": torch.tensor(0)}, 0.5),
    ]
    batch = collate(items, per_token=frozenset({"tags"}))
    assert batch.ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch.mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch.targets["tags"].tolist() == [[0, 1, 2], [4, -100, -100]]
    assert batch.targets["level"].tolist() == [3, 0]
    assert batch.weights.tolist() == [1.0, 0.5]
