"""Tenants' id shapes: forgiving of joints and case, strict about their own bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.patterns.shapes import compile_shape
from services.slots.rules import SlotRulesError


def hits(shape: str, text: str) -> list[tuple[str, str | None]]:
    return [(text[hit.start : hit.end], hit.value) for hit in compile_shape("order_id", shape).find(text)]


@pytest.mark.parametrize("written", ["AC-004417", "ac 004417", "AC004417", "Ac_004417", "ac–004417"])
def test_joints_and_case_are_free_and_the_value_is_the_shapes(written: str) -> None:
    assert hits("AC-######", f"my {written}, please") == [(written, "AC-004417")]


@pytest.mark.parametrize(
    ("shape", "text", "expected"),
    [
        ("@@-#{4,6}", "xy-12345 and xyz-12345", ["xy-12345"]),
        ("*{8}", "id q8rt2m4k.", ["q8rt2m4k"]),
        (r"\##{3}", "it is #417", ["#417"]),
        ("SW-####-@", "SW-1044-b SW-10445-b", ["SW-1044-b"]),
        ("#{6}", "1234567 123456", ["123456"]),
    ],
)
def test_symbols(shape: str, text: str, expected: list[str]) -> None:
    assert [span for span, _ in hits(shape, text)] == expected


@pytest.mark.parametrize(
    ("shape", "needle"),
    [
        ("AB-@@", "no digit"),
        ("{3}##", "must follow a symbol"),
        ("#{5,2}", "lower bound first"),
        ("#{1,99}", "1..32"),
        ("#{1,2}-#{1,2}-#{1,2}-#{1,2}", "variable length"),
    ],
)
def test_bad_shapes_are_refused_with_the_reason(shape: str, needle: str) -> None:
    with pytest.raises(SlotRulesError, match="order_id") as caught:
        compile_shape("order_id", shape)
    assert needle in str(caught.value)


@given(st.text(alphabet="#@*-AB.({[+\\", min_size=2, max_size=12), st.text(max_size=40))
def test_any_accepted_shape_is_safe_on_any_text(shape: str, text: str) -> None:
    try:
        compiled = compile_shape("order_id", shape)
    except SlotRulesError:
        return
    for hit in compiled.find(text):
        assert 0 <= hit.start < hit.end <= len(text)
