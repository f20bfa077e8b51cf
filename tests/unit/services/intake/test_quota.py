"""When the store's memory is short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.quota import memory_is_short

BYTES = st.integers(0, 2**50)
CEILINGS = st.floats(0.01, 1)


@pytest.mark.parametrize(
    ("used", "limit", "short"),
    [(0, 1000, False), (800, 1000, False), (801, 1000, True), (5000, 1000, True), (10**15, 0, False)],
)
def test_short_means_above_the_ceiling_of_a_store_that_has_a_limit(used: int, limit: int, short: bool) -> None:
    assert memory_is_short(used, limit, 0.8) is short


@given(BYTES, BYTES, BYTES, CEILINGS)
def test_more_used_is_never_less_short(used: int, more: int, limit: int, ceiling: float) -> None:
    assert memory_is_short(used, limit, ceiling) <= memory_is_short(used + more, limit, ceiling)


@given(BYTES, st.integers(1, 2**50), CEILINGS, CEILINGS)
def test_a_lower_ceiling_is_never_less_cautious(used: int, limit: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert memory_is_short(used, limit, high) <= memory_is_short(used, limit, low)
