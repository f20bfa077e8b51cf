"""Entries as they come from the store, the broken ones too: none may end the consumer that reads it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.streams.entry import READABLE_VERSIONS, SCHEMA_VERSION, Entry, parse_entry


def test_an_entry_is_read() -> None:
    entry = parse_entry(b"1790000000123-4", {b"v": b"1", b"k": b"acme|T-1|m1", b"why": b"late"}, 3)
    assert (entry.id, entry.reference, entry.deliveries) == ("1790000000123-4", "acme|T-1|m1", 3)
    assert entry.added_at_ms == 1_790_000_000_123
    assert (entry.text(b"why"), entry.text(b"nothing")) == ("late", "")


@given(st.dictionaries(st.binary(max_size=3), st.binary(max_size=20), max_size=4), st.binary(max_size=20))
def test_any_fields_can_be_read(fields: dict[bytes, bytes], reference: bytes) -> None:
    entry = parse_entry(b"1-0", {**fields, b"k": reference})
    assert isinstance(entry.reference, str)
    assert [isinstance(entry.text(name), str) for name in fields] == [True] * len(fields)


def test_what_is_written_now_can_be_read_now() -> None:
    assert SCHEMA_VERSION in READABLE_VERSIONS
    assert Entry("1-0", "").text(b"v") not in READABLE_VERSIONS
