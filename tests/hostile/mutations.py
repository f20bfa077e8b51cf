"""Hypothesis strategies that spoil valid requests, in their bytes and in their fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.message import Message
from hypothesis import strategies as st

from shared.rpc.validation import violations

LONGEST = 1000  # characters of a text; longer ones have tests of their own
MOST_COPIES = 2
ODD_TEXTS = (
    "", " ", "\0", "\n", "a\n", "\ufeff", "\u202e", "\u200b\u200d", "é", "e\u0301", "👩‍👩‍👧", "\ufffe\uffff", "\U0010ffff", "٣٤", "½²Ⅷ",
    "a", "A", "-", "_", "0", "begin", "BEGIN", "default", "shop", "another-shop", "en", "mul", "und", "xx", "GB", "ZZ", "T-1", "m1",
    "0-0-0", "99999-99999999999999999999-1", "MTswLTA7MC0w", "MTswLTAKOzAtMAo", "====", "*", "$(id)", "'; --", "{shop}", "a|b", "..",
    "99/99/9999", "in 999 years", "tomorrow", "$1e999", "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "http://[::", "a@b.c",
    "[" * 200, "a: &a [*a]", "version: 1", "!!python/object:os.system {}", "9" * 500, "x" * LONGEST, "\u0301" * 200, "! " * 100,
)  # fmt: skip
TEXTS = st.sampled_from(ODD_TEXTS) | st.text(max_size=40)
ODD_SECONDS = st.sampled_from(
    (0, -1, 1, 4, 5, 7200, 7201, 946_684_799, 946_684_800, 4_102_444_799, 4_102_444_800, 253_402_300_799, 253_402_300_800, 2**62, -(2**62))
)  # fmt: skip
INTS = {
    Field.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    Field.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    Field.CPPTYPE_UINT32: (0, 2**32 - 1),
    Field.CPPTYPE_UINT64: (0, 2**64 - 1),
    Field.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}


def random_bytes() -> st.SearchStrategy[bytes]:
    """Bytes of no meaning, and some that begin as a message does."""
    tags = st.sampled_from((b"\x0a", b"\x12", b"\x1a", b"\x08", b"\x0b", b"\x0c", b"\xff\xff\xff\xff\x7f", b"\x0a\x04shop"))
    return st.binary(max_size=200) | st.lists(tags | st.binary(max_size=8), max_size=30).map(b"".join)


@st.composite
def spoiled_bytes(draw: st.DrawFn, request: Message) -> bytes:
    """A valid request with some of its bytes changed, gone, repeated, or others between them."""
    raw = request.SerializeToString()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 20)))
        how: Callable[[bytes], bytes] = draw(
            st.sampled_from(
                (lambda _: b"", lambda piece: piece * 5, lambda piece: piece[::-1], lambda piece: bytes(b ^ 0x80 for b in piece))
            )
        )  # fmt: skip
        raw = raw[:start] + how(raw[start:end]) + draw(st.binary(max_size=6)) + raw[end:]
    return raw


@st.composite
def spoiled_fields(draw: st.DrawFn, request: Message) -> Message:
    """A valid request with up to three of its fields, at any depth, set to something odd or unset."""
    copy = type(request)()
    copy.CopyFrom(request)
    for _ in range(draw(st.integers(1, 3))):
        _spoil(draw, copy)
    return copy


@st.composite
def odd_fields(draw: st.DrawFn, request: Message) -> Message:
    """A valid request with some of its fields set to something odd that its constraints allow."""
    kept = request
    for _ in range(draw(st.integers(2, 6))):
        copy = type(request)()
        copy.CopyFrom(kept)
        _spoil(draw, copy)
        if "tenant" in copy.DESCRIPTOR.fields_by_name:
            copy.tenant = request.tenant  # type: ignore[attr-defined]  # another's door is a test of its own
        if not violations(copy):
            kept = copy
    return kept


def _spoil(draw: st.DrawFn, message: Any) -> None:
    field: Field = draw(st.sampled_from(list(message.DESCRIPTOR.fields)))
    value = getattr(message, field.name)
    inside = field.message_type
    if inside and inside.GetOptions().map_entry:
        for _ in range(draw(st.sampled_from((0, 1, 2, 17)))):
            value[draw(TEXTS)] = draw(TEXTS)
    elif draw(st.integers(0, 9)) == 0:
        message.ClearField(field.name)
    elif field.is_repeated:
        if inside and len(value) and draw(st.booleans()):
            _spoil(draw, draw(st.sampled_from(list(value))))
        elif inside:
            pieces = list(value) or [inside._concrete_class()]
            value.extend([draw(st.sampled_from(pieces))] * draw(st.integers(1, MOST_COPIES)))
        else:
            value.extend(draw(st.lists(_scalar(field), max_size=120)))
    elif inside:
        value.SetInParent()
        _spoil(draw, value)
    else:
        setattr(message, field.name, draw(_scalar(field)))


def _scalar(field: Field) -> st.SearchStrategy[Any]:
    if field.cpp_type == Field.CPPTYPE_STRING:
        return st.binary(max_size=40) if field.type == Field.TYPE_BYTES else TEXTS
    if field.cpp_type == Field.CPPTYPE_BOOL:
        return st.booleans()
    if field.cpp_type in (Field.CPPTYPE_DOUBLE, Field.CPPTYPE_FLOAT):
        return st.floats()
    least, most = INTS[field.cpp_type]
    small = st.integers(max(least, -2), 9)
    anything = st.integers(least, most) | st.sampled_from((least, most, 0)) | small
    return ODD_SECONDS | anything if field.name == "seconds" else anything
