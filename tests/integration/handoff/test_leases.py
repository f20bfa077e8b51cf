"""Leases: two agents never hold one item, and an item never stays with an agent who went away."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import DecodeError

from services.handoff.item import Disposition, ItemState
from shared.domain.decision import Priority
from shared.errors import ConflictError, NotFoundError
from tests.integration.handoff.conftest import EVERYTHING, LEASE_MS, RECORD_TTL_S, TENANT, World, decided


async def store_ms(world: World) -> int:
    seconds, micros = await world.redis.time()
    return int(seconds) * 1000 + int(micros) // 1000


async def test_fifty_agents_at_once_never_hold_one_item(world: World) -> None:
    await world.enqueue(*(decided(f"T{number}") for number in range(30)))
    claimed = await asyncio.gather(*(world.claim(f"agent{number}") for number in range(50)))
    held = [item for item in claimed if item is not None]
    assert len(held) == 30
    assert len({item.id for item in held}) == 30
    assert {item.id: item.agent for item in held} == {item.id: item.agent for item in await world.items()}
    assert world.sample("switchyard_human_queue_claims_total", queue="escalations") == 30


async def test_fifty_agents_fight_for_one_item(world: World) -> None:
    await world.enqueue(decided("T1"))
    item_id = (await world.only()).id
    answers = await asyncio.gather(
        *(world.leases.claim_exactly(TENANT, item_id, f"agent{number}", LEASE_MS) for number in range(50)),
        return_exceptions=True,
    )
    refusals = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(refusals) == 49
    assert all(isinstance(refusal, ConflictError) for refusal in refusals)
    assert (await world.only()).claims == 1


async def test_a_claim_is_held_until_the_lease_ends(world: World) -> None:
    await world.enqueue(decided("T1"))
    before = await store_ms(world)
    item = await world.must_claim("ana")
    assert (item.state, item.agent, item.claims) == (ItemState.CLAIMED, "ana", 1)
    assert before + LEASE_MS <= item.lease_until_ms <= await store_ms(world) + LEASE_MS
    assert await world.expire() == 0
    assert await world.claim("ben") is None


async def test_a_lease_that_is_over_returns_the_item_to_its_old_place(world: World) -> None:
    await world.enqueue(decided("T1"))
    await asyncio.sleep(0.002)
    await world.enqueue(decided("T2"))
    first = await world.must_claim("ana", lease_ms=1)
    assert first.ticket == "T1"
    await asyncio.sleep(0.005)
    assert await world.expire() == 1
    again, _ = await world.items()
    assert (again.id, again.state, again.agent, again.lease_until_ms) == (first.id, ItemState.WAITING, "", 0)
    assert again.waiting_since_ms == first.waiting_since_ms
    assert (await world.must_claim("ben")).claims == 2
    assert world.sample("switchyard_human_queue_lease_expiries_total", queue="escalations") == 1
    assert world.sample("switchyard_human_queue_wait_seconds_count", queue="escalations", priority="high") == 1


async def test_the_sweeper_takes_a_bounded_number_a_call(world: World) -> None:
    await world.enqueue(*(decided(f"T{number}") for number in range(250)))
    for item in await world.items():
        await world.leases.claim(TENANT, item.id, "ana", 1)
    await asyncio.sleep(0.005)
    shards = world.keys.every_shard()
    assert max([await world.leases.expire(shard) for shard in shards]) == 100
    while await world.expire():
        pass
    assert {item.state for item in await world.items()} == {ItemState.WAITING}


async def test_renewal_lengthens_the_lease(world: World) -> None:
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana", lease_ms=20)
    renewed = await world.leases.renew(TENANT, item.id, "ana", LEASE_MS)
    assert renewed.lease_until_ms >= item.lease_until_ms + LEASE_MS - 1000
    await asyncio.sleep(0.03)
    assert await world.expire() == 0
    assert (await world.only()).agent == "ana"


@pytest.mark.parametrize("swept", [True, False])
async def test_a_stale_agent_can_do_nothing(world: World, swept: bool) -> None:
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana", lease_ms=1)
    await asyncio.sleep(0.005)
    if swept:
        await world.expire()
    for action in (
        world.leases.renew(TENANT, item.id, "ana", LEASE_MS),
        world.leases.release(TENANT, item.id, "ana"),
        world.leases.complete(TENANT, item.id, "ana", Disposition.JUSTIFIED, ""),
    ):
        with pytest.raises(ConflictError, match="not held by agent ana: the lease is over"):
            await action
    # Unswept or not, a lease that is over stops nobody.
    assert (await world.leases.claim_exactly(TENANT, item.id, "ben", LEASE_MS)).agent == "ben"
    with pytest.raises(ConflictError, match=r"held by agent ben until .*Z; claim another"):
        await world.leases.renew(TENANT, item.id, "ana", LEASE_MS)


async def test_release_puts_the_item_back(world: World) -> None:
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana")
    with pytest.raises(ConflictError, match="held by agent ana until"):
        await world.leases.release(TENANT, item.id, "ben")
    released = await world.leases.release(TENANT, item.id, "ana")
    assert (released.state, released.agent, released.waiting_since_ms) == (
        ItemState.WAITING, "", item.waiting_since_ms,
    )  # fmt: skip
    with pytest.raises(ConflictError, match="released"):
        await world.leases.release(TENANT, item.id, "ana")
    assert (await world.must_claim("ben")).id == item.id


async def test_the_holder_may_claim_again_as_after_a_lost_answer(world: World) -> None:
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana", lease_ms=5000)
    again = await world.leases.claim_exactly(TENANT, item.id, "ana", LEASE_MS)
    assert (again.agent, again.claims) == ("ana", 1)
    assert again.lease_until_ms > item.lease_until_ms
    assert world.sample("switchyard_human_queue_claims_total", queue="escalations") == 1


async def test_completion_ends_the_item_and_keeps_it_as_long_as_records(world: World) -> None:
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana")
    done = await world.leases.complete(TENANT, item.id, "ana", Disposition.WRONG_QUEUE, "belongs to legal")
    assert (done.state, done.disposition, done.note) == (
        ItemState.COMPLETED, Disposition.WRONG_QUEUE, "belongs to legal",
    )  # fmt: skip
    assert (done.agent, done.lease_until_ms) == ("ana", 0)
    assert done.completed_at_ms >= done.first_claim_ms
    assert await world.items() == ()
    listing = await world.queue.listing(TENANT, "", ItemState.COMPLETED, 10)
    assert (listing.items, listing.waiting, listing.claimed) == ((done,), 0, 0)
    ttl = await world.redis.pttl(world.queue_keys.item(world.shard("T1"), item.id))
    assert 0 < ttl <= RECORD_TTL_S * 1000
    completions = {"queue": "escalations", "disposition": "wrong_queue"}
    assert world.sample("switchyard_human_queue_completions_total", **completions) == 1


async def test_completing_again_alike_is_answered_alike_and_otherwise_refused(world: World) -> None:
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana")
    done = await world.leases.complete(TENANT, item.id, "ana", Disposition.SPAM, "x")
    assert await world.leases.complete(TENANT, item.id, "ana", Disposition.SPAM, "x") == done
    for agent, disposition, note in (
        ("ana", Disposition.JUSTIFIED, "x"), ("ana", Disposition.SPAM, "y"), ("ben", Disposition.SPAM, "x"),
    ):  # fmt: skip
        with pytest.raises(ConflictError, match="completed by agent ana as spam"):
            await world.leases.complete(TENANT, item.id, agent, disposition, note)
    for action in (
        world.leases.claim_exactly(TENANT, item.id, "ana", LEASE_MS),
        world.leases.renew(TENANT, item.id, "ana", LEASE_MS),
        world.leases.release(TENANT, item.id, "ana"),
    ):
        with pytest.raises(ConflictError, match="completed by agent ana as spam"):
            await action
    assert world.sample("switchyard_human_queue_completions_total", queue="escalations", disposition="spam") == 1


@pytest.mark.parametrize("item_id", ["0-1-1", "1-1-1", "2-1-1", "99999-1-1", "00-1-1"])
async def test_what_is_not_there_is_not_found(world: World, item_id: str) -> None:
    for action in (
        world.leases.claim_exactly(TENANT, item_id, "ana", LEASE_MS),
        world.leases.renew(TENANT, item_id, "ana", LEASE_MS),
        world.leases.release(TENANT, item_id, "ana"),
        world.leases.complete(TENANT, item_id, "ana", Disposition.SPAM, ""),
        world.queue.get(TENANT, item_id),
    ):
        with pytest.raises(NotFoundError, match=f"no item {item_id}"):
            await action


async def test_another_tenants_item_is_not_found_either(world: World) -> None:
    await world.enqueue(decided("T1", tenant="globex"))
    (item,) = await world.items("globex")
    assert await world.claim("ana") is None
    for action in (
        world.leases.claim_exactly(TENANT, item.id, "ana", LEASE_MS),
        world.queue.get(TENANT, item.id),
    ):
        with pytest.raises(NotFoundError):
            await action
    assert (await world.items("globex"))[0].claims == 0


async def test_a_hand_over_that_fails_gives_the_item_back(world: World) -> None:
    decision = decided("T1", priority=Priority.URGENT)
    await world.say(decision, "Nobody answers!")
    await world.enqueue(decision)
    # A record that cannot be read stands in for a store that goes away between the two steps.
    await world.redis.hset(world.keys.message(decision.key), "sentiment", b"\xff\xff")
    with pytest.raises(DecodeError):
        await world.claims.claim_next(TENANT, "ana", EVERYTHING, LEASE_MS)
    assert (await world.only()).state is ItemState.WAITING


async def test_what_is_completed_leaves_nothing_behind_and_what_is_open_does_not_expire(world: World) -> None:
    shard = world.shard("T1")
    base = world.queue_keys.base(shard)
    ticket = f"{base}t:{TENANT}|T1"
    await world.enqueue(decided("T1"))
    item = await world.must_claim("ana")
    assert await world.redis.pttl(ticket) == -1
    await world.leases.complete(TENANT, item.id, "ana", Disposition.JUSTIFIED, "")
    kept = [name.decode() for name in await world.redis.keys(f"{base}*") if TENANT.encode() in name or b":i:" in name]
    expiring = [name for name in kept if 0 < await world.redis.pttl(name) <= RECORD_TTL_S * 1000]
    assert sorted(expiring) == sorted(name for name in kept if "queues:" not in name)
    assert len(expiring) == 3  # the item, its ticket, the list of completed ones
    await world.enqueue(decided("T1", 2))
    assert await world.redis.pttl(ticket) == -1
