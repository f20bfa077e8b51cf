"""The consumer and trouble: dead neighbours, entries that cannot be processed, entries that kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.analysis import Part
from shared.domain.ticket import Utterance
from shared.streams.dead_letter import DeadLetters
from shared.streams.entry import Entry
from shared.streams.names import Group, Stream
from tests.harness.consumers import SETTINGS, Poison, Stuck, Worker, landed, quick, running
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.parts import FAILED
from tests.harness.waiting import eventually

SOON = replace(SETTINGS, lease_ms=100)


async def _fill(lane: Lane, count: int, poison: int = -1) -> None:
    await lane.submit(
        *(customer(f"T-{n}", text="a poisonous poison" if n == poison else f"text {n}") for n in range(count))
    )


async def _landed(lane: Lane, count: int) -> None:
    async def holds() -> bool:
        return await landed(lane) == count

    await eventually(holds, f"{count} messages have their part")


async def _dead_letters(lane: Lane, count: int) -> list[Entry]:
    async def holds() -> bool:
        return len(await lane.entries(Stream.DEAD)) == count

    await eventually(holds, f"there are {count} dead letters")
    return await lane.entries(Stream.DEAD)


async def test_entries_of_a_dead_consumer_are_taken_over_after_its_lease_and_not_before(lane: Lane) -> None:
    await _fill(lane, 6)
    stuck = Stuck()
    dead = Worker(lane.redis, lane.keys, "dead", stuck)
    started = time.monotonic()
    dead.start()
    await stuck.entered.wait()
    await dead.kill()
    assert set((await lane.pending(Group.SLOTS)).values()) == {"dead"}
    async with running(Worker(lane.redis, lane.keys, "heir", quick, replace(SETTINGS, lease_ms=400))) as heir:
        await _landed(lane, 6)
        assert time.monotonic() - started >= 0.4
    assert heir.metric("switchyard_stage_redeliveries_total") == 6
    assert await lane.pending(Group.SLOTS) == {}


async def test_one_bad_entry_of_a_batch_does_not_hold_up_its_neighbours(lane: Lane) -> None:
    await _fill(lane, 8, poison=5)
    model = Poison()
    async with running(Worker(lane.redis, lane.keys, "one", model)) as worker:
        await _landed(lane, 7)
        assert len(await lane.pending(Group.SLOTS)) == 1
    assert model.sizes == [8, 4, 4, 2, 1, 1, 2], "halved where it failed"
    assert worker.metric("switchyard_stage_failures_total") == 1
    assert await lane.entries(Stream.DEAD) == [], "it is tried again first"


async def test_an_entry_that_keeps_failing_becomes_a_dead_letter_with_its_reason(lane: Lane) -> None:
    await _fill(lane, 3, poison=1)
    model = Poison()
    async with running(Worker(lane.redis, lane.keys, "one", model, SOON)) as worker:
        (letter,) = await _dead_letters(lane, 1)
        await _landed(lane, 3)
    assert letter.reference == "acme|T-1|m1"
    assert letter.text(b"why") == "3 deliveries failed; last error: ValueError"
    assert "poisonous" not in str(letter.fields), "the customer's text stays out of it"
    assert (letter.text(b"g"), letter.text(b"n")) == ("slots", "4")
    record = await lane.record(customer("T-1"))
    assert record.analysis.slots == FAILED[Part.SLOTS], "so that the message is decided without it"
    assert model.sizes.count(1) >= 3, "it was tried as often as allowed"
    assert worker.metric("switchyard_stage_dead_letters_total") == 1
    assert await lane.pending(Group.SLOTS) == {}


async def test_waiting_doubles_with_each_delivery_so_that_poison_cannot_spin(lane: Lane) -> None:
    tried: list[float] = []

    async def failing(utterances: Sequence[Utterance]) -> Sequence[Any]:
        tried.append(time.monotonic())
        raise ValueError("no")

    await _fill(lane, 1)
    async with running(Worker(lane.redis, lane.keys, "one", failing, SOON)):
        await _dead_letters(lane, 1)
    assert len(tried) == 3
    assert tried[1] - tried[0] >= 0.1
    assert tried[2] - tried[1] >= 0.2


async def test_an_entry_that_kills_its_process_is_found_and_its_neighbours_succeed(lane: Lane) -> None:
    """Every consumer that gets hold of it dies like one whose native code crashed."""
    await _fill(lane, 8, poison=6)
    sizes: list[int] = []

    for life in range(12):
        dying = asyncio.Event()

        async def deadly(utterances: Sequence[Utterance], dying: asyncio.Event = dying) -> Sequence[Any]:
            sizes.append(len(utterances))
            if any("poison" in utterance.text for utterance in utterances):
                dying.set()
                await asyncio.Event().wait()
            return await quick(utterances)

        worker = Worker(lane.redis, lane.keys, f"life-{life}", deadly, SOON)
        worker.start()
        death = asyncio.create_task(dying.wait())
        letter = asyncio.create_task(_dead_letters(lane, 1))
        await asyncio.wait((death, letter), return_when=asyncio.FIRST_COMPLETED)
        await worker.kill()
        death.cancel()
        letter.cancel()
        await asyncio.gather(death, letter, return_exceptions=True)
        if await lane.entries(Stream.DEAD):
            break
    (found,) = await lane.entries(Stream.DEAD)
    assert found.reference == "acme|T-6|m1"
    assert found.text(b"why") == "3 deliveries failed; its consumer died or was lost each time"
    async with running(Worker(lane.redis, lane.keys, "last", quick, SOON)):
        await _landed(lane, 8)
    assert len(await lane.entries(Stream.DEAD)) == 1, "its neighbours succeeded"
    assert sizes[0] == 8 and sorted(sizes)[0] <= 2, "the batch was cut up to find it"


UNKNOWN_SCHEMAS: tuple[dict[bytes, bytes], ...] = (
    {b"v": b"9", b"k": b"acme|T-9|m1"},
    {b"k": b"acme|T-9|m1"},
    {b"v": b"\xff\xfe", b"k": b"acme|T-9|m1"},
)
MALFORMED: tuple[dict[bytes, bytes], ...] = (
    {b"v": b"1", b"k": b"acme|T-9|m1"},
    {b"v": b"1", b"k": b"acme|T-9|m1", b"m": b"\xff\xff\xff"},
    {b"v": b"1", b"k": b"\xff\xfe", b"m": b"\xff"},
    {b"v": b"1", b"k": b""},
)


async def _add(lane: Lane, entries: Sequence[dict[bytes, bytes]]) -> None:
    for fields in entries:
        await lane.redis.xadd(lane.keys.stream(Stream.TICKETS, 0), fields)  # type: ignore[arg-type]


async def test_entries_that_still_wait_hide_none_that_is_due(lane: Lane) -> None:
    """More of them than are looked at in one go, all older, all in back-off."""
    waiting = 8 * SOON.batch + 5
    await _fill(lane, waiting + 1)
    entries = await lane.read(Group.SLOTS, "dead", waiting + 1)
    stream, lease = lane.keys.stream(Stream.TICKETS, 0), 400
    for entry in entries[:-1]:
        await lane.redis.xclaim(stream, Group.SLOTS.value, "dead", 0, [entry.id], idle=lease, retrycount=6, justid=True)
    settings = replace(SOON, lease_ms=lease, max_deliveries=9)
    async with running(Worker(lane.redis, lane.keys, "heir", quick, settings)):
        await _landed(lane, 1)
    assert (await lane.pending(Group.SLOTS)).keys() == {entry.id for entry in entries[:-1]}


async def test_what_cannot_be_committed_does_not_end_the_consumer(lane: Lane) -> None:
    await _fill(lane, 3)
    worker = Worker(lane.redis, lane.keys, "one", _unencodable)
    async with running(worker):
        await _landed(lane, 2)
    assert len(await lane.pending(Group.SLOTS)) == 1
    assert worker.metric("switchyard_stage_failures_total") == 1


async def _unencodable(utterances: Sequence[Utterance]) -> Sequence[Any]:
    """A model whose answer to one text is not a part at all."""
    answers = await quick(utterances)
    return [None if item.text == "text 1" else answer for item, answer in zip(utterances, answers, strict=True)]


async def test_entries_of_an_unknown_schema_are_dead_letters_at_once(lane: Lane) -> None:
    """The lease is a minute here: they are not even tried a second time."""
    await _add(lane, UNKNOWN_SCHEMAS)
    await _fill(lane, 2)
    async with running(Worker(lane.redis, lane.keys, "one", quick)):
        letters = await _dead_letters(lane, len(UNKNOWN_SCHEMAS))
        await _landed(lane, 2)
    assert all("schema version" in letter.text(b"why") for letter in letters)
    assert {letter.reference for letter in letters} == {"acme|T-9|m1"}


async def test_malformed_entries_become_dead_letters_and_stop_nothing(lane: Lane) -> None:
    await _add(lane, MALFORMED)
    await _fill(lane, 4)
    async with running(Worker(lane.redis, lane.keys, "one", quick, replace(SOON, max_deliveries=2))):
        await _landed(lane, 4)
        await _dead_letters(lane, len(MALFORMED))
    assert await lane.pending(Group.SLOTS) == {}
    listed = await DeadLetters(lane.redis, lane.keys).all()
    assert sorted(letter.key.message for letter in listed) == ["", "m1", "m1", "\ufffd\ufffd"], "all can be looked at"


async def test_a_stage_that_cannot_even_give_up_does_not_end_the_consumer(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A consumer that ended here would take its service down at every start, for one entry."""
    await _fill(lane, 1, poison=0)
    worker = Worker(lane.redis, lane.keys, "one", Poison(), replace(SOON, max_deliveries=1))
    tried = asyncio.Event()

    async def broken(entries: Sequence[Entry], reasons: Sequence[str]) -> Sequence[str]:
        tried.set()
        raise KeyError("no such thing")

    monkeypatch.setattr(worker.consumer._stage, "give_up", broken)
    async with running(worker):
        await asyncio.wait_for(tried.wait(), 10)
        await lane.submit(customer("T-7"))
        await _landed(lane, 1)
        assert len(await lane.pending(Group.SLOTS)) == 1, "it is kept and tried again later"
