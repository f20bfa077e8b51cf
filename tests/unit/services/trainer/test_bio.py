"""Tags of tokens and spans of text are two views of the same thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.trainer.bio import spans_to_tags, tags_to_spans
from services.trainer.example import SlotSpan

OFFSETS = [(0, 0), (0, 3), (4, 9), (9, 10), (11, 15), (0, 0)]


def test_all_sub_words_of_a_slot_are_tagged_and_special_tokens_are_not() -> None:
    tags = spans_to_tags([SlotSpan("order_id", 4, 10)], OFFSETS)
    assert tags == [None, "O", "B-order_id", "I-order_id", "O", None]


def test_a_token_that_a_span_only_touches_in_part_belongs_to_it() -> None:
    assert spans_to_tags([SlotSpan("date", 5, 8)], OFFSETS)[2] == "B-date"


def test_an_i_without_its_b_begins_a_span() -> None:
    tags = [None, "I-date", "I-order_id", "B-order_id", "O", None]
    assert tags_to_spans(tags, OFFSETS) == [
        SlotSpan("date", 0, 3),
        SlotSpan("order_id", 4, 9),
        SlotSpan("order_id", 9, 10),
    ]


@given(st.data())
def test_spans_of_whole_tokens_survive_the_round_trip(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))
    offsets, end = [(0, 0)], 0
    for width in widths:
        offsets.append((end, end + width))
        end += width + 1
    spans: list[SlotSpan] = []
    index = 1
    while index < len(offsets):
        length = data.draw(st.integers(0, 3))
        if length:
            last = min(index + length, len(offsets)) - 1
            kind = data.draw(st.sampled_from(["date", "order_id"]))
            spans.append(SlotSpan(kind, offsets[index][0], offsets[last][1]))
            index = last
        index += 1
    assert tags_to_spans(spans_to_tags(spans, offsets), offsets) == spans
