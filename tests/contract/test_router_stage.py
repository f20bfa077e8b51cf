"""The router's stage on a real store: order, partial decisions, revisions, batches, giving up."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from services.router.fan_in import Step
from services.router.worker import RouterStage
from shared.convert import decode_decision
from shared.domain.analysis import Part
from shared.domain.decision import Decision, Outcome, Rule
from shared.domain.ticket import Message
from shared.streams.entry import Entry
from shared.streams.names import Group, Stream, reference
from tests.harness.lane import Lane
from tests.harness.messages import agent, customer
from tests.harness.parts import GROUP_OF, part_stage
from tests.harness.routers import RECORD_TTL_S, router_stage


@pytest.fixture
def router(lane: Lane) -> RouterStage:
    return router_stage(lane.redis, lane.keys)


async def _analyse(lane: Lane, *parts: Part) -> None:
    """Let these analyses land for everything new."""
    for part in parts or tuple(Part):
        stage = part_stage(lane.redis, lane.keys, part)
        entries = await lane.read(GROUP_OF[part])
        await stage.commit(entries, await stage.process(entries))


async def _hand_over(lane: Lane, message: Message, why: str = "deadline") -> None:
    await lane.redis.xadd(
        lane.keys.stream(Stream.ANALYZED, 0), {"v": "1", "k": reference(message.key), "why": why}
    )


async def _route(lane: Lane, router: RouterStage, consumer: str = "one") -> list[str]:
    """One round of a router that reads everything new."""
    entries = await lane.read(Group.ROUTER, consumer)
    return list(await router.commit(entries, await router.process(entries))) if entries else []


async def _decisions(lane: Lane) -> list[Decision]:
    return [decode_decision(e.fields[b"d"], int(e.text(b"at"))) for e in await lane.entries(Stream.DECIDED)]


async def test_a_complete_message_is_decided_once_and_its_record_tells_it(lane: Lane, router: RouterStage) -> None:
    message = customer()
    await lane.submit(message)
    await _analyse(lane)
    assert await _route(lane, router) == ["done"]
    (decision,) = await _decisions(lane)
    assert (decision.outcome, decision.queue, decision.revision) == (Outcome.ROUTED, "returns", 1)
    assert (decision.partial, decision.policy_version) == (False, "harness-1")
    record = await lane.record(message)
    assert record.decision == decision, "with the time at which the store took it"
    assert decision.decided_at_ms > 0
    assert await lane.in_flight() == 0
    assert 0 < await lane.redis.ttl(lane.keys.message(message.key)) <= RECORD_TTL_S


async def test_a_batch_of_one_ticket_is_decided_in_order_whatever_the_order_of_its_entries(
    lane: Lane, router: RouterStage
) -> None:
    messages = [customer("T-1", f"m{n}") for n in range(1, 5)]
    await lane.submit(*messages)
    await _analyse(lane)
    entries = await lane.read(Group.ROUTER)
    backwards: Sequence[Entry] = entries[::-1]
    assert await router.commit(backwards, await router.process(backwards)) == ["done"] * 4
    decisions = await _decisions(lane)
    assert [decision.sequence for decision in decisions] == [1, 2, 3, 4]
    for earlier, later in itertools.pairwise(decisions):
        assert later.level_before == earlier.level_after, "each is decided on the state that the last left"
    _, conversation = await lane.records.ticket("acme", "T-1") or (None, None)
    assert conversation is not None and conversation.decided_sequence == 4


async def test_a_message_waits_for_its_predecessor_and_then_follows_it(lane: Lane, router: RouterStage) -> None:
    first, second = customer("T-1", "m1"), customer("T-1", "m2")
    await lane.submit(first, second)
    await _hand_over(lane, second)
    assert await _route(lane, router) == ["done"], "parked"
    assert await _decisions(lane) == []
    await _hand_over(lane, first)
    await _route(lane, router)
    await _route(lane, router)
    assert [decision.sequence for decision in await _decisions(lane)] == [1, 2]


async def test_an_agents_message_is_recorded_in_its_place(lane: Lane, router: RouterStage) -> None:
    await lane.submit(customer("T-1", "m1"), agent("T-1", "m2"))
    await _route(lane, router)
    assert await _decisions(lane) == [], "it waits for the customer's message before it"
    await _analyse(lane)
    await _route(lane, router)
    await _route(lane, router)
    outcomes = [(decision.sequence, decision.outcome) for decision in await _decisions(lane)]
    assert outcomes == [(1, Outcome.ROUTED), (2, Outcome.RECORDED)]


async def test_a_late_part_makes_a_new_revision(lane: Lane, router: RouterStage) -> None:
    message = customer()
    await lane.submit(message)
    await _analyse(lane, Part.SENTIMENT)
    await _hand_over(lane, message)
    await _route(lane, router)
    await _analyse(lane, Part.INTENT)
    await _route(lane, router)
    await _analyse(lane, Part.SLOTS)
    await _route(lane, router)
    decisions = await _decisions(lane)
    assert [decision.revision for decision in decisions] == [1, 2, 3]
    assert [decision.missing_parts for decision in decisions] == [("intent", "slots"), ("slots",), ()]
    assert [decision.outcome for decision in decisions] == [Outcome.REVIEW, Outcome.ROUTED, Outcome.ROUTED]
    assert await lane.in_flight() == 0


async def test_a_part_that_lands_while_a_partial_decision_is_made_is_not_forgotten(
    lane: Lane, router: RouterStage
) -> None:
    message = customer()
    await lane.submit(message)
    await _analyse(lane, Part.INTENT, Part.SLOTS)
    await _hand_over(lane, message)
    entries = await lane.read(Group.ROUTER)
    verdicts = await router.process(entries)
    await _analyse(lane, Part.SENTIMENT)
    assert await router.commit(entries, verdicts) == ["conflict"], "it is decided on what is there by now"
    assert await router.commit(entries, await router.process(entries)) == ["done"]
    assert [decision.missing_parts for decision in await _decisions(lane)] == [()]


async def test_one_part_of_several_that_lands_meanwhile_is_decided_on_at_once(lane: Lane, router: RouterStage) -> None:
    """It hands on no entry of its own, and the next part may be long in coming."""
    await lane.submit(message := customer())
    await _hand_over(lane, message)
    entries = await lane.read(Group.ROUTER)
    verdicts = await router.process(entries)
    await _analyse(lane, Part.INTENT)
    assert await router.commit(entries, verdicts) == ["conflict"]
    assert await router.commit(entries, await router.process(entries)) == ["done"]
    assert [decision.missing_parts for decision in await _decisions(lane)] == [("slots", "sentiment")]


async def test_a_message_is_in_flight_and_kept_until_all_its_parts_have_landed(lane: Lane, router: RouterStage) -> None:
    await lane.submit(message := customer())
    await _analyse(lane, Part.INTENT)
    await _hand_over(lane, message)
    await _route(lane, router)
    await _analyse(lane, Part.SLOTS)
    await _route(lane, router)
    record = lane.keys.message(message.key)
    assert (await lane.in_flight(), await lane.redis.ttl(record)) == (1, -1)
    await _analyse(lane, Part.SENTIMENT)
    assert await lane.in_flight() == 0
    await _route(lane, router)
    assert 0 < await lane.redis.ttl(record) <= RECORD_TTL_S
    assert len(await _decisions(lane)) == 3


async def test_a_part_given_up_after_the_decision_ends_the_waiting(lane: Lane, router: RouterStage) -> None:
    await lane.submit(message := customer())
    await _analyse(lane, Part.INTENT, Part.SLOTS)
    await _hand_over(lane, message)
    await _route(lane, router)
    await part_stage(lane.redis, lane.keys, Part.SENTIMENT).give_up(await lane.read(Group.SENTIMENT), ["tried too often"])
    assert await _route(lane, router) == ["done"]
    assert [decision.missing_parts for decision in await _decisions(lane)] == [("sentiment",)], "nothing new is known"
    assert await lane.in_flight() == 0
    assert 0 < await lane.redis.ttl(lane.keys.message(message.key)) <= RECORD_TTL_S


async def test_two_entries_about_one_message_decide_it_once(lane: Lane, router: RouterStage) -> None:
    message = customer()
    await lane.submit(message)
    await _hand_over(lane, message)
    await _analyse(lane)
    assert await _route(lane, router) == ["done", "done"]
    assert len(await _decisions(lane)) == 1
    assert await lane.in_flight() == 0


async def test_two_routers_with_entries_about_one_message_decide_it_once(lane: Lane, router: RouterStage) -> None:
    message = customer()
    await lane.submit(message)
    await _hand_over(lane, message)
    (early,) = await lane.read(Group.ROUTER, "one")
    partial = await router.process([early])
    await _analyse(lane)
    (complete,) = await lane.read(Group.ROUTER, "two")
    full = await router.process([complete])
    assert await router.commit([complete], full) == ["done"]
    assert await router.commit([early], partial) == ["conflict"]
    assert await router.commit([early], await router.process([early])) == ["done"]
    (decision,) = await _decisions(lane)
    assert not decision.partial
    assert await lane.in_flight() == 0


async def test_an_entry_settled_by_a_decision_that_was_not_written_is_decided_anew(
    lane: Lane, router: RouterStage
) -> None:
    """The slow router's decision is the one that stands; what the quick one settled on its own must look at that."""
    await lane.submit(message := customer())
    await _hand_over(lane, message)
    await _analyse(lane)
    (early,) = await lane.read(Group.ROUTER, "slow", 1)
    slow = await router.process([early])
    batch = await lane.claim(Group.ROUTER, "quick", [early.id]) + await lane.read(Group.ROUTER, "quick")
    quick = await router.process(batch)
    assert [verdict.step for verdict in quick] == [Step.DECIDE, Step.SETTLE]
    assert await router.commit([early], slow) == ["done"]
    assert await router.commit(batch, quick) == ["conflict", "conflict"]
    assert await router.commit(batch, await router.process(batch)) == ["stale", "done"]
    assert len(await _decisions(lane)) == 1


