"""Decisions become items of the human queue, each exactly once, one open item a ticket."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import DecodeError

from services.handoff.item import Disposition, ItemState, QueueItem
from shared.domain.decision import Decision, Outcome, Priority, Reason, Rule
from shared.errors import ConflictError
from shared.streams.names import Group, Stream
from tests.integration.handoff.conftest import LEASE_MS, RECORD_TTL_S, TENANT, World, decided


async def complete(world: World, item: QueueItem, agent: str = "ana") -> None:
    await world.leases.claim(TENANT, item.id, agent, LEASE_MS)
    await world.leases.complete(TENANT, item.id, agent, Disposition.JUSTIFIED, "")


@pytest.mark.parametrize("outcome", [Outcome.ESCALATED, Outcome.REVIEW])
async def test_a_decision_that_needs_a_person_opens_an_item(world: World, outcome: Outcome) -> None:
    decision = decided("T1", outcome=outcome, intents=("refund", "damaged_item"), priority=Priority.URGENT)
    await world.say(decision, "Again a broken cup, I want my money back.", language="de")
    item_id = await world.publish(decision)
    assert await world.file() == ["opened"]
    item = await world.only()
    assert (item.id, item.tenant, item.ticket) == (item_id, TENANT, "T1")
    assert (item.queue, item.priority, item.language) == ("escalations", Priority.URGENT, "de")
    assert item.skills == ("refund", "damaged_item")
    assert (item.state, item.agent, item.lease_until_ms, item.claims) == (ItemState.WAITING, "", 0, 0)
    assert item.decision == replace(decision, decided_at_ms=item.waiting_since_ms)
    assert await world.pending() == 0


@pytest.mark.parametrize("outcome", [Outcome.ROUTED, Outcome.RECORDED])
async def test_other_decisions_open_nothing(world: World, outcome: Outcome) -> None:
    assert await world.enqueue(decided("T1", outcome=outcome)) == ["done"]
    assert await world.items() == ()
    assert await world.pending() == 0


async def test_a_message_whose_record_is_gone_has_no_known_language(world: World) -> None:
    await world.enqueue(decided("T1"))
    assert (await world.only()).language == "und"


async def test_a_ticket_has_one_open_item_which_follows_its_decisions(world: World) -> None:
    await world.enqueue(decided("T1", priority=Priority.NORMAL), decided("T2", priority=Priority.HIGH))
    first = next(item for item in await world.items() if item.ticket == "T1")
    later = decided("T1", 2, priority=Priority.URGENT, queue="legal", intents=("legal_threat",))
    assert await world.enqueue(later) == ["updated"]
    top, second = await world.items()
    assert (top.ticket, second.ticket) == ("T1", "T2")
    assert (top.id, top.waiting_since_ms) == (first.id, first.waiting_since_ms)
    assert (top.priority, top.queue, top.skills) == (Priority.URGENT, "legal", ("legal_threat",))
    assert top.decision.sequence == 2
    assert (await world.queue.listing(TENANT, "legal", None, 10)).waiting == 1
    assert [item.ticket for item in (await world.queue.listing(TENANT, "escalations", None, 10)).items] == ["T2"]


async def test_the_priority_never_falls(world: World) -> None:
    await world.enqueue(decided("T1", priority=Priority.URGENT), decided("T1", 2, priority=Priority.LOW))
    item = await world.only()
    assert (item.priority, item.decision.sequence) == (Priority.URGENT, 2)


async def test_a_message_without_an_intent_leaves_the_skills(world: World) -> None:
    await world.enqueue(decided("T1", intents=("refund",)), decided("T1", 2, intents=()))
    assert (await world.only()).skills == ("refund",)


async def test_a_ticket_that_calmed_down_stays_and_shows_the_newest_decision(world: World) -> None:
    await world.enqueue(decided("T1"), decided("T1", 2, Outcome.ROUTED, priority=Priority.LOW))
    item = await world.only()
    assert item.decision.outcome is Outcome.ROUTED
    assert (item.queue, item.priority, item.state) == ("escalations", Priority.HIGH, ItemState.WAITING)


async def test_an_agents_own_message_changes_nothing(world: World) -> None:
    assert await world.enqueue(decided("T1"), decided("T1", 2, Outcome.RECORDED)) == ["opened", "done"]
    assert (await world.only()).decision.sequence == 1


async def test_a_late_revision_of_an_older_message_raises_but_is_not_shown(world: World) -> None:
    await world.enqueue(decided("T1"), decided("T1", 2))
    late = decided("T1", 1, revision=2, priority=Priority.URGENT, queue="legal")
    assert await world.enqueue(late) == ["updated"]
    item = await world.only()
    assert (item.priority, item.queue, item.decision.sequence) == (Priority.URGENT, "escalations", 2)


async def test_the_same_decision_again_changes_nothing(world: World) -> None:
    assert await world.enqueue(decided("T1"), decided("T1")) == ["opened", "done"]
    revision = decided("T1", revision=2)
    assert await world.enqueue(revision, revision) == ["updated", "done"]


async def test_a_claimed_item_is_only_updated(world: World) -> None:
    await world.enqueue(decided("T1"))
    claimed = await world.must_claim("ana")
    await world.enqueue(decided("T1", 2, priority=Priority.URGENT, queue="legal"))
    item = await world.only()
    assert (item.state, item.agent, item.lease_until_ms) == (ItemState.CLAIMED, "ana", claimed.lease_until_ms)
    assert (item.priority, item.queue, item.decision.sequence) == (Priority.URGENT, "legal", 2)
    assert await world.claim("ben") is None
    released = await world.leases.release(TENANT, item.id, "ana")
    assert (released.queue, released.state) == ("legal", ItemState.WAITING)
    assert (await world.queue.listing(TENANT, "legal", ItemState.WAITING, 10)).items == (released,)


async def test_after_completion_a_newer_message_opens_a_new_item(world: World) -> None:
    await world.enqueue(decided("T1"))
    first = await world.only()
    await complete(world, first)
    assert await world.enqueue(decided("T1", 2, Outcome.ROUTED)) == ["done"]
    assert await world.enqueue(decided("T1", 3)) == ["opened"]
    second = await world.only()
    assert second.id != first.id
    assert second.decision.sequence == 3


async def test_what_a_person_has_seen_to_does_not_come_back(world: World) -> None:
    await world.enqueue(decided("T1"), decided("T1", 2))
    await complete(world, await world.only())
    assert await world.enqueue(decided("T1", 1, revision=2), decided("T1", 2, revision=2)) == ["covered", "covered"]
    assert await world.items() == ()


def late(ticket: str, sequence: int = 1, **changes: Any) -> Decision:
    """A review because the intents are late."""
    return decided(
        ticket, sequence, Outcome.REVIEW, queue="review", reasons=(Reason(Rule.MISSING_PART, "intent"),),
        partial=True, missing_parts=("intent",), **changes,
    )  # fmt: skip


def landed(ticket: str, sequence: int = 1) -> Decision:
    return decided(ticket, sequence, Outcome.ROUTED, revision=2, reasons=(Reason(Rule.ROUTE, "refund"),))


async def test_what_waited_for_its_analysis_alone_is_settled_when_that_lands(world: World) -> None:
    assert await world.enqueue(late("T1")) == ["opened"]
    item = await world.only()
    assert await world.enqueue(landed("T1")) == ["settled"]
    assert await world.items() == ()
    settled = await world.queue.get(TENANT, item.id)
    assert (settled.state, settled.disposition, settled.agent) == (ItemState.COMPLETED, Disposition.SETTLED, "")
    assert (settled.decision.outcome, settled.decision.revision) == (Outcome.ROUTED, 2)
    assert 0 < await world.redis.pttl(world.queue_keys.item(world.shard("T1"), item.id)) <= RECORD_TTL_S * 1000
    assert world.sample("switchyard_human_queue_arrivals_total", queue="billing", result="settled") == 1
    with pytest.raises(ConflictError, match="is settled"):
        await world.leases.claim_exactly(TENANT, item.id, "ana", LEASE_MS)


async def test_every_late_message_of_a_ticket_must_have_landed(world: World) -> None:
    await world.enqueue(late("T1"), late("T1", 2), late("T1", 2))
    assert await world.enqueue(landed("T1", 2)) == ["updated"]
    assert len(await world.items()) == 1
    assert await world.enqueue(landed("T1", 1)) == ["settled"]


async def test_an_older_item_with_a_twelfth_message_is_not_settled_by_its_second(world: World) -> None:
    await world.enqueue(late("T1", 12))
    assert await world.enqueue(landed("T1", 2)) == ["done"]
    assert len(await world.items()) == 1


@pytest.mark.parametrize("order", ["before", "after"])
async def test_who_is_needed_for_another_reason_too_stays(world: World, order: str) -> None:
    escalated, review = decided("T1", 1), late("T1", 2)
    await world.enqueue(*((escalated, review) if order == "before" else (review, escalated)))
    assert "settled" not in await world.enqueue(landed("T1", 2))
    assert len(await world.items()) == 1


async def test_what_somebody_has_looked_at_is_theirs_to_end(world: World) -> None:
    await world.enqueue(late("T1"), late("T2"))
    claimed, released = await world.must_claim("ana"), await world.must_claim("ben")
    await world.leases.release(TENANT, released.id, "ben")
    assert await world.enqueue(landed("T1"), landed("T2")) == ["updated", "updated"]
    assert {item.id for item in await world.items()} == {claimed.id, released.id}


async def test_a_late_review_that_comes_after_its_revision_opens_nothing(world: World) -> None:
    """As where the consumer that held it was killed, and another filed what came later."""
    await world.say(landed("T1"), "Where is my parcel?")
    assert await world.enqueue(landed("T1"), late("T1")) == ["done", "done"]
    assert await world.items() == ()


async def test_a_settled_ticket_comes_back_when_it_needs_a_person(world: World) -> None:
    await world.enqueue(late("T1"), landed("T1"))
    assert await world.enqueue(decided("T1", 1, revision=3)) == ["opened"]
    assert (await world.only()).decision.outcome is Outcome.ESCALATED


async def test_tickets_of_equal_name_of_two_tenants_are_two(world: World) -> None:
    await world.enqueue(decided("T1"), decided("T1", tenant="globex"))
    assert len(await world.items()) == len(await world.items("globex")) == 1
    assert (await world.items())[0].id != (await world.items("globex"))[0].id


async def test_an_entry_replayed_for_another_group_is_only_ended(world: World) -> None:
    await world.publish(decided("T1"), group="history")
    await world.publish(decided("T2"), group=Group.HANDOFF.value)
    assert sorted(await world.file()) == ["done", "opened"]
    assert (await world.only()).ticket == "T2"
    assert await world.pending() == 0


async def test_a_stale_consumer_commits_nothing(world: World) -> None:
    await world.publish(decided("T1"))
    shard = world.shard("T1")
    entries = await world.read(shard, "slow")
    slow, quick = world.stage(shard), world.stage(shard)
    arrivals = await slow.process(entries)
    stream = world.keys.stream(Stream.DECIDED, shard)
    await world.redis.xclaim(stream, Group.HANDOFF.value, "quick", 0, [entries[0].id])
    assert await quick.commit(entries, await quick.process(entries)) == ["opened"]
    await complete(world, await world.only())
    assert await slow.commit(entries, arrivals) == ["stale"]
    assert await world.items() == ()
    assert world.sample("switchyard_human_queue_arrivals_total", queue="escalations", result="opened") == 1


async def test_under_racing_redelivery_each_ticket_is_filed_once(world: World) -> None:
    for number in range(40):
        await world.publish(decided(f"T{number}"))
    opened = 0
    for shard in world.keys.every_shard():
        entries = await world.read(shard)
        stages = [world.stage(shard) for _ in range(5)]
        arrivals = [await stage.process(entries) for stage in stages]
        answers = await asyncio.gather(
            *(stage.commit(entries, results) for stage, results in zip(stages, arrivals, strict=True))
        )
        for statuses in zip(*answers, strict=True):
            assert sorted(statuses) == ["opened", "stale", "stale", "stale", "stale"]
            opened += 1
    assert opened == len(await world.items()) == 40


async def letters(world: World, shard: int) -> list[dict[bytes, bytes]]:
    return [fields for _, fields in await world.redis.xrange(world.keys.stream(Stream.DEAD, shard))]


async def test_what_is_given_up_is_filed_all_the_same(world: World) -> None:
    decision = decided("T1")
    await world.say(decision, "Nobody answers!", language="de")
    await world.publish(decision)
    shard = world.shard("T1")
    entries = await world.read(shard)
    assert await world.stage(shard).give_up(entries, ["its consumer died each time"]) == ["opened"]
    (letter,) = await letters(world, shard)
    assert (letter[b"g"], letter[b"e"].decode(), letter[b"k"]) == (b"handoff", entries[0].id, b"acme|T1|m1")
    assert (await world.only()).language == "und"
    # Replaying the dead letter then changes nothing.
    await world.publish(decision, group=Group.HANDOFF.value)
    assert await world.file() == ["done"]


async def test_what_cannot_be_read_is_a_dead_letter_alone(world: World) -> None:
    stream = world.keys.stream(Stream.DECIDED, 0)
    await world.redis.xadd(stream, {"v": "1", "k": "acme|T1|m1", "d": b"\xff\xff", "at": "1"})
    entries = await world.read(0)
    stage = world.stage(0)
    with pytest.raises(DecodeError):
        await stage.process(entries)
    assert await stage.give_up(entries, ["5 deliveries failed"]) == ["done"]
    assert [letter[b"why"] for letter in await letters(world, 0)] == [b"5 deliveries failed"]
    assert await world.items() == ()
    assert await world.pending() == 0
