"""SIGTERM under load: each process finishes what it has in hand, ends with 0, and leaves nothing to be redelivered."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Sequence

import grpc
import pytest

from shared.domain.ticket import MessageKey
from shared.pb.switchyard.v1.intake_pb2 import Acknowledgement
from shared.streams.names import Keys
from shared.streams.store import connect
from tests.harness.hands import held, signal_with_hands_full
from tests.harness.helpdesk import Helpdesk, said
from tests.harness.history_checker import check, collect, settle
from tests.harness.letters import LATE_PARCEL, letters
from tests.harness.store_process import StoreProcess
from tests.harness.system import System, some_server
from tests.harness.waiting import eventually

TICKETS, BURST = 25, 100
DRAIN_SECONDS = 15.0

@pytest.mark.timeout(300)
async def test_each_process_drains_under_load(desk: Helpdesk, system: System, own_store: StoreProcess) -> None:
    redis, keys = connect(own_store.url), Keys(2)
    acknowledged: dict[MessageKey, set[int]] = {}

    def told(answers: Sequence[Acknowledgement]) -> None:
        for one in answers:
            acknowledged.setdefault(MessageKey(desk.tenant, one.ticket_id, one.message_id), set()).add(one.sequence)

    attempted = []
    try:
        for number, process in enumerate(system.processes):
            messages = list(letters(TICKETS, BURST, f"T{number}"))
            attempted += [MessageKey(desk.tenant, message.ticket_id, message.message_id) for message in messages]
            async with asyncio.TaskGroup() as group:
                group.create_task(desk.submit_surely(messages, batch=10, told=told))
                began = time.monotonic()
                await signal_with_hands_full(redis, keys, process, signal.SIGTERM)
                code = await asyncio.to_thread(process.wait)
                assert code == 0, process.tail()
                assert time.monotonic() - began < DRAIN_SECONDS
                assert await held(redis, keys, process) == 0, f"{process.services} left entries unfinished"
                await asyncio.to_thread(system.start, process.services[0])
        await settle(redis, keys)
        report = check(await collect(redis, keys, desk.tenant, acknowledged, attempted))
    finally:
        await redis.aclose()
    assert len(acknowledged) == len(attempted)
    assert report.holds, str(report)
    assert not system.events("entries_taken_over"), "an entry was delivered twice"


async def test_a_triage_that_nobody_will_answer_holds_up_no_drain() -> None:
    """Intake runs alone: the message is accepted, and decided by others, whoever asks them."""
    with StoreProcess(some_server()) as store, System(store.url, [("intake",)], {"platform.drain_s": 25}) as alone:
        async with Helpdesk("default", alone.address("intake")) as desk:
            waiting = asyncio.create_task(desk.triage(said("T-1", "m1", LATE_PARCEL), seconds=60))

            async def accepted() -> bool:
                return alone.counted("intake", "switchyard_intake_messages_total", result="new") == 1

            await eventually(accepted, "the message is accepted")
            began = time.monotonic()
            assert await asyncio.to_thread(alone.terminate, "intake") == 0
            assert time.monotonic() - began < DRAIN_SECONDS
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await waiting
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
            await asyncio.to_thread(alone.start, "intake")
            assert (await desk.submit(said("T-1", "m1", LATE_PARCEL))).duplicate