async def test_an_entry_settled_on_what_has_changed_since_is_decided_anew(lane: Lane, router: RouterStage) -> None:
    """As where the record was read before another router's decision, and the ticket after it."""
    await lane.submit(message := customer())
    await _analyse(lane)
    (entry,) = await lane.read(Group.ROUTER, "slow")
    ticket = lane.keys.ticket("acme", "T-1")
    await lane.redis.hset(ticket, "dq", 1)
    torn = await router.process([entry])
    assert [verdict.step for verdict in torn] == [Step.SETTLE]
    await lane.redis.hdel(ticket, "dq")
    await _hand_over(lane, message)
    assert await _route(lane, router, "quick") == ["done"]
    assert await router.commit([entry], torn) == ["conflict"]
    assert await router.commit([entry], await router.process([entry])) == ["done"]
    assert len(await _decisions(lane)) == 1


async def test_a_router_that_lost_a_race_decides_what_follows_on_the_winners_state(
    lane: Lane, router: RouterStage
) -> None:
    """Both had decided the first message, one on half of its analysis; the second must build on the winner."""
    first, second = customer("T-1", "m1"), customer("T-1", "m2")
    await lane.submit(first, second)
    await _hand_over(lane, first)
    (early,) = await lane.read(Group.ROUTER, "loser")
    await _analyse(lane)
    whole, following = await lane.read(Group.ROUTER, "both")
    # As read by a router to which nothing of the first message had landed.
    await lane.redis.rename(lane.keys.message(first.key), "aside")
    await lane.redis.copy("aside", lane.keys.message(first.key))
    await lane.redis.hdel(lane.keys.message(first.key), "intent", "slots", "sentiment")
    losing = await router.process([early, following])
    await lane.redis.rename("aside", lane.keys.message(first.key))
    assert await router.commit([whole], await router.process([whole])) == ["done"]
    assert await router.commit([early, following], losing) == ["conflict", "conflict"]
    again = await router.process([early, following])
    assert await router.commit([early, following], again) == ["done", "done"]
    one, two = await _decisions(lane)
    assert (one.sequence, two.sequence) == (1, 2)
    assert one.level_after > 0 and two.level_before == one.level_after


