"""Names in Redis: one slot a ticket, no two messages under one name, the same shard for ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ticket import MessageKey
from shared.streams.names import GROUPS_OF, SEPARATOR, Group, Keys, Stream, parse_reference, reference

# The characters that the protos allow; few letters, so that names meet.
TENANTS = st.text("ab0_-", min_size=1, max_size=4)
IDS = st.text("aB0._:@/+=#-", min_size=1, max_size=5)
KEYS = st.builds(MessageKey, TENANTS, IDS, IDS)
SHARDS = st.integers(1, 1024)


def hash_tag(name: str) -> str:
    """What a Redis Cluster hashes of a key: the first non-empty part in braces."""
    found = re.search(r"\{([^}]+)\}", name)
    assert found, f"{name} has no hash tag"
    return found[1]


@given(KEYS)
def test_a_reference_is_read_back(key: MessageKey) -> None:
    assert parse_reference(reference(key)) == key


@pytest.mark.parametrize("text", ["", "acme", "acme|T-1", "acme|T-1|m1|more"])
def test_a_malformed_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="unpack"):
        parse_reference(text)


@given(KEYS, SHARDS)
def test_all_that_one_script_touches_is_in_one_slot(key: MessageKey, shards: int) -> None:
    keys = Keys(shards)
    shard = keys.shard(key.tenant, key.ticket)
    assert shard in keys.every_shard()
    names = [keys.message(key), keys.ticket(key.tenant, key.ticket), keys.deadlines(shard), keys.in_flight(shard)]
    names += [keys.stream(stream, shard) for stream in Stream]
    assert {hash_tag(name) for name in names} == {str(shard)}
    assert keys.message(key) == keys.message_prefix(shard) + reference(key)


@given(st.lists(KEYS, min_size=2, max_size=2, unique=True), SHARDS)
def test_different_messages_never_share_a_record(pair: list[MessageKey], shards: int) -> None:
    keys = Keys(shards)
    one, other = pair
    assert keys.message(one) != keys.message(other)
    same_ticket = (one.tenant, one.ticket) == (other.tenant, other.ticket)
    assert (keys.ticket(one.tenant, one.ticket) == keys.ticket(other.tenant, other.ticket)) is same_ticket


@given(KEYS)
def test_no_message_can_take_the_name_of_something_else(key: MessageKey) -> None:
    keys = Keys(1)
    own = {keys.stream(stream, 0) for stream in Stream} | {keys.deadlines(0), keys.in_flight(0), keys.layout()}
    records = {keys.message(key), keys.ticket(key.tenant, key.ticket)}
    assert len(records) == 2
    assert not records & own


def test_tickets_stay_where_they_are() -> None:
    """A store outlives releases: these values may never change."""
    keys = Keys(16)
    assert [keys.shard("acme", f"T-{number}") for number in range(6)] == [6, 0, 10, 12, 15, 9]
    assert keys.stream(Stream.TICKETS, 3) == "sy{3}:tickets"
    assert keys.layout() == "sy:layout"


def test_tickets_spread_over_shards() -> None:
    keys = Keys(8)
    counts = [0] * 8
    for number in range(4000):
        counts[keys.shard("acme", f"T-{number}")] += 1
    assert min(counts) > 400
    assert max(counts) < 600


def test_the_separator_is_in_no_id() -> None:
    assert not re.fullmatch(r"[A-Za-z0-9._:@/+=#-]", SEPARATOR)


def test_every_group_reads_one_stream_and_nobody_reads_dead_letters() -> None:
    assert set(GROUPS_OF) == set(Stream)
    readers = [group for groups in GROUPS_OF.values() for group in groups]
    assert sorted(readers) == sorted(Group)
    assert GROUPS_OF[Stream.DEAD] == ()
