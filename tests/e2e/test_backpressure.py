"""Past the backlog, or near the store's memory limit, intake refuses with a delay, and nothing is half accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest
from google.rpc import error_details_pb2
from redis import Redis

from shared.pb.switchyard.v1 import intake_pb2
from tests.harness.helpdesk import Helpdesk, details, said, watching
from tests.harness.letters import CANCEL, letters
from tests.harness.store_process import StoreProcess
from tests.harness.system import SERVICES, System, some_server
from tests.harness.waiting import eventually

BACKLOG, RETRY_AFTER_MS = 20, 400
WORKERS = tuple(name for name in SERVICES if name != "intake")


@pytest.fixture
def store() -> Iterator[StoreProcess]:
    with StoreProcess(some_server()) as running:
        yield running


@pytest.fixture
def narrow(store: StoreProcess) -> Iterator[System]:
    """Intake alone at first: nothing that it takes is decided, so the backlog fills up."""
    settings = {
        "platform.shards": 1,
        "intake.backlog": BACKLOG,
        "intake.retry_after_ms": RETRY_AFTER_MS,
        "intake.decide_within_ms": 60_000,
        "intake.watchers": 2,
    }
    system = System(store.url, (("intake",), WORKERS), settings)
    try:
        system.start("intake")
        yield system
    finally:
        system.close()


@pytest.fixture
async def desk(narrow: System) -> AsyncIterator[Helpdesk]:
    async with Helpdesk("default", narrow.address("intake")) as client:
        yield client


def retry_delay_ms(error: grpc.aio.AioRpcError) -> int:
    (info,) = details(error, error_details_pb2.RetryInfo)
    delay: int = info.retry_delay.ToMilliseconds()
    return delay


async def test_a_full_backlog_refuses_with_a_delay_until_there_is_room(desk: Helpdesk, narrow: System) -> None:
    kept = list(letters(1, BACKLOG))
    for message in kept:
        await desk.submit(message)
    one_more = said("T-9", "m1", CANCEL)

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.submit(one_more)

    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert retry_delay_ms(refusal.value) == RETRY_AFTER_MS
    assert "nothing was accepted" in (refusal.value.details() or "")
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await desk.ticket("T-9")
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND, "what was refused left nothing behind"
    # Asking about what is known costs no room, alone and in a batch.
    assert (await desk.submit(kept[0])).duplicate
    known, refused = await desk.submit_batch([kept[1], one_more])
    assert known.acknowledgement.duplicate
    assert refused.error.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert refused.error.retry_after_ms == RETRY_AFTER_MS

    await asyncio.to_thread(narrow.start, *WORKERS)

    # A client that waits as it is told gets everything in, in order.
    await desk.submit_surely([one_more, *letters(2, 80, "L")], batch=10)
    assert len(await desk.decided("T-9")) == 1
    assert [entry.decision.sequence for entry in await desk.decided("L-0", 30)] == list(range(1, 41))


async def test_watchers_past_the_limit_are_refused_and_those_that_leave_make_room(desk: Helpdesk) -> None:
    async with watching(desk) as first, watching(desk):
        assert first.connections == 1
        stream = desk.intake.WatchDecisions(intake_pb2.WatchDecisionsRequest(tenant=desk.tenant))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stream.read()
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_delay_ms(refusal.value) == RETRY_AFTER_MS
        assert "intake.watchers" in (refusal.value.details() or "")
        assert (await desk.submit(said("T-1", "m1", CANCEL))).sequence == 1, "submits do not wait for watchers"

    async def room() -> bool:
        stream = desk.intake.WatchDecisions(intake_pb2.WatchDecisionsRequest(tenant=desk.tenant))
        try:
            return bool((await stream.read()).resume_token)
        except grpc.aio.AioRpcError:
            return False
        finally:
            stream.cancel()

    await eventually(room, "who leaves makes room")


async def test_intake_stops_admitting_well_below_the_memory_limit(desk: Helpdesk, store: StoreProcess) -> None:
    await desk.submit(said("T-1", "m1", CANCEL))
    with Redis.from_url(store.url) as admin:
        used = admin.info("memory")["used_memory"]
        admin.config_set("maxmemory", int(used * 1.1))
        refusals: list[grpc.aio.AioRpcError] = []

        async def refused() -> bool:
            try:
                await desk.submit(said("T-2", f"m{len(refusals)}", CANCEL))
            except grpc.aio.AioRpcError as error:
                refusals.append(error)
            return bool(refusals)

        await eventually(refused, "intake notices that memory is short")
        assert refusals[0].code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_delay_ms(refusals[0]) == RETRY_AFTER_MS
        assert "memory" in (refusals[0].details() or "")
        with pytest.raises(grpc.aio.AioRpcError) as whole:
            await desk.submit_batch([said("T-4", "m1", CANCEL), said("T-5", "m1", CANCEL)])
        assert whole.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, "refused as a whole"
        assert retry_delay_ms(whole.value) == RETRY_AFTER_MS
        admin.config_set("maxmemory", 0)

    async def accepted() -> bool:
        try:
            return bool(await desk.submit(said("T-3", "m1", CANCEL)))
        except grpc.aio.AioRpcError:
            return False

    await eventually(accepted, "intake admits again")


async def test_a_batch_is_refused_as_a_whole_while_the_store_is_away(desk: Helpdesk, store: StoreProcess) -> None:
    batch = [said("T-1", "m1", CANCEL), said("T-2", "m1", CANCEL)]
    store.kill()

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.submit_batch(batch)

    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
    await asyncio.to_thread(store.start)
    await desk.submit_surely(batch)
