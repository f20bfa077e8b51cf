"""WatchItems: what changes is told, to the right watchers, and nobody hangs for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from services.handoff.events import EventFeed, ItemWatcher
from services.handoff.item import Disposition
from shared.domain.decision import Outcome
from shared.errors import ResumeTokenError, UnavailableError
from shared.lifecycle import Service
from shared.pb.switchyard.v1 import handoff_pb2 as pb
from tests.integration.handoff.conftest import (
    EVENTS_KEPT,
    LEASE_MS,
    PATIENCE,
    TENANT,
    World,
    decided,
    listed,
    refusal,
)


async def opened(stub: Any, tenant: str = TENANT, queue: str = "") -> Any:
    """A watch whose first heartbeat has come: from there on nothing is missed."""
    call = stub.WatchItems(pb.WatchItemsRequest(tenant=tenant, queue=queue))
    first = await asyncio.wait_for(call.read(), PATIENCE)
    assert not first.HasField("item")
    return call


async def next_item(call: Any) -> pb.QueueItem:
    """The next change, heartbeats skipped."""
    while True:
        response = await asyncio.wait_for(call.read(), PATIENCE)
        if response.HasField("item"):
            item: pb.QueueItem = response.item
            return item


async def test_every_change_of_an_item_is_told(world: World, stub: Any) -> None:
    call = await opened(stub)
    await world.publish(decided("T1"))
    item = await next_item(call)
    assert (item.ticket_id, item.state) == ("T1", pb.ITEM_STATE_WAITING)
    await world.publish(decided("T1", 2, Outcome.ROUTED))
    assert (await next_item(call)).decision.sequence == 2
    steps: list[tuple[Any, int]] = [
        (world.leases.claim(TENANT, item.item_id, "ana", LEASE_MS), pb.ITEM_STATE_CLAIMED),
        (world.leases.renew(TENANT, item.item_id, "ana", LEASE_MS), pb.ITEM_STATE_CLAIMED),
        (world.leases.release(TENANT, item.item_id, "ana"), pb.ITEM_STATE_WAITING),
        (world.leases.claim(TENANT, item.item_id, "ben", LEASE_MS), pb.ITEM_STATE_CLAIMED),
        (world.leases.complete(TENANT, item.item_id, "ben", Disposition.SPAM, ""), pb.ITEM_STATE_COMPLETED),
    ]
    for action, state in steps:
        await action
        assert (await next_item(call)).state == state
    call.cancel()


async def test_the_end_of_a_lease_is_told(world: World, stub: Any) -> None:
    await world.publish(decided("T1"))
    (item,) = await listed(stub)
    call = await opened(stub)
    await world.leases.claim(TENANT, item.item_id, "ana", 150)
    assert (await next_item(call)).state == pb.ITEM_STATE_CLAIMED
    assert (await next_item(call)).state == pb.ITEM_STATE_WAITING
    call.cancel()


async def test_a_watcher_hears_of_its_tenant_and_queue_alone(world: World, stub: Any) -> None:
    legal, globex = await opened(stub, queue="legal"), await opened(stub, "globex")
    await world.publish(decided("T1", queue="vip"))
    await world.publish(decided("T2", queue="legal"))
    await world.publish(decided("T3", tenant="globex"))
    assert (await next_item(legal)).ticket_id == "T2"
    assert (await next_item(globex)).ticket_id == "T3"
    # Leaving the queue is told to those who watch it.
    await world.publish(decided("T2", 2, queue="vip"))
    left = await next_item(legal)
    assert (left.ticket_id, left.queue) == ("T2", "vip")
    legal.cancel()
    globex.cancel()


async def test_an_idle_stream_says_that_it_lives(stub: Any) -> None:
    call = await opened(stub)
    for _ in range(2):
        assert not (await asyncio.wait_for(call.read(), PATIENCE)).HasField("item")
    call.cancel()


async def test_a_service_that_stops_ends_its_streams_at_once(service: Service, stub: Any) -> None:
    call = await opened(stub)
    reading = asyncio.create_task(refusal(_read_on(call)))
    started = asyncio.get_running_loop().time()
    await service.stop(20.0)
    assert asyncio.get_running_loop().time() - started < 5
    assert (await asyncio.wait_for(reading, PATIENCE))[0] is grpc.StatusCode.UNAVAILABLE


async def _read_on(call: Any) -> None:
    while True:
        await call.read()


async def test_a_watcher_too_far_behind_is_told_so(world: World) -> None:
    feed = EventFeed(world.redis, world.queue_keys, 0.01)
    running = asyncio.create_task(feed.run())
    await world.enqueue(decided("T1"))
    watcher = ItemWatcher(world.redis, world.queue_keys, feed, TENANT, "")
    with feed.watching():
        await watcher.open()
        await world.enqueue(decided("T1", 2))
        item = await world.only()
        assert await watcher.changed(PATIENCE) == [item.id]
        for number in range(3 * EVENTS_KEPT):
            await world.redis.xadd(
                world.queue_keys.events(world.shard("T1")),
                {"i": item.id, "tenant": TENANT, "queue": "q", "left": f"q{number}"},
                maxlen=EVENTS_KEPT,
            )
        with pytest.raises(ResumeTokenError, match="watch anew"):
            await watcher.changed(PATIENCE)
    feed.stop()
    await running
    with pytest.raises(UnavailableError):
        await watcher.changed(PATIENCE)


async def test_changes_close_together_are_told_once(world: World) -> None:
    feed = EventFeed(world.redis, world.queue_keys, 0.01)
    watcher = ItemWatcher(world.redis, world.queue_keys, feed, TENANT, "")
    await watcher.open()
    await world.enqueue(decided("T1"), decided("T1", 2), decided("T1", 3))
    running = asyncio.create_task(feed.run())
    with feed.watching():
        assert await watcher.changed(PATIENCE) == [(await world.only()).id]
        assert await watcher.changed(0.05) == []
    feed.stop()
    await running
