"""decision.lua: one first decision a message, in order, on the state it was made for."""

from __future__ import annotations

import pytest

from shared.domain.ticket import Message
from shared.streams.entry import Entry
from shared.streams.names import Group, Stream, reference
from tests.harness.decisions import DecisionScript, Item
from tests.harness.lane import Lane
from tests.harness.messages import agent


@pytest.fixture
def decision(lane: Lane) -> DecisionScript:
    return DecisionScript(lane.redis, lane.keys)


async def _accepted(lane: Lane, count: int, ticket: str = "T-1") -> tuple[list[Message], list[Entry]]:
    """Messages of one ticket that wait for the router, and their entries (agents' need no analysis)."""
    messages = [agent(ticket, f"m{n}") for n in range(1, count + 1)]
    await lane.submit(*messages)
    return messages, await lane.read(Group.ROUTER)


async def _again(lane: Lane, message: Message, why: str = "late") -> Entry:
    """One more entry about a message."""
    await lane.redis.xadd(
        lane.keys.stream(Stream.ANALYZED, 0), {"v": "1", "k": reference(message.key), "why": why}
    )
    (entry,) = await lane.read(Group.ROUTER)
    return entry


async def _ticket(lane: Lane, *fields: str) -> list[bytes | None]:
    values: list[bytes | None] = await lane.redis.hmget(lane.keys.ticket("acme", "T-1"), list(fields))
    return values


async def _decided(lane: Lane) -> list[tuple[str, str]]:
    return [(entry.reference, entry.text(b"d")) for entry in await lane.entries(Stream.DECIDED)]


