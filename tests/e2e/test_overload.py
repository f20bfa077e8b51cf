"""A burst that the models take longer for than the deadline: refused past the backlog, decided whole, nobody bothered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from shared.pb.switchyard.v1 import handoff_pb2
from shared.pb.switchyard.v1.ticket_pb2 import OUTCOME_REVIEW
from tests.harness.helpdesk import Helpdesk, said
from tests.harness.letters import CANCEL, letters
from tests.harness.store_process import StoreProcess
from tests.harness.system import System, some_server
from tests.harness.waiting import eventually

BACKLOG, DEADLINE_MS = 60, 300
ANALYSIS = ("intent", "slots", "sentiment")
SETTINGS: dict[str, object] = {
    "platform.shards": 1,
    "intake.backlog": BACKLOG,
    "intake.decide_within_ms": DEADLINE_MS,
    "intake.review_within_ms": 120_000,
}


@pytest.fixture
def behind() -> Iterator[System]:
    """Everything runs but the analysis services, which stand for ones that are far behind."""
    system = None
    with StoreProcess(some_server()) as store:
        system = System(store.url, (("intake", "router", "handoff"), ANALYSIS), SETTINGS)
        try:
            system.start("intake")
            yield system
        finally:
            system.close()


@pytest.fixture
async def desk(behind: System) -> AsyncIterator[Helpdesk]:
    async with Helpdesk("default", behind.address("intake"), behind.address("handoff")) as client:
        yield client


async def test_a_burst_is_bounded_and_sends_nobody_to_a_person_for_being_late(desk: Helpdesk, behind: System) -> None:
    burst = list(letters(BACKLOG, BACKLOG))
    for message in burst:
        await desk.submit(message)

    async def put_off() -> bool:
        return behind.counted("router", "switchyard_deadlines_passed_total", result="put_off") >= BACKLOG

    await eventually(put_off, "every deadline has passed")
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.submit(said("one-more", "m1", CANCEL))
    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, "what is not analysed is backlog, however old"

    await asyncio.to_thread(behind.start, "intent")

    for message in burst:
        (entry,) = await desk.decided(message.ticket_id, 60)
        assert (entry.decision.revision, entry.decision.partial) == (1, False)
    items = (await desk.people.ListItems(handoff_pb2.ListItemsRequest(tenant="default", limit=100), timeout=10)).items
    late = [item for item in items if item.decision.outcome == OUTCOME_REVIEW and item.decision.partial]
    assert late == []
    assert (await desk.submit(said("one-more", "m1", CANCEL))).sequence == 1
