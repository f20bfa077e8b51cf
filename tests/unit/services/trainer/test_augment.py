"""Other values in the same sentences: offsets follow, the sentence stays."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from services.trainer.augment import SHAPED_TYPES, mentions, same_shape, with_other_values
from services.trainer.example import Example, SlotSpan

EXAMPLES = [
    Example("👋 order KX-4411 from Ada Byrne is late", "tiny", slots=(SlotSpan("order_id", 8, 15), SlotSpan("person_name", 21, 30))),
    Example("ref 99/12, ask for Bo", "tiny", slots=(SlotSpan("order_id", 4, 9), SlotSpan("person_name", 19, 21))),
    Example("nothing here", "tiny", slots=()),
]  # fmt: skip


@given(st.integers(0, 10_000))
def test_offsets_cut_out_values_and_the_sentence_stays(seed: int) -> None:
    pool = mentions(EXAMPLES)
    for example in EXAMPLES:
        other = with_other_values(example, pool, random.Random(seed), rate=1.0)
        assert other.slots is not None and example.slots is not None
        assert [span.type for span in other.slots] == [span.type for span in example.slots]
        for span in other.slots:
            value = other.text[span.start : span.end]
            assert value and value == value.strip()
            if span.type not in SHAPED_TYPES:
                assert value in pool[span.type]
        assert _frame(other) == _frame(example)


@given(st.text(alphabet="aZ9-/ #é", max_size=20), st.integers(0, 99))
def test_a_shape_keeps_its_classes_of_characters(value: str, seed: int) -> None:
    fresh = same_shape(value, random.Random(seed))
    assert len(fresh) == len(value)
    for old, new in zip(value, fresh, strict=True):
        assert (old.isdigit(), old.isupper(), old.islower()) == (new.isdigit(), new.isupper(), new.islower())
        assert old.isalnum() or old == new


def test_plain_words_are_not_scrambled() -> None:
    assert same_shape("ERR timeout", random.Random(1)) == "ERR timeout"


def test_a_rate_of_zero_changes_nothing() -> None:
    assert with_other_values(EXAMPLES[0], mentions(EXAMPLES), random.Random(1), rate=0.0) == EXAMPLES[0]


def _frame(example: Example) -> str:
    text = example.text
    for span in sorted(example.slots or (), key=lambda span: -span.start):
        text = text[: span.start] + "_" + text[span.end :]
    return text
