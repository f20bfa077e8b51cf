"""The consumer: reads, shares, keeps its lease, drains, and outlives what happens to its group."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared.domain.ticket import Utterance
from shared.streams.names import Group, Stream
from tests.harness.consumers import SETTINGS, Batches, Stuck, Worker, landed, quick, running
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.waiting import eventually


async def _fill(lane: Lane, count: int, start: int = 0) -> None:
    await lane.submit(*(customer(f"T-{n}", text=f"text {n}") for n in range(start, start + count)))


async def _all_landed(lane: Lane, count: int) -> None:
    async def holds() -> bool:
        return await landed(lane) == count

    await eventually(holds, f"{count} messages have their part")


async def test_everything_new_is_processed_once_in_batches_of_the_size_asked_for(lane: Lane) -> None:
    await _fill(lane, 30)
    model = Batches()
    async with running(Worker(lane.redis, lane.keys, "one", model)) as worker:
        await _all_landed(lane, 30)
        await _fill(lane, 3, start=30)
        await _all_landed(lane, 33)
    assert sorted(model.texts) == sorted(f"text {n}" for n in range(33))
    assert model.sizes[:4] == [8, 8, 8, 6]
    assert await lane.pending(Group.SLOTS) == {}
    assert worker.metric("switchyard_stage_entries_total", status="done") == 33
    assert worker.metric("switchyard_stage_batch_entries_count") == len(model.sizes)
    assert worker.metric("switchyard_stage_queue_seconds_count") == 33
    assert worker.metric("switchyard_stage_redeliveries_total") == 0


async def test_while_it_keeps_up_no_message_waits_for_those_read_with_it(lane: Lane) -> None:
    await _fill(lane, 8)
    await lane.submit(*(customer(f"T-{n}", text="x" * n) for n in (30, 10, 20)))
    model = Batches()
    async with running(Worker(lane.redis, lane.keys, "one", model, replace(SETTINGS, pieces=4))):
        await _all_landed(lane, 11)
    assert model.sizes == [8, 1, 1, 1], "many are a backlog and are done whole"
    assert model.texts[8:] == ["x" * n for n in (10, 20, 30)]


async def test_consumers_of_a_group_share_the_work(lane: Lane) -> None:
    await _fill(lane, 60)
    models = [Batches() for _ in range(3)]
    workers = [Worker(lane.redis, lane.keys, f"worker-{n}", model) for n, model in enumerate(models)]
    for worker in workers:
        worker.start()
    await _all_landed(lane, 60)
    for worker in workers:
        await worker.stop()
    texts = [text for model in models for text in model.texts]
    assert sorted(texts) == sorted(f"text {n}" for n in range(60)), "none twice, none left out"


async def test_long_work_keeps_its_lease(lane: Lane) -> None:
    settings = replace(SETTINGS, lease_ms=250)
    texts: list[str] = []

    async def slow(utterances: Sequence[Utterance]) -> Sequence[Any]:
        texts.extend(utterance.text for utterance in utterances)
        await asyncio.sleep(1.0)
        return await quick(utterances)

    await _fill(lane, 2)
    async with (
        running(Worker(lane.redis, lane.keys, "slow", slow, settings)) as first,
        running(Worker(lane.redis, lane.keys, "idle", slow, settings)) as second,
    ):
        await _all_landed(lane, 2)
    assert sorted(texts) == ["text 0", "text 1"], "nobody took over what was being worked on"
    assert [w.metric("switchyard_stage_redeliveries_total") for w in (first, second)] == [0, 0]


async def test_draining_finishes_what_is_in_hand_and_reads_no_more(lane: Lane) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def gated(utterances: Sequence[Utterance]) -> Sequence[Any]:
        entered.set()
        await release.wait()
        return await quick(utterances)

    await _fill(lane, 20)
    worker = Worker(lane.redis, lane.keys, "one", gated)
    worker.start()
    await entered.wait()
    worker.consumer.stop()
    release.set()
    await worker.stop()
    assert await landed(lane) == SETTINGS.batch
    assert await lane.pending(Group.SLOTS) == {}
    assert len(await lane.read(Group.SLOTS)) == 20 - SETTINGS.batch, "the rest is there for others to read"


async def test_a_drain_cut_short_hands_its_entries_back_at_once(lane: Lane) -> None:
    """The lease is a minute here; the other consumer must not have to wait for it to run out."""
    await _fill(lane, 5)
    stuck = Stuck()
    worker = Worker(lane.redis, lane.keys, "stuck", stuck)
    worker.start()
    await stuck.entered.wait()
    assert len(await lane.pending(Group.SLOTS)) == 5
    worker.consumer.stop()
    await worker.cancel()
    async with running(Worker(lane.redis, lane.keys, "next", quick)) as successor:
        await _all_landed(lane, 5)
    assert successor.metric("switchyard_stage_redeliveries_total") == 5


async def test_a_lost_group_is_made_again_and_read_from_the_beginning(lane: Lane) -> None:
    async with running(Worker(lane.redis, lane.keys, "one", quick)):
        await _fill(lane, 3)
        await _all_landed(lane, 3)
        await lane.redis.xgroup_destroy(lane.keys.stream(Stream.TICKETS, 0), Group.SLOTS.value)
        await _fill(lane, 3, start=3)
        await _all_landed(lane, 6)


async def test_a_store_that_lost_everything_is_served_on(lane: Lane) -> None:
    async with running(Worker(lane.redis, lane.keys, "one", quick)):
        await _fill(lane, 3)
        await _all_landed(lane, 3)
        await lane.redis.flushall()
        await lane.redis.script_flush()
        await _fill(lane, 4)
        await _all_landed(lane, 4)


async def test_entries_in_hand_when_everything_is_lost_leave_nothing_behind(lane: Lane) -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def gated(utterances: Sequence[Utterance]) -> Sequence[Any]:
        entered.set()
        await release.wait()
        return await quick(utterances)

    await _fill(lane, 2)
    async with running(Worker(lane.redis, lane.keys, "one", gated)) as worker:
        await entered.wait()
        await lane.redis.flushall()
        release.set()

        async def stale() -> bool:
            return worker.metric("switchyard_stage_entries_total", status="stale") == 2

        await eventually(stale, "both commits are stale")
    names = [name async for name in lane.redis.scan_iter(match="*m:*")]
    assert names == [], "no record is half made"
