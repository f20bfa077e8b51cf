"""Slices of a direct call: everything once and in order, none longer than it may be."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.ticket import Utterance
from shared.inference.slices import MOST_CHARACTERS, MOST_UTTERANCES, slices


def characters_of(utterances: Sequence[Utterance]) -> int:
    return sum(len(utterance.text) for utterance in utterances)


@given(sizes=st.lists(st.integers(1, MOST_CHARACTERS + 500), max_size=64))
@example(sizes=[20_000] * 64)
@example(sizes=[1] * 64)
@example(sizes=[MOST_CHARACTERS // 4] * 8)
def test_slices_join_to_the_whole_and_keep_their_bounds(sizes: list[int]) -> None:
    whole = [Utterance("x" * size, "en", "", "", number) for number, size in enumerate(sizes)]
    found = list(slices(whole))
    assert [utterance for some in found for utterance in some] == whole
    for some in found:
        assert 1 <= len(some) <= MOST_UTTERANCES
        assert characters_of(some) <= MOST_CHARACTERS or len(some) == 1
    for some, following in pairwise(found):
        joined = [*some, following[0]]
        assert len(joined) > MOST_UTTERANCES or characters_of(joined) > MOST_CHARACTERS, "cut where nothing was full"
