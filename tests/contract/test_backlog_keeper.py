"""BacklogKeeper: what it measures is true, it trims, and it mends a store that lost its groups."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from shared.observability.stage_metrics import StageMetrics
from shared.streams import backlog
from shared.streams.backlog import BacklogKeeper, ensure_groups
from shared.streams.names import GROUPS_OF, Group, Keys, Stream
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.waiting import eventually


class Kept:
    """A keeper of the slots group with the metrics it sets."""

    def __init__(self, lane: Lane, interval: float = 0.01, keys: Keys | None = None) -> None:
        self.registry = CollectorRegistry()
        metrics = StageMetrics(self.registry)
        self.keeper = BacklogKeeper(
            lane.redis, keys or lane.keys, Stream.TICKETS, Group.SLOTS.value, metrics, interval=interval
        )

    def gauge(self, name: str) -> float | None:
        return self.registry.get_sample_value(f"switchyard_stage_{name}", {"shard": "0"})


@pytest.fixture
def kept(lane: Lane) -> Kept:
    return Kept(lane)


async def _end(lane: Lane, group: Group, count: int) -> None:
    entries = await lane.read(group, count=count)
    await lane.redis.xack(lane.keys.stream(Stream.TICKETS, 0), group.value, *(entry.id for entry in entries))


async def test_what_is_unread_and_unended_is_measured(lane: Lane, kept: Kept) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(10)))
    await _end(lane, Group.SLOTS, 3)
    await lane.read(Group.SLOTS, count=2)
    await lane.read(Group.INTENT)  # another group's reading is not this one's
    await kept.keeper.tend(0)
    assert (kept.gauge("lag_entries"), kept.gauge("lag_known"), kept.gauge("pending_entries")) == (5, 1, 2)


async def test_dead_letters_older_than_their_messages_are_trimmed(lane: Lane) -> None:
    stream, now = lane.keys.stream(Stream.DEAD, 0), int((await lane.redis.time())[0]) * 1000
    await lane.redis.config_set("stream-node-max-entries", 1)  # trimming spares nothing by chance
    for age in (5000, 4000, 10):
        await lane.redis.xadd(stream, {"v": "1"}, id=f"{now - age * 1000}-0")
    metrics = StageMetrics(CollectorRegistry())
    keeper = BacklogKeeper(
        lane.redis, lane.keys, Stream.ANALYZED, Group.ROUTER.value, metrics, dead_kept_ms=4_500_000
    )
    await keeper.tend(0)
    await lane.redis.config_set("stream-node-max-entries", 100)
    assert [entry.added_at_ms for entry in await lane.entries(Stream.DEAD)] == [now - 4_000_000, now - 10_000]


async def test_the_age_is_that_of_the_oldest_entry_not_ended(lane: Lane, kept: Kept) -> None:
    await kept.keeper.tend(0)
    assert kept.gauge("oldest_entry_seconds") == 0, "nothing waits"
    now = int((await lane.redis.time())[0]) * 1000
    stream = lane.keys.stream(Stream.TICKETS, 0)
    for age in (300, 200, 100):
        await lane.redis.xadd(stream, {"v": "1"}, id=f"{now - age * 1000}-0")
    await kept.keeper.tend(0)
    assert kept.gauge("oldest_entry_seconds") == pytest.approx(300, abs=5), "the oldest unread one"
    (oldest,) = await lane.read(Group.SLOTS, count=1)
    await kept.keeper.tend(0)
    assert kept.gauge("oldest_entry_seconds") == pytest.approx(300, abs=5), "the oldest pending one"
    await lane.redis.xack(stream, Group.SLOTS.value, oldest.id)
    await kept.keeper.tend(0)
    assert kept.gauge("oldest_entry_seconds") == pytest.approx(200, abs=5)


async def test_a_lag_that_the_store_cannot_tell_is_said_to_be_unknown(lane: Lane, kept: Kept) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(3)))
    (first, *_) = await lane.entries(Stream.TICKETS)
    await lane.read(Group.SLOTS, count=1)
    second = (await lane.entries(Stream.TICKETS))[1]
    await lane.redis.xdel(lane.keys.stream(Stream.TICKETS, 0), second.id)
    await kept.keeper.tend(0)
    infos: Any = await lane.redis.xinfo_groups(lane.keys.stream(Stream.TICKETS, 0))
    lag = next(info["lag"] for info in infos if info["name"] == b"slots")
    assert kept.gauge("lag_known") == (0 if lag is None else 1)
    assert first.id in await lane.pending(Group.SLOTS)


async def test_tending_trims_what_all_groups_have_ended(lane: Lane, kept: Kept) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(300)))
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 300)
    await asyncio.sleep(0.002)
    await kept.keeper.tend(0)
    assert len(await lane.entries(Stream.TICKETS)) <= 100
    assert kept.gauge("lag_entries") == 0


async def test_missing_groups_are_made_again_before_anything_is_trimmed(lane: Lane, kept: Kept) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(300)))
    for group in GROUPS_OF[Stream.TICKETS]:
        await _end(lane, group, 300)
    await lane.redis.xgroup_destroy(lane.keys.stream(Stream.TICKETS, 0), Group.INTENT.value)
    await kept.keeper.tend(0)
    assert len(await lane.read(Group.INTENT, count=1000)) == 300, "it reads from the beginning again"


async def test_a_store_that_lost_everything_gets_its_groups_back(lane: Lane, kept: Kept) -> None:
    loop = asyncio.create_task(kept.keeper.run())
    try:
        await asyncio.sleep(0.03)
        await lane.redis.flushall()
        await lane.submit(customer())

        async def back() -> bool:
            return len(await lane.redis.xinfo_groups(lane.keys.stream(Stream.TICKETS, 0))) == 3

        await eventually(back, "the groups are there again")
        assert not loop.done()
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop


async def test_consumers_long_gone_are_forgotten(
    lane: Lane, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "CONSUMER_FORGOTTEN_MS", 20)
    await lane.submit(customer())
    stream = lane.keys.stream(Stream.TICKETS, 0)
    await lane.redis.xgroup_createconsumer(stream, Group.SLOTS.value, "gone")
    await lane.read(Group.SLOTS, "holding")
    await asyncio.sleep(0.05)
    await kept.keeper.tend(0)
    names = [row["name"] for row in await lane.redis.xinfo_consumers(stream, Group.SLOTS.value)]
    assert names == [b"holding"]


async def test_groups_can_be_made_by_many_services_at_once(lane: Lane) -> None:
    keys = Keys(3, prefix="many")
    await asyncio.gather(*(ensure_groups(lane.redis, keys) for _ in range(6)))
    for stream, groups in GROUPS_OF.items():
        for shard in keys.every_shard() if groups else ():
            infos: Any = await lane.redis.xinfo_groups(keys.stream(stream, shard))
            assert sorted(info["name"].decode() for info in infos) == sorted(groups)