async def test_a_decision_is_stored_published_and_counted_out(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    assert await decision([Item(entry, "decide", message)]) == ["done"]
    record = await lane.redis.hgetall(lane.keys.message(message.key))
    assert (record[b"s"], record[b"r"], record[b"b"], record[b"x"]) == (b"d", b"1", b"before", b"decision")
    assert await _ticket(lane, "v", "c", "dq") == [b"1", b"after", b"1"]
    (published,) = await lane.entries(Stream.DECIDED)
    assert (published.reference, published.text(b"d"), published.text(b"v")) == ("acme|T-1|m1", "decision", "1")
    assert published.text(b"at") == record[b"da"].decode()
    assert await lane.in_flight() == 0
    assert await lane.pending(Group.ROUTER) == {}


async def test_the_second_commit_of_an_entry_writes_nothing(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    await decision([Item(entry, "decide", message)])
    before = await lane.lengths(), await lane.in_flight()
    assert await decision([Item(entry, "decide", message, version=1, revision=2)]) == ["stale"]
    assert await decision([Item(entry, "settle", message)]) == ["stale"]
    assert await decision([Item(entry, "park", message, sequence=5, dead_reason="no")]) == ["stale"]
    assert (await lane.lengths(), await lane.in_flight()) == before


async def test_a_decision_on_an_older_state_of_the_ticket_is_refused(lane: Lane, decision: DecisionScript) -> None:
    (one, two), (first, second) = await _accepted(lane, 2)
    await decision([Item(first, "decide", one)])
    assert await decision([Item(second, "decide", two, sequence=2, version=0)]) == ["conflict"]
    assert second.id in await lane.pending(Group.ROUTER), "it stays pending"
    assert len(await _decided(lane)) == 1
    assert await decision([Item(second, "decide", two, sequence=2, version=1)]) == ["done"]
    assert await _ticket(lane, "dq") == [b"2"]


async def test_a_first_decision_on_a_decided_message_is_refused(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    await decision([Item(entry, "decide", message)])
    duplicate = await _again(lane, message, "deadline")
    assert await decision([Item(duplicate, "decide", message, version=1)]) == ["conflict"]
    assert await decision([Item(duplicate, "settle", message)]) == ["done"]
    assert len(await _decided(lane)) == 1
    assert await lane.in_flight() == 0, "never below zero"


async def test_nothing_is_settled_on_a_revision_that_is_not_the_latest(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    await decision([Item(entry, "decide", message)])
    duplicate = await _again(lane, message)
    assert await decision([Item(duplicate, "settle", message, revision=0)]) == ["conflict"]
    assert duplicate.id in await lane.pending(Group.ROUTER), "it stays pending"
    assert await decision([Item(duplicate, "settle", message, revision=1)]) == ["done"]


async def test_what_was_settled_by_a_stale_entry_is_refused_with_it(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    duplicate = await _again(lane, message)
    await decision([Item(entry, "decide", message, decision=b"the winner's")])
    items = [Item(entry, "decide", message, decision=b"the loser's"), Item(duplicate, "settle", message)]
    assert await decision(items) == ["conflict", "conflict"]
    items = [Item(entry, "decide", message, version=1, revision=2), Item(duplicate, "settle", message, revision=2)]
    assert await decision(items) == ["stale", "conflict"]


async def test_revisions_count_up_by_one_and_leave_order_and_counter(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    await decision([Item(entry, "decide", message)])
    late = await _again(lane, message)
    skipping = Item(late, "revise", message, version=1, revision=3)
    assert await decision([skipping]) == ["conflict"]
    assert await decision([Item(late, "revise", message, version=1, revision=2, decision=b"revised")]) == ["done"]
    assert await _decided(lane) == [("acme|T-1|m1", "decision"), ("acme|T-1|m1", "revised")]
    assert await lane.redis.hget(lane.keys.message(message.key), "r") == b"2"
    assert await _ticket(lane, "v", "dq") == [b"2", b"1"]
    assert await lane.in_flight() == 0


async def test_a_parked_message_comes_back_when_its_predecessor_is_decided(
    lane: Lane, decision: DecisionScript
) -> None:
    (one, two), (first, second) = await _accepted(lane, 2)
    assert await decision([Item(second, "park", two, sequence=2)]) == ["done"]
    assert await lane.read(Group.ROUTER) == [], "parked, it does not spin"
    assert await decision([Item(first, "decide", one)]) == ["done"]
    (back,) = await lane.read(Group.ROUTER)
    assert (back.reference, back.text(b"why")) == ("acme|T-1|m2", "unparked")
    assert await _ticket(lane, "p:2") == [None]
    assert await decision([Item(back, "decide", two, sequence=2, version=1)]) == ["done"]
    assert [name for name, _ in await _decided(lane)] == ["acme|T-1|m1", "acme|T-1|m2"]


async def test_parking_after_the_predecessor_was_decided_is_refused(lane: Lane, decision: DecisionScript) -> None:
    (one, two), (first, second) = await _accepted(lane, 2)
    await decision([Item(first, "decide", one)])
    assert await decision([Item(second, "park", two, sequence=2)]) == ["conflict"]
    assert second.id in await lane.pending(Group.ROUTER)


async def test_each_decision_wakes_the_next_parked_message_alone(lane: Lane, decision: DecisionScript) -> None:
    (one, two, three), (first, second, third) = await _accepted(lane, 3)
    await decision([Item(third, "park", three, sequence=3), Item(second, "park", two, sequence=2)])
    await decision([Item(first, "decide", one)])
    (back,) = await lane.read(Group.ROUTER)
    assert back.reference == "acme|T-1|m2"
    await decision([Item(back, "decide", two, sequence=2, version=1)])
    (last,) = await lane.read(Group.ROUTER)
    assert last.reference == "acme|T-1|m3"


async def test_a_message_parked_twice_comes_back_once(lane: Lane, decision: DecisionScript) -> None:
    (one, two), (first, second) = await _accepted(lane, 2)
    other = await _again(lane, two, "deadline")
    await decision([Item(second, "park", two, sequence=2), Item(other, "park", two, sequence=2)])
    await decision([Item(first, "decide", one)])
    assert len(await lane.read(Group.ROUTER)) == 1


async def test_several_messages_of_a_ticket_in_one_call_build_on_each_other(
    lane: Lane, decision: DecisionScript
) -> None:
    messages, entries = await _accepted(lane, 3)
    items = [
        Item(entry, "decide", message, sequence=n + 1, version=n, after=f"state {n + 1}".encode())
        for n, (entry, message) in enumerate(zip(entries, messages, strict=True))
    ]
    assert await decision(items) == ["done"] * 3
    assert await _ticket(lane, "v", "c", "dq") == [b"3", b"state 3", b"3"]
    assert await lane.in_flight() == 0


@pytest.mark.parametrize("through", ["the same entry", "another entry"])
async def test_what_was_built_on_a_decision_that_lost_is_refused_with_it(
    lane: Lane, decision: DecisionScript, through: str
) -> None:
    """The winner moves the version on by one too: without a guard the second message would pass."""
    (one, two), (first, second) = await _accepted(lane, 2)
    winner = first if through == "the same entry" else await _again(lane, one, "deadline")
    await decision([Item(winner, "decide", one, after=b"the winner's state")])
    lost = Item(first, "decide", one, after=b"the loser's state")
    built_on_it = Item(second, "decide", two, sequence=2, version=1, before=b"the loser's state")
    assert await decision([lost, built_on_it]) == ["conflict", "conflict"]
    assert await _ticket(lane, "c", "dq") == [b"the winner's state", b"1"]


async def test_what_was_built_on_a_stale_entry_is_refused_with_it(lane: Lane, decision: DecisionScript) -> None:
    (one, two), (first, second) = await _accepted(lane, 2)
    await decision([Item(first, "settle", one, revision=0)])
    items = [Item(first, "decide", one), Item(second, "decide", two, sequence=2, version=1)]
    assert await decision(items) == ["stale", "conflict"]
    assert await _decided(lane) == []


async def test_a_lost_decision_of_one_ticket_does_not_hold_up_another(lane: Lane, decision: DecisionScript) -> None:
    (one,), (first,) = await _accepted(lane, 1)
    (other,), (second,) = await _accepted(lane, 1, "T-2")
    items = [Item(first, "decide", one, version=7), Item(second, "decide", other)]
    assert await decision(items) == ["conflict", "done"]


async def test_records_expire_when_decided_and_tickets_when_nothing_waits(
    lane: Lane, decision: DecisionScript
) -> None:
    (one, two), (first, second) = await _accepted(lane, 2)
    ticket = lane.keys.ticket("acme", "T-1")
    assert await lane.redis.pttl(lane.keys.message(one.key)) == -1, "an undecided message never expires"
    await decision([Item(first, "decide", one, ttl_ms=50_000)])
    assert 40_000 < await lane.redis.pttl(lane.keys.message(one.key)) <= 50_000
    assert await lane.redis.pttl(ticket) == -1, "a message still waits"
    await decision([Item(second, "decide", two, sequence=2, version=1, ttl_ms=50_000)])
    assert 40_000 < await lane.redis.pttl(ticket) <= 50_000


async def test_a_record_that_is_gone_is_ended_without_a_trace(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    await lane.redis.delete(lane.keys.message(message.key))
    assert await decision([Item(entry, "decide", message)]) == ["gone"]
    assert await _decided(lane) == []
    assert await lane.records.message(message.key) is None
    assert await lane.pending(Group.ROUTER) == {}


async def test_deciding_takes_the_deadline_away(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    await lane.redis.zadd(lane.keys.deadlines(0), {reference(message.key): 1})
    await decision([Item(entry, "decide", message)])
    assert await lane.deadlines() == {}


async def test_a_dead_letter_is_kept_with_the_decision_that_stands_in(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    assert await decision([Item(entry, "decide", message, dead_reason="5 deliveries failed")]) == ["done"]
    (letter,) = await lane.entries(Stream.DEAD)
    assert (letter.reference, letter.text(b"g"), letter.text(b"why")) == (
        "acme|T-1|m1", "router", "5 deliveries failed",
    )  # fmt: skip
    assert len(await _decided(lane)) == 1


async def test_a_refused_dead_letter_is_not_written(lane: Lane, decision: DecisionScript) -> None:
    (message,), (entry,) = await _accepted(lane, 1)
    assert await decision([Item(entry, "decide", message, version=9, dead_reason="too many")]) == ["conflict"]
    assert await lane.entries(Stream.DEAD) == []
