"""part.lua: three parts land in any order, each once, and the last hands the message to the router."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from shared.domain.analysis import Part
from shared.domain.ticket import Utterance
from shared.streams.entry import Entry
from shared.streams.names import Group, Stream, reference
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.parts import ANALYSES, FAILED, GROUP_OF, part_stage


async def _land(lane: Lane, part: Part, consumer: str = "one") -> list[str]:
    """Read, process and commit everything new for one analysis service."""
    entries = await lane.read(GROUP_OF[part], consumer)
    stage = part_stage(lane.redis, lane.keys, part)
    return list(await stage.commit(entries, await stage.process(entries)))


async def _whys(lane: Lane) -> list[str]:
    return [entry.text(b"why") for entry in await lane.entries(Stream.ANALYZED)]


@pytest.mark.parametrize("order", list(permutations(Part)), ids="-".join)
async def test_the_last_of_three_parts_hands_the_message_on(lane: Lane, order: Sequence[Part]) -> None:
    message = customer()
    await lane.submit(message)
    for landed, part in enumerate(order, start=1):
        assert await _land(lane, part) == ["done"]
        assert await _whys(lane) == (["complete"] if landed == 3 else [])
        assert set((await lane.record(message)).analysis.missing) == set(order[landed:])
        assert await lane.pending(GROUP_OF[part]) == {}
    analysis = (await lane.record(message)).analysis
    assert (analysis.intent, analysis.slots, analysis.sentiment) == tuple(ANALYSES.values())
    assert (await lane.entries(Stream.ANALYZED))[0].reference == reference(message.key)
    assert await lane.deadlines() == {}, "a complete message waits for no deadline"


async def test_messages_of_a_batch_get_the_part_of_their_own_text(lane: Lane) -> None:
    messages = [customer(f"T-{n}", text="x" * n) for n in range(1, 6)]
    await lane.submit(*messages)

    async def by_length(utterances: Sequence[Utterance]) -> list[object]:
        return [type(ANALYSES[Part.INTENT])(model=f"length@{len(u.text)}") for u in utterances]

    stage = part_stage(lane.redis, lane.keys, Part.INTENT, by_length)
    entries = await lane.read(Group.INTENT)
    await stage.commit(entries, await stage.process(entries))
    models = [(await lane.record(message)).analysis.intent for message in messages]
    assert [intent.model for intent in models if intent] == [f"length@{n}" for n in range(1, 6)]


async def test_what_the_model_sees_of_a_message(lane: Lane) -> None:
    seen: list[Utterance] = []

    async def look(utterances: Sequence[Utterance]) -> list[object]:
        seen.extend(utterances)
        return [ANALYSES[Part.SLOTS]] * len(utterances)

    await lane.submit(customer("T-1", sent_at_ms=1_700_000_000_000, region="DE", language="de"), customer("T-2"))
    entries = await lane.read(Group.SLOTS)
    await part_stage(lane.redis, lane.keys, Part.SLOTS, look).process(entries)
    assert seen[0] == Utterance(customer().text, "de", "acme", "DE", 1_700_000_000_000)
    assert seen[1].sent_at_ms == entries[1].added_at_ms, "written when accepted, where nothing else is said"


async def test_a_part_that_lands_after_the_decision_is_handed_on_as_late(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    await _land(lane, Part.INTENT)
    await lane.redis.hset(lane.keys.message(message.key), "s", "d")  # what decision.lua leaves
    await _land(lane, Part.SLOTS)
    await _land(lane, Part.SENTIMENT)
    assert await _whys(lane) == ["late", "late"]


async def test_the_first_commit_of_an_entry_wins_whoever_holds_it(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    stage = part_stage(lane.redis, lane.keys, Part.INTENT)
    slow = await lane.read(Group.INTENT, "slow")
    late_result = await stage.process(slow)
    taken = await lane.claim(Group.INTENT, "quick", [slow[0].id])
    assert await stage.commit(taken, await stage.process(taken)) == ["done"]
    before = await lane.redis.hgetall(lane.keys.message(message.key))
    assert await stage.commit(slow, late_result) == ["stale"]
    assert await stage.give_up(slow, ["too many"]) == ["stale"]
    assert await lane.redis.hgetall(lane.keys.message(message.key)) == before
    assert await lane.entries(Stream.DEAD) == []


async def test_a_batch_of_ended_and_open_entries_commits_the_open_ones(lane: Lane) -> None:
    await lane.submit(*(customer(f"T-{n}") for n in range(4)))
    stage = part_stage(lane.redis, lane.keys, Part.INTENT)
    entries = await lane.read(Group.INTENT)
    results = await stage.process(entries)
    assert await stage.commit(entries[1:2], results[1:2]) == ["done"]
    assert await stage.commit(entries, results) == ["done", "stale", "done", "done"]


async def test_committing_a_part_anew_after_a_lost_answer_counts_it_once(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    await _land(lane, Part.INTENT)
    (entry,) = await lane.entries(Stream.TICKETS)
    # The same message enqueued a second time for this service, as a replay would.
    await lane.redis.xadd(lane.keys.stream(Stream.TICKETS, 0), entry.fields)
    assert await _land(lane, Part.INTENT) == ["known"]
    assert await lane.redis.hget(lane.keys.message(message.key), "n") == b"1"


async def test_a_message_whose_record_is_gone_ends_quietly(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    await lane.redis.delete(lane.keys.message(message.key))
    assert await _land(lane, Part.SENTIMENT) == ["gone"]
    assert await lane.records.message(message.key) is None, "no half of a record is left behind"
    assert await lane.pending(Group.SENTIMENT) == {}
    assert await _whys(lane) == []


async def test_entries_replayed_for_another_group_are_skipped(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    (entry,) = await lane.entries(Stream.TICKETS)
    await lane.redis.xtrim(lane.keys.stream(Stream.TICKETS, 0), maxlen=0, approximate=False)
    await lane.redis.xadd(lane.keys.stream(Stream.TICKETS, 0), {**entry.fields, b"g": b"slots"})
    assert await _land(lane, Part.INTENT) == ["skipped"]
    assert await _land(lane, Part.SLOTS) == ["done"]
    assert (await lane.record(message)).analysis.missing == (Part.INTENT, Part.SENTIMENT)


async def test_giving_up_stores_an_abstention_and_a_dead_letter_in_one_step(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    await _land(lane, Part.INTENT)
    await _land(lane, Part.SENTIMENT)
    stage = part_stage(lane.redis, lane.keys, Part.SLOTS)
    (entry,) = await lane.read(Group.SLOTS)
    given_up = Entry(entry.id, entry.reference, entry.fields, deliveries=6)
    assert await stage.give_up([given_up], ["5 deliveries failed; last error: ValueError"]) == ["done"]
    assert (await lane.record(message)).analysis.slots == FAILED[Part.SLOTS]
    assert await _whys(lane) == ["complete"], "the message is decided without it"
    (letter,) = await lane.entries(Stream.DEAD)
    assert letter.reference == reference(message.key)
    assert letter.text(b"s") == lane.keys.stream(Stream.TICKETS, 0)
    assert (letter.text(b"g"), letter.text(b"e"), letter.text(b"n")) == ("slots", entry.id, "6")
    assert letter.text(b"why") == "5 deliveries failed; last error: ValueError"
    assert abs(int(letter.text(b"at")) - letter.added_at_ms) < 1000
    assert b"m" not in letter.fields, "a dead letter holds no customer text"


async def test_giving_up_an_entry_of_another_group_leaves_this_part_alone(lane: Lane) -> None:
    message = customer()
    await lane.submit(message)
    (entry,) = await lane.entries(Stream.TICKETS)
    await lane.redis.xadd(lane.keys.stream(Stream.TICKETS, 0), {**entry.fields, b"g": b"slots"})
    own, foreign = await lane.read(Group.INTENT)
    stage = part_stage(lane.redis, lane.keys, Part.INTENT)
    assert await stage.give_up([foreign], ["unreadable"]) == ["skipped"]
    assert await lane.entries(Stream.DEAD) == [], "the dead letter is the other group's to write"
    assert await stage.commit([own], await stage.process([own])) == ["done"]
    assert (await lane.record(message)).analysis.intent == ANALYSES[Part.INTENT]
