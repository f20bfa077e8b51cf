"""An analysis service is away: decisions are made without it at the deadline, and revised when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from shared.pb.switchyard.v1 import handoff_pb2, router_pb2
from shared.pb.switchyard.v1.ticket_pb2 import OUTCOME_ESCALATED, OUTCOME_REVIEW, Decision
from tests.harness.helpdesk import Helpdesk, said, watching
from tests.harness.letters import CANCEL, FURIOUS
from tests.harness.store_process import StoreProcess
from tests.harness.system import System, some_server
from tests.harness.waiting import eventually

DEADLINE_MS = 1500
GROUPS = (("intake", "router", "handoff"), ("intent",), ("slots",), ("sentiment",))
SETTINGS: dict[str, object] = {
    "platform.tenants": "shop-intent,shop-slots,shop-sentiment,shop-preview",
    "intake.decide_within_ms": DEADLINE_MS,
}


@pytest.fixture(scope="module")
def separable() -> Iterator[System]:
    """The three analysis services can be stopped one by one, and no other process does their work."""
    with StoreProcess(some_server()) as store, System(store.url, GROUPS, SETTINGS) as running:
        yield running


@pytest.fixture(params=["slots", "sentiment", "intent"])
def absent(request: pytest.FixtureRequest, separable: System) -> Iterator[str]:
    """The service that is away when the test begins, and back at its end."""
    name: str = request.param
    assert separable.terminate(name) == 0
    yield name
    if not separable.process_of(name).running:
        separable.start(name)


@pytest.fixture
async def desk(separable: System, absent: str) -> AsyncIterator[Helpdesk]:
    addresses = (separable.address(name) for name in ("intake", "handoff", "router"))
    async with Helpdesk(f"shop-{absent}", *addresses) as client:
        yield client


async def test_a_decision_does_not_wait_for_an_absent_service(
    desk: Helpdesk, separable: System, absent: str
) -> None:
    async with watching(desk) as watch:
        # The deadline is the least time that it takes; the other two parts have landed long before.
        first = (await desk.triage(said("T-1", "m1", FURIOUS))).decision
        assert (first.revision, first.partial, list(first.missing_parts)) == (1, True, [absent])
        assert absent not in {model.partition("@")[0] for model in first.models}
        entry = (await desk.ticket("T-1")).entries[0]
        assert not entry.analysis.HasField(absent)
        waited_ms = first.decided_at.ToMilliseconds() - entry.message.accepted_at.ToMilliseconds()
        assert DEADLINE_MS <= waited_ms < DEADLINE_MS + 5000
        check_first(first, absent)

        await asyncio.to_thread(separable.start, absent)

        second = await revised(desk, "T-1")
        assert (second.revision, second.partial, list(second.missing_parts)) == (2, False, [])
        assert (second.outcome, second.queue) == (OUTCOME_ESCALATED, "people")
        assert second.priority >= first.priority

        async def told() -> bool:
            return len(watch.seen) >= 2

        await eventually(told, "the watcher is told of the revision")
    assert watch.first_seen("T-1") == [(1, 1), (1, 2)]
    listing = handoff_pb2.ListItemsRequest(tenant=desk.tenant)

    async def one_item_shows_the_revision() -> bool:
        items = (await desk.people.ListItems(listing, timeout=10)).items
        return [(item.ticket_id, item.queue, item.decision.revision) for item in items] == [("T-1", "people", 2)]

    await eventually(one_item_shows_the_revision, "the one item shows the revision")
    # With everybody back, decisions are whole again.
    later = (await desk.triage(said("T-2", "m1", CANCEL))).decision
    assert (later.revision, later.partial) == (1, False)


def check_first(decision: Decision, absent: str) -> None:
    """What can be said of a furious customer's message without one of its parts."""
    rules = [reason.rule for reason in decision.reasons]
    if absent == "sentiment":
        assert decision.outcome != OUTCOME_ESCALATED or "frustration_level" not in rules
        assert "missing_part" in rules
        assert decision.level_after == 0
    elif absent == "intent":
        assert decision.outcome in (OUTCOME_ESCALATED, OUTCOME_REVIEW)
        assert "missing_part" in rules
        assert not decision.intents
    else:
        assert decision.outcome == OUTCOME_ESCALATED


async def revised(desk: Helpdesk, ticket: str) -> Decision:
    """The second revision on the ticket's first message, when it is made."""
    decision = Decision()

    async def made() -> bool:
        nonlocal decision
        decision = (await desk.ticket(ticket)).entries[0].decision
        return decision.revision > 1

    await eventually(made, "the late part landed and the message was decided again", 30)
    return decision


async def test_a_preview_says_that_it_needs_all_three(separable: System, absent: str) -> None:
    async with Helpdesk("shop-preview", separable.address("intake"), router=separable.address("router")) as desk:
        request = router_pb2.PreviewRequest(tenant=desk.tenant, messages=[said("T-1", "m1", CANCEL)])
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await desk.router.Preview(request, timeout=30)
    assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
