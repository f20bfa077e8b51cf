"""trim.lua: memory is given back, and nothing that a group has still to read or to acknowledge."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.streams.names import GROUPS_OF, Group, Stream
from shared.streams.scripts import HERE, Script
from tests.harness.lane import Lane
from tests.harness.messages import customer

NODE = 100  # at most so many entries are kept together; whole nodes are removed


class Trimmer:
    """The script on one stream, with all its groups."""

    def __init__(self, lane: Lane, stream: Stream = Stream.TICKETS) -> None:
        self.lane, self.stream = lane, stream
        self._script = Script(lane.redis, HERE / "trim.lua")

    async def __call__(self, keep_ms: int = 0, *more: str) -> int:
        groups = [group.value for group in GROUPS_OF[self.stream]]
        removed: int = await self._script([self.lane.keys.stream(self.stream, 0)], [keep_ms, *groups, *more])
        return removed


@pytest.fixture
def trim(lane: Lane) -> Trimmer:
    return Trimmer(lane)


async def _fill(lane: Lane, count: int = 4 * NODE) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(count)), backlog=100_000)
    await asyncio.sleep(0.002)  # trimming keeps what is of this very millisecond


async def _end(lane: Lane, group: Group, count: int) -> list[str]:
    """Read and acknowledge so many entries for a group."""
    ids = [entry.id for entry in await lane.read(group, count=count)]
    await lane.redis.xack(lane.keys.stream(Stream.TICKETS, 0), group.value, *ids)
    return ids


async def _kept(lane: Lane) -> list[str]:
    return [entry.id for entry in await lane.entries(Stream.TICKETS)]


async def test_what_all_groups_have_ended_is_removed(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane)
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 1000)
    assert await trim() > 0
    assert len(await _kept(lane)) <= NODE


async def test_what_one_group_has_still_to_read_stays(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane)
    before = await _kept(lane)
    await _end(lane, Group.INTENT, 1000)
    await _end(lane, Group.SLOTS, 1000)
    assert await trim() == 0, "sentiment has read nothing yet"
    ended = await _end(lane, Group.SENTIMENT, 2 * NODE + 10)
    removed = await trim()
    assert len(ended) - NODE <= removed <= len(ended)
    assert await _kept(lane) == before[removed:]
    assert [entry.id for entry in await lane.read(Group.SENTIMENT, count=1000)] == before[len(ended) :]


async def test_what_one_group_has_still_to_acknowledge_stays(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane)
    before = await _kept(lane)
    for group in GROUPS_OF[Stream.TICKETS]:
        await lane.read(group, count=1000)
        open_entries = before[250:251] if group is Group.SLOTS else []
        done = [one for one in before if one not in open_entries]
        await lane.redis.xack(lane.keys.stream(Stream.TICKETS, 0), group.value, *done)
    await trim()
    kept = await _kept(lane)
    assert before[250] in kept
    assert len(kept) <= 250, "and what lies before it goes"
    (entry,) = await lane.claim(Group.SLOTS, "two", [before[250]])
    assert entry.fields[b"m"], "its content too"


async def test_nothing_is_trimmed_while_a_group_is_missing(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane)
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 1000)
    assert await trim(0, "yet-to-come") == -1
    assert len(await _kept(lane)) == 4 * NODE


async def test_entries_younger_than_the_time_to_keep_stay(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane, 2 * NODE)
    await asyncio.sleep(0.3)
    await lane.submit(*(customer(f"U-{n}") for n in range(2 * NODE)))
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 1000)
    assert await trim(60_000) == 0
    before = await _kept(lane)
    removed = await trim(200)
    assert NODE <= removed <= 2 * NODE
    assert await _kept(lane) == before[removed:]


async def test_the_lag_stays_readable_after_trimming(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane)
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 3 * NODE)
    assert await trim() > 0
    infos: Any = await lane.redis.xinfo_groups(lane.keys.stream(Stream.TICKETS, 0))
    assert [info["lag"] for info in infos] == [NODE] * 3


async def test_the_newest_delivered_entry_is_kept_so_that_watchers_find_their_place(lane: Lane, trim: Trimmer) -> None:
    await _fill(lane)
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 1000)
    newest = (await _kept(lane))[-1]
    for _ in range(3):
        await trim()
    assert (await _kept(lane))[-1] == newest
