"""WatchDecisions: at least once, in order within a ticket, from a token on, across restarts of intake."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import grpc
import pytest

from shared.pb.switchyard.v1 import intake_pb2
from tests.harness.helpdesk import Helpdesk, Watch, said, watching
from tests.harness.letters import THANKS, letters
from tests.harness.system import System
from tests.harness.waiting import eventually

TICKETS, MESSAGES = 30, 240


async def seen_all(watch: Watch, expected: set[tuple[str, str]], seconds: float = 60.0) -> None:
    """Wait until the watcher has seen a decision on each."""

    async def holds() -> bool:
        return expected <= watch.keys()

    await eventually(holds, f"the watcher has seen all {len(expected)} decisions", seconds)


async def test_a_watcher_sees_what_is_decided_from_now_on(desk: Helpdesk) -> None:
    await desk.triage(said("T-old", "m1", THANKS))
    async with watching(desk) as watch:
        await desk.submit(said("T-1", "m1", THANKS))
        await desk.submit(said("T-1", "m2", THANKS))

        await seen_all(watch, {("T-1", "m1"), ("T-1", "m2")})

    assert watch.keys() == {("T-1", "m1"), ("T-1", "m2")}
    assert watch.first_seen("T-1") == [(1, 1), (2, 1)]
    assert {decision.tenant for decision in watch.seen} == {desk.tenant}
    entries = await desk.decided("T-1")
    assert [entry.decision for entry in entries] == watch.seen, "what is watched is what is read, times included"


async def test_begin_tells_everything_kept_and_a_token_what_came_after_it(desk: Helpdesk) -> None:
    for number in range(1, 4):
        await desk.triage(said("T-1", f"m{number}", THANKS))
    async with watching(desk, "begin") as watch:
        await seen_all(watch, {("T-1", "m1"), ("T-1", "m2"), ("T-1", "m3")})
    assert watch.first_seen("T-1") == [(1, 1), (2, 1), (3, 1)]
    tokens = [response.resume_token async for response in first_decisions(desk, "begin", 3)]

    resumed = [response.decision.message_id async for response in first_decisions(desk, tokens[0], 2)]

    assert resumed == ["m2", "m3"]


async def first_decisions(desk: Helpdesk, token: str, wanted: int) -> Iterator[intake_pb2.WatchDecisionsResponse]:
    """The first responses with a decision after a token."""
    call = desk.intake.WatchDecisions(intake_pb2.WatchDecisionsRequest(tenant=desk.tenant, resume_token=token))
    async with asyncio.timeout(20):
        async for response in call:
            if response.HasField("decision"):
                yield response
                wanted -= 1
                if wanted == 0:
                    break
    call.cancel()


async def test_an_idle_stream_sends_heartbeats_whose_token_moves_on(desk: Helpdesk) -> None:
    async with watching(desk) as watch:

        async def beats() -> bool:
            return watch.heartbeats >= 3

        await eventually(beats, "three heartbeats came")
        token = watch.token
    await desk.triage(said("T-1", "m1", THANKS))

    async with watching(desk, token) as resumed:
        await seen_all(resumed, {("T-1", "m1")})
    assert resumed.first_seen("T-1") == [(1, 1)]


@pytest.mark.parametrize("graceful", [True, False], ids=["terminated", "killed"])
async def test_nothing_is_missed_across_a_restart_of_intake(
    desk: Helpdesk, system: System, graceful: bool
) -> None:
    """The server goes away while messages pour in; watcher and submitter go on by token and by retry."""
    messages = list(letters(TICKETS, MESSAGES))
    half = asyncio.Event()
    acknowledged = 0

    def count(answers: object) -> None:
        nonlocal acknowledged
        acknowledged += len(answers)  # type: ignore[arg-type]
        if acknowledged >= MESSAGES // 2:
            half.set()

    def restart() -> None:
        if graceful:
            assert system.terminate("intake") == 0, system.process_of("intake").tail()
        else:
            system.kill("intake")
        system.start("intake")

    async with watching(desk) as watch:
        submitting = asyncio.create_task(desk.submit_surely(messages, batch=10, told=count))
        await half.wait()
        await asyncio.to_thread(restart)
        acknowledgements = await submitting
        expected = {(message.ticket_id, message.message_id) for message in messages}
        await seen_all(watch, expected)

    assert watch.connections >= 2, "the watcher was cut off and came back"
    assert watch.keys() == expected
    sequences = {(one.ticket_id, one.message_id): one.sequence for one in acknowledgements}
    for ticket in {message.ticket_id for message in messages}:
        assert watch.first_seen(ticket) == [(place, 1) for place in range(1, MESSAGES // TICKETS + 1)]
    assert all(sequences[one.ticket_id, one.message_id] == one.sequence for one in watch.seen)


@pytest.mark.parametrize("token", ["nonsense", "MTsx", "MTsxLTE7Mi0yOzMtMw", "MTs5OTk5OTk5OTk5OTk5OTk5OTk5OS0xOzEtMQ"])
async def test_a_token_that_is_none_is_refused(desk: Helpdesk, token: str) -> None:
    """Not ours; too few numbers; of three shards; a number beyond what the store can count to."""
    request = intake_pb2.WatchDecisionsRequest(tenant=desk.tenant, resume_token=token)

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        async for _ in desk.intake.WatchDecisions(request, timeout=10):
            break

    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "resume_token" in (refusal.value.details() or "")
