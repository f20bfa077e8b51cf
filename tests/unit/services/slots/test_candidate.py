"""The union of candidates: no overlap, strongest first, nothing lost that stands free."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.slots.candidate import Candidate, Rank, united
from shared.domain.analysis import SlotSource


def candidate(
    start: int, end: int, rank: Rank = Rank.TAGGER, kind: str = "order_id", confidence: float = 0.9
) -> Candidate:
    return Candidate(kind, start, end, rank, confidence)


candidates = st.lists(
    st.builds(
        lambda start, length, rank, confidence: candidate(start, start + length, rank, confidence=confidence),
        st.integers(0, 60),
        st.integers(0, 12),
        st.sampled_from(list(Rank)),
        st.floats(0, 1),
    ),
    max_size=30,
)


@given(candidates)
def test_kept_candidates_are_sorted_and_never_overlap(found: list[Candidate]) -> None:
    kept = united(found)
    for before, after in itertools.pairwise(kept):
        assert before.start < before.end <= after.start < after.end


@given(candidates)
def test_whatever_is_left_out_overlaps_something_at_least_as_strong(found: list[Candidate]) -> None:
    kept = united(found)
    for left_out in found:
        if left_out in kept or left_out.start == left_out.end:
            continue
        assert any(
            other.start < left_out.end and left_out.start < other.end and other.rank <= left_out.rank
            for other in kept
        )


def test_a_checksum_beats_the_tagger_and_the_tagger_a_name() -> None:
    card = candidate(5, 24, Rank.VALIDATED, "payment_card", 0.98)
    read = candidate(0, 24, Rank.TAGGER, "order_id", 0.99)
    assert united([read, card]) == [card]
    name = candidate(4, 11, Rank.GAZETTEER, "device")
    product = candidate(4, 22, Rank.TAGGER, "product_name")
    assert united([name, product]) == [product]


def test_a_doubtful_finding_of_the_tagger_yields_to_a_name_but_stands_alone() -> None:
    name = candidate(4, 11, Rank.GAZETTEER, "carrier")
    doubtful = candidate(0, 11, Rank.DOUBTFUL, "product_name", 0.6)
    elsewhere = candidate(20, 30, Rank.DOUBTFUL, "product_name", 0.6)
    assert united([doubtful, name, elsewhere]) == [name, elsewhere]


def test_within_a_rank_the_longer_wins() -> None:
    short, long = candidate(0, 9, Rank.CONTEXT, "date"), candidate(0, 18, Rank.CONTEXT, "date", 0.5)
    assert united([short, long]) == [long]


def test_touching_spans_both_stay() -> None:
    assert len(united([candidate(0, 4), candidate(4, 8)])) == 2


def test_every_rank_has_its_source() -> None:
    assert Rank.TAGGER.source is Rank.DOUBTFUL.source is SlotSource.TAGGER
    assert Rank.GAZETTEER.source is SlotSource.GAZETTEER
    assert {Rank.VALIDATED.source, Rank.TENANT.source, Rank.FORMAT.source, Rank.CONTEXT.source} == {
        SlotSource.PATTERN
    }
