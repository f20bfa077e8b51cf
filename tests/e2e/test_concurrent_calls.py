"""Past platform.max_concurrent_calls a service refuses calls for a moment, and goes on to say that it is healthy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2

from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2
from tests.harness.helpdesk import Helpdesk, details, said
from tests.harness.letters import CANCEL
from tests.harness.store_process import StoreProcess
from tests.harness.system import RPC_SERVICES, System, is_serving, some_server
from tests.harness.waiting import eventually

MOST = 3
SETTINGS = {"platform.max_concurrent_calls": MOST, "intake.heartbeat_s": 0.2, "handoff.heartbeat_s": 0.2}
Call = Callable[[Helpdesk], Any]
# of each service a stream that stays open and a call that is answered at once
CALLS: dict[str, tuple[Call, Call]] = {
    "intake": (
        lambda desk: desk.intake.WatchDecisions(intake_pb2.WatchDecisionsRequest(tenant=desk.tenant)),
        lambda desk: desk.submit(said("T-1", "m1", CANCEL)),
    ),
    "handoff": (
        lambda desk: desk.people.WatchItems(handoff_pb2.WatchItemsRequest(tenant=desk.tenant)),
        lambda desk: desk.people.ListItems(handoff_pb2.ListItemsRequest(tenant=desk.tenant), timeout=10),
    ),
}


@pytest.fixture(scope="module")
def narrow() -> Iterator[System]:
    with StoreProcess(some_server()) as store, System(store.url, [tuple(CALLS)], SETTINGS) as running:
        yield running


@pytest.mark.parametrize("service", list(CALLS))
async def test_one_call_too_many_is_refused_with_a_delay(narrow: System, service: str) -> None:
    stay, ask = CALLS[service]
    async with Helpdesk("default", narrow.address("intake"), narrow.address("handoff")) as desk:
        streams = [stay(desk) for _ in range(MOST)]
        for stream in streams:
            await stream.read()

        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await ask(desk)

        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "platform.max_concurrent_calls" in (refusal.value.details() or "")
        (info,) = details(refusal.value, error_details_pb2.RetryInfo)
        assert info.retry_delay.ToMilliseconds() == 1000
        assert is_serving(narrow.address(service), RPC_SERVICES[service]), "busy, and healthy"

        streams[0].cancel()

        async def answered() -> bool:
            try:
                await ask(desk)
            except grpc.aio.AioRpcError:
                return False
            return True

        await eventually(answered, "who leaves makes room")
