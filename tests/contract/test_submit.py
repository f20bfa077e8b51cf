"""submit.lua: each message is accepted exactly once, in order, while there is room."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from redis.asyncio import Redis

from services.intake.submit import CHUNK, Admission, Receipt, Submitter, digest
from shared.convert import decode_message
from shared.streams.names import Group, Keys, Stream, reference
from shared.streams.store import prepare
from tests.harness.lane import Lane
from tests.harness.messages import agent, customer


async def test_a_new_message_is_stored_queued_and_counted(lane: Lane) -> None:
    message = customer()
    (receipt,) = await lane.submit(message, decide_within_ms=4000)
    assert (receipt.admission, receipt.sequence) == (Admission.NEW, 1)
    record = await lane.record(message)
    assert (record.message.sequence, record.message.accepted_at_ms) == (1, receipt.accepted_at_ms)
    assert record.message.sent_at_ms == receipt.accepted_at_ms, "the time of acceptance stands in"
    assert record.analysis.missing and record.decision is None
    (entry,) = await lane.entries(Stream.TICKETS)
    assert entry.reference == "acme|T-1|m1" == reference(message.key)
    assert decode_message(entry.fields[b"m"]).text == message.text
    assert await lane.in_flight() == 1
    assert await lane.deadlines() == {"acme|T-1|m1": receipt.accepted_at_ms + 4000}


async def test_submitting_again_gives_the_first_acknowledgement_and_changes_nothing(lane: Lane) -> None:
    message = customer()
    (first,) = await lane.submit(message)
    await asyncio.sleep(0.002)
    (again,) = await lane.submit(message)
    assert again == replace(first, admission=Admission.KNOWN)
    assert len(await lane.entries(Stream.TICKETS)) == 1
    assert await lane.in_flight() == 1


async def test_other_content_under_a_known_id_is_a_conflict_and_changes_nothing(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    (receipt,) = await lane.submit(replace(message, text="Never mind, it works."))
    assert receipt.admission is Admission.CONFLICT
    assert (await lane.record(message)).message.text == message.text
    assert len(await lane.entries(Stream.TICKETS)) == 1
    assert await lane.in_flight() == 1


async def test_the_same_message_twice_in_one_batch_is_accepted_once(lane: Lane) -> None:
    message = customer()
    receipts = await lane.submit(message, message, replace(message, text="Something else."))
    assert [receipt.admission for receipt in receipts] == [Admission.NEW, Admission.KNOWN, Admission.CONFLICT]
    assert await lane.in_flight() == 1


async def test_the_same_message_id_in_another_ticket_is_another_message(lane: Lane) -> None:
    receipts = await lane.submit(customer("T-1", "m1"), customer("T-2", "m1"))
    assert [(receipt.admission, receipt.sequence) for receipt in receipts] == [(Admission.NEW, 1)] * 2


async def test_sequences_count_from_one_in_each_ticket_in_the_order_of_acceptance(lane: Lane) -> None:
    batch = [customer(ticket, f"m{n}") for n in range(1, 4) for ticket in ("T-1", "T-2")]
    receipts = await lane.submit(*batch)
    assert [receipt.sequence for receipt in receipts] == [1, 1, 2, 2, 3, 3]
    (late,) = await lane.submit(agent("T-1", "m9"))
    assert late.sequence == 4
    records, _ = await lane.records.ticket("acme", "T-1") or ([], None)
    assert [record.message.key.message for record in records] == ["m1", "m2", "m3", "m9"]


async def test_agents_messages_go_straight_to_the_router(lane: Lane) -> None:
    message = agent()
    await lane.submit(message)
    assert await lane.entries(Stream.TICKETS) == []
    (entry,) = await lane.read(Group.ROUTER)
    assert (entry.reference, entry.text(b"why")) == ("acme|T-1|m1", "recorded")
    assert await lane.deadlines() == {}, "nothing is waited for"
    assert await lane.in_flight() == 1


async def test_past_the_backlog_messages_are_refused_and_known_ones_still_answered(lane: Lane) -> None:
    first, second, third = (customer("T-1", f"m{n}") for n in (1, 2, 3))
    receipts = await lane.submit(first, second, third, backlog=2)
    assert [receipt.admission for receipt in receipts] == [Admission.NEW, Admission.NEW, Admission.FULL]
    assert (receipts[2].sequence, receipts[2].accepted_at_ms) == (0, 0)
    assert await lane.records.message(third.key) is None
    assert await lane.in_flight() == 2
    (again,) = await lane.submit(second, backlog=2)
    assert again.admission is Admission.KNOWN
    await lane.redis.decr(lane.keys.in_flight(0))
    (accepted,) = await lane.submit(third, backlog=2)
    assert (accepted.admission, accepted.sequence) == (Admission.NEW, 3), "a refusal leaves no gap"


async def test_more_messages_than_a_chunk_are_all_accepted_in_order(lane: Lane) -> None:
    batch = [customer(f"T-{n % 3}", f"m{n}") for n in range(2 * CHUNK + 50)]
    receipts = await lane.submit(*batch)
    assert {receipt.admission for receipt in receipts} == {Admission.NEW}
    for ticket in range(3):
        mine = [receipt.sequence for n, receipt in enumerate(receipts) if n % 3 == ticket]
        assert mine == list(range(1, len(mine) + 1))
    assert [entry.reference for entry in await lane.entries(Stream.TICKETS)] == [reference(m.key) for m in batch]
    assert {receipt.admission for receipt in await lane.submit(*batch)} == {Admission.KNOWN}
    assert await lane.in_flight() == len(batch)


async def test_once_full_a_call_lets_nothing_in_before_what_it_refused(lane: Lane) -> None:
    """Room comes free between two chunks; the refused message, sent again, must not come after its successor."""

    class Eased(Submitter):
        async def _send(self, *args: Any) -> list[Receipt]:
            answers = await super()._send(*args)
            await lane.redis.set(lane.keys.in_flight(0), 0)
            return answers

    batch = [customer("T-1", f"m{n}") for n in range(2 * CHUNK)]
    submitter = Eased(lane.redis, lane.keys, CHUNK - 1, 60_000, 60_000)
    receipts = await submitter.submit(batch, [digest(message) for message in batch])
    assert [receipt.admission for receipt in receipts] == [Admission.NEW] * (CHUNK - 1) + [Admission.FULL] * (CHUNK + 1)
    again = await submitter.submit(batch, [digest(message) for message in batch])
    assert [receipt.sequence for receipt in again[: CHUNK + 1]] == list(range(1, CHUNK + 2))


async def test_a_ticket_remembers_its_latest_thousand_messages(lane: Lane) -> None:
    await lane.submit(*(customer("T-1", f"m{n}") for n in range(1, 1004)))
    records, _ = await lane.records.ticket("acme", "T-1") or ([], None)
    assert [record.message.sequence for record in records] == list(range(4, 1004))


async def test_receipts_come_in_the_order_of_the_messages_across_shards(redis: Redis) -> None:
    keys = Keys(4)
    await prepare(redis, keys)
    submitter = Submitter(redis, keys, 1000, 60_000, 60_000)
    batch = [customer(f"T-{n % 20}", f"m{n}") for n in range(100)]
    receipts = await submitter.submit(batch, [digest(message) for message in batch])
    assert [receipt.sequence for receipt in receipts] == [n // 20 + 1 for n in range(100)]
    lengths = [await redis.xlen(keys.stream(Stream.TICKETS, shard)) for shard in keys.every_shard()]
    assert sum(lengths) == 100 and min(lengths) > 0
    for message in batch:
        shard = keys.shard("acme", message.key.ticket)
        assert await redis.exists(keys.in_shard(shard, f"m:{reference(message.key)}"))


async def test_many_callers_submitting_one_message_at_once_create_it_once(lane: Lane) -> None:
    message = customer()
    receipts = [receipts[0] for receipts in await asyncio.gather(*(lane.submit(message) for _ in range(20)))]
    assert sorted(receipt.admission for receipt in receipts) == [Admission.KNOWN] * 19 + [Admission.NEW]
    assert len({(receipt.sequence, receipt.accepted_at_ms) for receipt in receipts}) == 1
    assert len(await lane.entries(Stream.TICKETS)) == 1


async def test_scripts_come_back_after_the_server_forgot_them(lane: Lane) -> None:
    await lane.submit(customer("T-1", "m1"))
    await lane.redis.script_flush()
    (receipt,) = await lane.submit(customer("T-1", "m2"))
    assert receipt.sequence == 2


async def test_a_new_message_keeps_its_ticket_from_expiring(lane: Lane) -> None:
    await lane.submit(customer("T-1", "m1"))
    ticket = lane.keys.ticket("acme", "T-1")
    await lane.redis.pexpire(ticket, 50_000)
    await lane.submit(customer("T-1", "m2"))
    assert await lane.redis.pttl(ticket) == -1
