"""deadlines.lua: a late message is handed to the router once, whoever sweeps."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from services.router.deadlines import AT_ONCE, DeadlineSweeper
from services.router.metrics import RouterMetrics
from shared.domain.analysis import Part
from shared.streams.names import Group, Stream
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.parts import GROUP_OF, part_stage


@pytest.fixture
def sweeper(lane: Lane) -> DeadlineSweeper:
    return DeadlineSweeper(lane.redis, lane.keys, 50, RouterMetrics(CollectorRegistry()))


async def test_only_messages_past_their_deadline_are_handed_over(lane: Lane, sweeper: DeadlineSweeper) -> None:
    await lane.submit(customer("T-1"), decide_within_ms=1)
    await lane.submit(customer("T-2"), decide_within_ms=60_000)
    await asyncio.sleep(0.005)
    assert await sweeper.sweep(0) == 1
    assert list(await lane.deadlines()) == ["acme|T-2|m1"]
    (entry,) = await lane.read(Group.ROUTER)
    assert (entry.reference, entry.text(b"why"), entry.text(b"v")) == ("acme|T-1|m1", "deadline", "1")


async def test_a_message_of_which_nothing_has_landed_is_put_off(lane: Lane, sweeper: DeadlineSweeper) -> None:
    """The services are behind: a decision on nothing would only send it to a person."""
    await lane.submit(customer(), decide_within_ms=50, review_within_ms=60_000)
    record = await lane.record(customer())
    await asyncio.sleep(0.06)
    assert await sweeper.sweep(0) == 0
    assert await lane.deadlines() == {"acme|T-1|m1": record.message.accepted_at_ms + 60_000}
    # The first part to land gives the others as long as they would have had.
    stage = part_stage(lane.redis, lane.keys, Part.SLOTS)
    entries = await lane.read(Group.SLOTS)
    await stage.commit(entries, await stage.process(entries))
    (deadline,) = (await lane.deadlines()).values()
    assert record.message.accepted_at_ms + 100 < deadline < record.message.accepted_at_ms + 10_000
    await asyncio.sleep(0.06)
    assert await sweeper.sweep(0) == 1


async def test_a_first_part_in_time_moves_no_deadline(lane: Lane, sweeper: DeadlineSweeper) -> None:
    await lane.submit(customer(), decide_within_ms=30_000, review_within_ms=60_000)
    before = await lane.deadlines()
    stage = part_stage(lane.redis, lane.keys, Part.SLOTS)
    entries = await lane.read(Group.SLOTS)
    await stage.commit(entries, await stage.process(entries))
    assert await lane.deadlines() == before


async def test_at_its_last_deadline_it_is_handed_over_with_nothing(lane: Lane, sweeper: DeadlineSweeper) -> None:
    await lane.submit(customer(), decide_within_ms=1, review_within_ms=30)
    await asyncio.sleep(0.005)
    assert await sweeper.sweep(0) == 0
    await asyncio.sleep(0.03)
    assert await sweeper.sweep(0) == 1
    assert await lane.deadlines() == {}


async def test_sweepers_side_by_side_move_each_message_once(lane: Lane, sweeper: DeadlineSweeper) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(AT_ONCE + 50)), decide_within_ms=1)
    await asyncio.sleep(0.005)
    moved = await asyncio.gather(*(sweeper.sweep(0) for _ in range(4)))
    assert sorted(moved) == [0, 0, 50, AT_ONCE]
    references = [entry.reference for entry in await lane.entries(Stream.ANALYZED)]
    assert len(references) == len(set(references)) == AT_ONCE + 50


async def test_messages_are_handed_over_in_the_order_of_their_deadlines(lane: Lane, sweeper: DeadlineSweeper) -> None:
    for position, ticket in enumerate(("T-3", "T-1", "T-2")):
        await lane.submit(customer(ticket), decide_within_ms=1 + position)
    await asyncio.sleep(0.01)
    await sweeper.sweep(0)
    assert [e.reference.split("|")[1] for e in await lane.entries(Stream.ANALYZED)] == ["T-3", "T-1", "T-2"]


async def test_the_last_part_landing_after_the_deadline_hands_the_message_on_again(
    lane: Lane, sweeper: DeadlineSweeper
) -> None:
    """Undecided still: the router decides once on whatever it finds, and settles the other entry."""
    await lane.submit(customer(), decide_within_ms=1)
    await asyncio.sleep(0.005)
    await sweeper.sweep(0)
    for part in Part:
        stage = part_stage(lane.redis, lane.keys, part)
        entries = await lane.read(GROUP_OF[part])
        await stage.commit(entries, await stage.process(entries))
    assert [entry.text(b"why") for entry in await lane.entries(Stream.ANALYZED)] == ["deadline", "complete"]


async def test_the_loop_sweeps_every_shard_and_survives_an_error(lane: Lane, sweeper: DeadlineSweeper) -> None:
    await lane.redis.set(lane.keys.deadlines(0), "not a sorted set")
    loop = asyncio.create_task(sweeper.run())
    await asyncio.sleep(0.02)
    await lane.redis.delete(lane.keys.deadlines(0))
    await lane.submit(customer(), decide_within_ms=1)
    try:
        async with asyncio.timeout(5):
            while not await lane.entries(Stream.ANALYZED):
                await asyncio.sleep(0.01)
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