async def test_giving_up_sends_the_message_to_review_and_nothing_waits(lane: Lane, router: RouterStage) -> None:
    first, second = customer("T-1", "m1"), customer("T-1", "m2")
    await lane.submit(first, second)
    await _hand_over(lane, second)
    await _route(lane, router)
    await _hand_over(lane, first)
    entries = await lane.read(Group.ROUTER)
    assert await router.give_up(entries, ["5 deliveries failed; last error: KeyError"]) == ["done"]
    await _route(lane, router)
    decisions = await _decisions(lane)
    assert [decision.sequence for decision in decisions] == [1, 2], "the parked successor was woken"
    assert (decisions[0].outcome, decisions[0].reasons[0].rule) == (Outcome.REVIEW, Rule.DEAD_LETTER)
    (letter,) = await lane.entries(Stream.DEAD)
    assert (letter.reference, letter.text(b"g")) == (reference(first.key), "router")
    assert await lane.in_flight() == 2, "their analysis is still to come"
    await _analyse(lane)
    assert await lane.in_flight() == 0


async def test_an_expired_message_is_settled(lane: Lane, router: RouterStage) -> None:
    message = customer()
    await lane.submit(message)
    await _hand_over(lane, message)
    await lane.redis.delete(lane.keys.message(message.key))
    assert await _route(lane, router) == ["done"]
    assert await _decisions(lane) == []
    assert await lane.pending(Group.ROUTER) == {}


async def test_a_conversation_goes_on_after_its_records_have_expired(lane: Lane, router: RouterStage) -> None:
    message = customer()
    await lane.submit(message)
    await _analyse(lane)
    await _route(lane, router)
    await lane.redis.delete(lane.keys.message(message.key), lane.keys.ticket("acme", "T-1"))
    (receipt,) = await lane.submit(customer("T-1", "m2"))
    assert receipt.sequence == 1
    await _analyse(lane)
    assert await _route(lane, router) == ["done"]
    assert [decision.sequence for decision in await _decisions(lane)] == [1, 1]
