"""Batches of like length: nothing lost, budgets held, and no split is cheaper."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.inference.batcher import plan_batches

lengths = st.lists(st.integers(1, 300), max_size=40)


@given(lengths, st.integers(1, 1024), st.integers(1, 10), st.integers(0, 30))
def test_every_text_is_in_exactly_one_batch_within_the_budgets(
    texts: list[int], budget: int, most: int, overhead: int
) -> None:
    plan = plan_batches(texts, token_budget=budget, max_batch=most, overhead_tokens=overhead)
    assert sorted(itertools.chain.from_iterable(plan)) == list(range(len(texts)))
    for batch in plan:
        assert len(batch) <= most
        assert len(batch) == 1 or max(texts[index] for index in batch) * len(batch) <= budget


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 200), st.integers(0, 20))
def test_no_split_of_the_sorted_texts_is_cheaper(texts: list[int], budget: int, overhead: int) -> None:
    plan = plan_batches(texts, token_budget=budget, max_batch=4, overhead_tokens=overhead)
    spent = _cost([[texts[index] for index in batch] for batch in plan], overhead)
    ordered = sorted(texts)
    for cuts in range(1 << (len(texts) - 1)):
        batches = _split(ordered, cuts)
        if all(len(part) <= 4 and (len(part) == 1 or part[-1] * len(part) <= budget) for part in batches):
            assert spent <= _cost(batches, overhead)


def test_a_long_text_does_not_pad_short_ones() -> None:
    plan = plan_batches([12, 200, 14, 13], token_budget=1024, max_batch=8)
    assert [sorted(batch) for batch in plan] == [[0, 2, 3], [1]]


def test_a_text_beyond_the_budget_runs_alone() -> None:
    assert plan_batches([500, 3], token_budget=100) == [[1], [0]]


def test_nothing_gives_no_batch() -> None:
    assert plan_batches([]) == []


@pytest.mark.parametrize("wrong", [{"token_budget": 0}, {"max_batch": 0}, {"overhead_tokens": -1}])
def test_impossible_limits_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        plan_batches([1], **wrong)


def _cost(batches: Sequence[Sequence[int]], overhead: int) -> int:
    return sum(overhead + max(batch) * len(batch) for batch in batches)


def _split(ordered: list[int], cuts: int) -> list[list[int]]:
    batches = [[ordered[0]]]
    for index, value in enumerate(ordered[1:]):
        if cuts >> index & 1:
            batches.append([value])
        else:
            batches[-1].append(value)
    return batches
