"""The store itself: agreement on shards, cancelled calls, and the death of its process."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.intake.submit import Admission
from shared.errors import ConfigError
from shared.streams.names import GROUPS_OF, Group, Keys, Stream
from shared.streams.records import Records
from shared.streams.store import connect, prepare
from tests.harness.consumers import Worker, landed, quick, running
from tests.harness.lane import Lane
from tests.harness.messages import agent, customer
from tests.harness.store_process import StoreProcess
from tests.harness.waiting import eventually


@pytest.fixture
def own_store(store: StoreProcess) -> Iterator[StoreProcess]:
    """A server of the same kind that a test may kill."""
    with StoreProcess(store.binary) as process:
        yield process


async def test_preparing_makes_every_group_of_every_shard(redis: Redis) -> None:
    keys = Keys(3)
    await prepare(redis, keys)
    await prepare(redis, keys)
    for stream, groups in GROUPS_OF.items():
        for shard in keys.every_shard() if groups else ():
            infos = await redis.xinfo_groups(keys.stream(stream, shard))
            assert sorted(info["name"].decode() for info in infos) == sorted(groups)
            assert all(info["last-delivered-id"] == b"0-0" for info in infos), "from the beginning"


async def test_another_number_of_shards_is_refused_with_the_mend(redis: Redis) -> None:
    await prepare(redis, Keys(2))
    with pytest.raises(ConfigError, match=r"platform\.shards is 4, .* laid out with 2; set it to 2") as caught:
        await prepare(redis, Keys(4))
    assert "sy:layout" in str(caught.value)
    await prepare(redis, Keys(2))


async def test_a_cancelled_call_ends_its_task(redis: Redis) -> None:
    """redis-py sends through `asyncio.wait_for`, which in Python 3.11 now and then swallows a cancellation."""
    rng = random.Random(7)

    async def busy() -> None:
        while True:
            await redis.xlen("nothing")
            await asyncio.sleep(0)

    for _ in range(150):
        task = asyncio.create_task(busy())
        await asyncio.sleep(rng.random() * 0.002)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5)
        assert done, "the task goes on as if nothing had been said"
        assert task.cancelled()


async def test_calls_fail_fast_while_the_store_is_away_and_work_again_after(own_store: StoreProcess) -> None:
    redis = connect(own_store.url)
    await redis.set("kept", "1")
    own_store.kill()
    async with asyncio.timeout(5):
        with pytest.raises((RedisError, OSError)):
            await redis.get("kept")
    own_store.start()
    assert await redis.get("kept") == b"1"
    await redis.aclose()


async def test_what_was_acknowledged_outlives_a_killed_store(own_store: StoreProcess) -> None:
    redis, keys = connect(own_store.url), Keys(1)
    await prepare(redis, keys)
    lane = Lane(redis, keys)
    messages = [customer(f"T-{n}") for n in range(50)]
    receipts = await lane.submit(*messages)
    await lane.read(Group.SLOTS, count=10)
    own_store.kill()
    own_store.start()
    again = await lane.submit(*messages)
    assert {receipt.admission for receipt in again} == {Admission.KNOWN}
    assert [receipt.sequence for receipt in again] == [receipt.sequence for receipt in receipts]
    assert len(await lane.entries(Stream.TICKETS)) == 50
    assert len(await lane.pending(Group.SLOTS)) == 10, "what was delivered is still known as such"
    await redis.aclose()


async def test_a_consumer_goes_on_after_the_store_was_killed(own_store: StoreProcess) -> None:
    redis, keys = connect(own_store.url), Keys(1)
    await prepare(redis, keys)
    lane = Lane(redis, keys)

    async def have(count: int) -> None:
        async def holds() -> bool:
            return await landed(lane) == count

        await eventually(holds, f"{count} messages have their part")

    async with running(Worker(redis, keys, "one", quick)) as worker:
        await lane.submit(*(customer(f"T-{n}") for n in range(5)))
        await have(5)
        own_store.kill()
        await asyncio.sleep(0.1)
        assert worker.task is not None and not worker.task.done()
        own_store.start()
        await lane.submit(*(customer(f"T-{n}") for n in range(5, 10)))
        await have(10)
    assert worker.metric("switchyard_stage_entries_total", status="done") == 10
    await redis.aclose()


async def test_a_conversation_is_read_back_in_order(lane: Lane) -> None:
    messages = [customer("T-1", "b"), agent("T-1", "a"), customer("T-1", "c")]
    await lane.submit(*messages)
    records, conversation = await lane.records.ticket("acme", "T-1") or ([], None)
    assert [record.message.key.message for record in records] == ["b", "a", "c"]
    assert [record.message.sequence for record in records] == [1, 2, 3]
    assert conversation is not None and conversation.decided_sequence == 0


async def test_messages_that_expired_are_left_out_of_their_conversation(lane: Lane) -> None:
    messages = [customer("T-1", f"m{n}") for n in range(3)]
    await lane.submit(*messages)
    await lane.redis.delete(lane.keys.message(messages[1].key))
    records, _ = await lane.records.ticket("acme", "T-1") or ([], None)
    assert [record.message.key.message for record in records] == ["m0", "m2"]


async def test_a_ticket_that_does_not_exist_is_none(redis: Redis, keys: Keys) -> None:
    assert await Records(redis, keys).ticket("acme", "T-404") is None
    assert await Records(redis, keys).message(customer().key) is None
