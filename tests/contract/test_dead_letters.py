"""dead_letter.lua: what was given up goes back to work once, and its decision is made anew."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from services.router.metrics import RouterMetrics
from services.router.policy_store import PolicyStore
from services.router.worker import RouterStage
from shared.clock import SystemClock
from shared.config import PACKS
from shared.domain.analysis import Part
from shared.domain.decision import Outcome, Rule
from shared.domain.ticket import Message
from shared.errors import FieldError, NotFoundError
from shared.streams.dead_letter import DeadLetter, DeadLetters, Replay
from shared.streams.names import Group, Stream, reference
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.parts import ANALYSES, GROUP_OF, part_stage


@pytest.fixture
def letters(lane: Lane) -> DeadLetters:
    return DeadLetters(lane.redis, lane.keys)


async def land(lane: Lane, part: Part, fails: bool = False) -> None:
    """Everything new of one analysis service is analysed, or given up."""
    entries = await lane.read(GROUP_OF[part])
    stage = part_stage(lane.redis, lane.keys, part)
    if fails:
        await stage.give_up(entries, ["5 deliveries failed; last error: ValueError"] * len(entries))
    else:
        await stage.commit(entries, await stage.process(entries))


async def route(lane: Lane, fails: bool = False) -> None:
    """Everything new of the router is decided, or given up."""
    policy = PolicyStore(PACKS / "commerce", 60.0).live
    metrics = RouterMetrics(CollectorRegistry())
    stage = RouterStage(lane.redis, lane.keys, 0, policy, 3600, metrics, SystemClock())
    entries = await lane.read(Group.ROUTER)
    if fails:
        await stage.give_up(entries, ["5 deliveries failed"] * len(entries))
    else:
        await stage.commit(entries, await stage.process(entries))


async def given_up(lane: Lane, part: Part | None) -> Message:
    """A decided message of which one part was given up, or (None) that the router gave up."""
    message = customer()
    await lane.submit(message)
    for each in Part:
        await land(lane, each, fails=each is part)
    await route(lane, fails=part is None)
    return message


async def only(letters: DeadLetters) -> DeadLetter:
    (letter,) = await letters.all()
    return letter


@pytest.mark.parametrize("part", list(Part))
async def test_a_replayed_part_lands_and_the_decision_is_revised(lane: Lane, letters: DeadLetters, part: Part) -> None:
    message = await given_up(lane, part)
    first = (await lane.record(message)).decision
    assert first is not None and first.revision == 1
    letter = await only(letters)
    assert (letter.stream, letter.group, letter.key) == (Stream.TICKETS, part.value, message.key)
    assert await letters.replay(letter) is Replay.REPLAYED
    assert await letters.count() == 0
    assert (await lane.record(message)).analysis.missing == (part,)
    for each in Part:
        await land(lane, each)
    record = await lane.record(message)
    assert getattr(record.analysis, part.value) == ANALYSES[part]
    await route(lane)
    second = (await lane.record(message)).decision
    assert second is not None and second.revision == 2
    assert ANALYSES[part].model in second.models
    assert await lane.in_flight() == 0


async def test_a_message_that_the_router_gave_up_is_decided_anew(lane: Lane, letters: DeadLetters) -> None:
    message = await given_up(lane, None)
    first = (await lane.record(message)).decision
    assert first is not None and first.outcome is Outcome.REVIEW
    assert await letters.replay(await only(letters)) is Replay.REPLAYED
    await route(lane)
    second = (await lane.record(message)).decision
    assert second is not None and second.revision == 2
    assert Rule.DEAD_LETTER not in {reason.rule for reason in second.reasons}
    assert second.outcome is Outcome.ROUTED


async def test_a_decision_is_handed_to_the_group_that_gave_it_up_alone(lane: Lane, letters: DeadLetters) -> None:
    message = await given_up(lane, Part.SLOTS)
    await letters.drop(await only(letters))
    fields = {
        "v": "1", "s": lane.keys.stream(Stream.DECIDED, 0), "g": "handoff", "e": "1-1", "k": reference(message.key),
        "why": "5 deliveries failed", "n": "5", "at": "1795300000000",
    }  # fmt: skip
    await lane.redis.xadd(lane.keys.stream(Stream.DEAD, 0), dict(fields))
    (original,) = await lane.entries(Stream.DECIDED)
    assert await letters.replay(await only(letters)) is Replay.REPLAYED
    _, again = await lane.entries(Stream.DECIDED)
    assert again.text(b"g") == "handoff"
    assert {name: again.fields[name] for name in original.fields} == original.fields


async def test_a_dead_letter_is_replayed_once(lane: Lane, letters: DeadLetters) -> None:
    await given_up(lane, Part.INTENT)
    letter = await only(letters)
    assert [await letters.replay(letter), await letters.replay(letter)] == [Replay.REPLAYED, Replay.MISSING]
    assert (await lane.lengths())[Stream.TICKETS] == 2


async def test_what_is_not_decided_yet_is_not_replayed(lane: Lane, letters: DeadLetters) -> None:
    await lane.submit(customer())
    await land(lane, Part.INTENT, fails=True)
    assert await letters.replay(await only(letters)) is Replay.UNDECIDED
    assert await letters.count() == 1


async def test_an_expired_message_cannot_be_replayed(lane: Lane, letters: DeadLetters) -> None:
    message = await given_up(lane, Part.INTENT)
    await lane.redis.delete(lane.keys.message(message.key))
    letter = await only(letters)
    assert await letters.replay(letter) is Replay.GONE
    assert await letters.drop(letter)
    assert not await letters.drop(letter)


async def test_dead_letters_are_found_by_their_id(lane: Lane, letters: DeadLetters) -> None:
    await given_up(lane, Part.INTENT)
    letter = await only(letters)
    assert await letters.find(letter.id) == letter
    for unknown in ("0-1-1", "7-1-1"):
        with pytest.raises(NotFoundError):
            await letters.find(unknown)
    for malformed in ("", "1-1", "a-1-1", "0-1-x"):
        with pytest.raises(FieldError):
            await letters.find(malformed)


async def test_the_oldest_come_first_and_a_limit_holds(lane: Lane, letters: DeadLetters) -> None:
    for number in range(1200):
        await lane.submit(customer(f"T-{number}"))
    await land(lane, Part.SLOTS)
    entries = 0
    while batch := await lane.read(Group.INTENT, count=500):
        await part_stage(lane.redis, lane.keys, Part.INTENT).give_up(batch, ["why"] * len(batch))
        entries += len(batch)
    assert entries == 1200
    found = await letters.all()
    assert [letter.key.ticket for letter in found] == [f"T-{number}" for number in range(1200)]
    assert [letter.key.ticket for letter in await letters.all(3)] == ["T-0", "T-1", "T-2"]
