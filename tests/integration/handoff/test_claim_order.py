"""Who is served next: by priority, then by time, over all shards, among what fits the agent."""

from __future__ import annotations

import random

from services.handoff.item import ItemState
from services.handoff.order import Offer, waiting_score
from services.handoff.queue import PAGE
from shared.domain.decision import Priority
from tests.integration.handoff.conftest import TENANT, World, decided

T0 = 1_760_000_000_000


def offer(queues: tuple[str, ...] = (), skills: tuple[str, ...] = (), languages: tuple[str, ...] = ()) -> Offer:
    return Offer(frozenset(queues), frozenset(skills), frozenset(languages))


async def test_priority_then_time_across_shards_and_queues(world: World) -> None:
    chance = random.Random(7)
    expected = []
    for number in range(60):
        priority = chance.choice(list(Priority))
        at_ms = T0 + chance.randrange(1000)
        queue = chance.choice(["escalations", "legal", "billing"])
        item_id = await world.publish(decided(f"T{number}", priority=priority, queue=queue), at_ms)
        expected.append((-priority.rank, at_ms, item_id))
    await world.file()
    expected.sort()
    assert {world.queue_keys.shard_of(item_id) for _, _, item_id in expected} == {0, 1}
    assert [item.id for item in await world.items()] == [item_id for _, _, item_id in expected]
    served = [(await world.must_claim("ana")).id for _ in expected]
    assert served == [item_id for _, _, item_id in expected]


async def test_scores_in_the_store_are_those_of_the_order(world: World) -> None:
    for priority in Priority:
        await world.publish(decided(f"T-{priority}", priority=priority), T0)
    await world.file()
    for item in await world.items():
        shard = world.shard(item.ticket)
        index = world.queue_keys.index(shard, ItemState.WAITING, TENANT, "escalations")
        assert await world.redis.zscore(index, item.id) == waiting_score(item.priority, T0)


async def test_an_agent_gets_only_the_queues_named(world: World) -> None:
    await world.enqueue(decided("T1", queue="legal", priority=Priority.URGENT), decided("T2", queue="billing"))
    assert await world.claim("ana", offer(queues=("vip",))) is None
    item = await world.claim("ana", offer(queues=("billing", "vip")))
    assert item is not None
    assert item.ticket == "T2"


async def test_an_agent_gets_only_what_the_skills_cover(world: World) -> None:
    await world.enqueue(
        decided("T1", intents=("refund", "legal_threat"), priority=Priority.URGENT), decided("T2", intents=("refund",))
    )
    assert await world.claim("ana", offer(skills=("login",))) is None
    item = await world.claim("ana", offer(skills=("refund", "login")))
    assert item is not None
    assert item.ticket == "T2"


async def test_an_agent_gets_only_the_languages_spoken(world: World) -> None:
    for ticket, language in (("T1", "de"), ("T2", "fr")):
        decision = decided(ticket)
        await world.say(decision, "…", language=language)
        await world.enqueue(decision)
    assert await world.claim("ana", offer(languages=("en", "it"))) is None
    item = await world.claim("ana", offer(languages=("fr",)))
    assert item is not None
    assert item.ticket == "T2"


async def test_what_fits_is_found_behind_pages_of_what_does_not(world: World) -> None:
    """All of one moment, as after a batch: pages must neither repeat nor skip items of equal score."""
    for number in range(4 * PAGE):
        await world.publish(decided(f"T{number}", intents=("login",)), T0)
    await world.publish(decided("T-last", intents=("refund",)), T0 + 1)
    await world.file()
    item = await world.claim("ana", offer(skills=("refund",)))
    assert item is not None
    assert item.ticket == "T-last"


async def test_every_waiting_item_comes_once_in_order_whatever_leaves_meanwhile(world: World) -> None:
    for number in range(5 * PAGE):
        await world.publish(decided(f"T{number}"), T0 + number // (2 * PAGE))
    await world.file()
    listed = [item.id for item in await world.items()]
    seen = []
    async for place in world.queue.waiting(TENANT, Offer()):
        seen.append(place.item_id)
        # Taken out as soon as it is seen, so that everything behind it moves up.
        assert await world.leases.claim(TENANT, place.item_id, "ana", 60_000) is not None
    assert seen == listed


async def test_listing_counts_beyond_its_limit_and_can_be_narrowed(world: World) -> None:
    await world.enqueue(*(decided(f"T{number}") for number in range(9)), decided("L", queue="legal"))
    held = await world.must_claim("ana")
    listing = await world.queue.listing(TENANT, "", None, 3)
    assert (len(listing.items), listing.waiting, listing.claimed) == (3, 9, 1)
    legal = await world.queue.listing(TENANT, "legal", None, 3)
    assert ([item.ticket for item in legal.items], legal.waiting, legal.claimed) == (["L"], 1, 0)
    claimed = await world.queue.listing(TENANT, "", ItemState.CLAIMED, 3)
    assert claimed.items == (held,)
    assert (await world.queue.listing("globex", "", None, 3)).items == ()


async def test_depth_and_age_are_measured(world: World) -> None:
    await world.publish(decided("T1", priority=Priority.URGENT), T0)
    await world.publish(decided("T2", priority=Priority.URGENT, tenant="globex"), T0 + 5)
    await world.publish(decided("T3", priority=Priority.LOW, queue="legal"))
    await world.file()
    await world.probe.measure()
    urgent = {"queue": "escalations", "priority": "urgent"}
    assert world.sample("switchyard_human_queue_items", **urgent) == 2
    seconds, _ = await world.redis.time()
    assert abs(world.sample("switchyard_human_queue_oldest_seconds", **urgent) - (seconds - T0 / 1000)) < 2
    assert world.sample("switchyard_human_queue_items", queue="legal", priority="low") == 1
    await world.must_claim("ana")
    await world.probe.measure()
    assert world.sample("switchyard_human_queue_items", **urgent) == 1
    assert world.sample("switchyard_human_queue_claimed_items", queue="escalations") == 1


async def test_queues_that_hold_nothing_are_forgotten(world: World) -> None:
    await world.enqueue(decided("T1"))
    shard = world.shard("T1")
    await world.redis.delete(world.queue_keys.index(shard, ItemState.WAITING, TENANT, "escalations"))
    await world.probe.measure()
    assert await world.redis.exists(world.queue_keys.queues(shard, TENANT)) == 0
    assert await world.redis.smembers(f"{world.queue_keys.base(shard)}tenants") == set()
