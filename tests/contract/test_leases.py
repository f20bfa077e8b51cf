"""renew.lua: a lease is renewed or handed back by its holder alone; forget.lua: nobody's entries are stranded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.streams.entry import Entry
from shared.streams.names import Group, Stream
from shared.streams.scripts import HERE, Script
from tests.harness.lane import Lane
from tests.harness.messages import agent


@pytest.fixture
def renew(lane: Lane) -> Script:
    return Script(lane.redis, HERE / "renew.lua")


@pytest.fixture
def forget(lane: Lane) -> Script:
    return Script(lane.redis, HERE / "forget.lua")


def _stream(lane: Lane) -> str:
    return lane.keys.stream(Stream.ANALYZED, 0)


async def _held(lane: Lane, count: int, consumer: str = "one") -> list[Entry]:
    await lane.submit(*(agent(f"T-{n}") for n in range(count)))
    return await lane.read(Group.ROUTER, consumer)


async def _idle(lane: Lane) -> dict[str, int]:
    rows: Any = await lane.redis.xpending_range(_stream(lane), "router", "-", "+", 100)
    return {row["message_id"].decode(): row["time_since_delivered"] for row in rows}


async def test_renewing_resets_the_idle_time_and_not_the_delivery_count(lane: Lane, renew: Script) -> None:
    entries = await _held(lane, 3)
    ids = [entry.id for entry in entries]
    await asyncio.sleep(0.05)
    assert await renew([_stream(lane)], ["router", "one", 0, *ids[:2]]) == 2
    idle = await _idle(lane)
    assert idle[ids[0]] < 40 and idle[ids[1]] < 40 and idle[ids[2]] >= 50
    assert set((await lane.deliveries(Group.ROUTER)).values()) == {1}


async def test_renewing_never_steals_back_what_another_has_taken(lane: Lane, renew: Script) -> None:
    (entry,) = await _held(lane, 1)
    await lane.claim(Group.ROUTER, "two", [entry.id])
    await asyncio.sleep(0.02)
    assert await renew([_stream(lane)], ["router", "one", 0, entry.id]) == 0
    assert await lane.pending(Group.ROUTER) == {entry.id: "two"}
    assert (await _idle(lane))[entry.id] >= 20, "nor is the other's lease touched"


async def test_renewing_never_brings_back_what_has_ended(lane: Lane, renew: Script) -> None:
    (entry,) = await _held(lane, 1)
    await lane.redis.xack(_stream(lane), "router", entry.id)
    assert await renew([_stream(lane)], ["router", "one", 0, entry.id]) == 0
    assert await lane.pending(Group.ROUTER) == {}


async def test_handing_back_lets_another_claim_at_once(lane: Lane, renew: Script) -> None:
    (entry,) = await _held(lane, 1)
    assert await renew([_stream(lane)], ["router", "one", 600_000, entry.id]) == 1
    assert (await _idle(lane))[entry.id] >= 600_000
    rows = await lane.redis.xclaim(_stream(lane), "router", "two", 300_000, [entry.id])
    assert len(rows) == 1
    assert await lane.deliveries(Group.ROUTER) == {entry.id: 2}


async def test_consumers_that_hold_nothing_and_are_long_silent_are_forgotten(lane: Lane, forget: Script) -> None:
    holding = await _held(lane, 1, "holding")
    await lane.redis.xgroup_createconsumer(_stream(lane), "router", "empty")
    assert await forget([_stream(lane)], ["router", 60_000]) == 0, "not silent for long enough"
    await asyncio.sleep(0.02)
    assert await forget([_stream(lane)], ["router", 10]) == 1
    names = [row["name"] for row in await lane.redis.xinfo_consumers(_stream(lane), "router")]
    assert names == [b"holding"]
    assert list(await lane.pending(Group.ROUTER)) == [entry.id for entry in holding]
