"""What needs a person waits in the human queue, and is claimed and completed over gRPC."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from shared.pb.switchyard.v1 import handoff_pb2 as pb
from shared.pb.switchyard.v1.ticket_pb2 import (
    OUTCOME_ESCALATED,
    OUTCOME_REVIEW,
    OUTCOME_ROUTED,
    PRIORITY_HIGH,
)
from tests.harness.helpdesk import Helpdesk, answered, said
from tests.harness.letters import FURIOUS, GERMAN, THANKS
from tests.harness.waiting import eventually

PEOPLE, GERMAN_REVIEW = "people", "review-de"


async def items(desk: Helpdesk, count: int, state: int = 0) -> list[pb.QueueItem]:
    """The tenant's items, as soon as there are so many: handoff files them just after the decision."""
    found: list[pb.QueueItem] = []

    async def filed() -> bool:
        nonlocal found
        request = pb.ListItemsRequest(tenant=desk.tenant, state=pb.ItemState.ValueType(state))
        found = list((await desk.people.ListItems(request, timeout=10)).items)
        return len(found) == count

    await eventually(filed, f"{count} items wait")
    return found


async def claim(desk: Helpdesk, agent: str, **fields: object) -> pb.ClaimItemResponse:
    request = pb.ClaimItemRequest(tenant=desk.tenant, agent=agent, lease=Duration(seconds=60), **fields)
    response: pb.ClaimItemResponse = await desk.people.ClaimItem(request, timeout=10)
    return response


async def test_an_escalated_conversation_is_taken_over_and_completed(desk: Helpdesk) -> None:
    await desk.submit(said("T-1", "m1", THANKS))
    await desk.submit(answered("T-1", "m2", "You are welcome."))
    answer = await desk.triage(said("T-1", "m3", FURIOUS))
    decision = answer.decision
    assert (decision.outcome, decision.queue) == (OUTCOME_ESCALATED, PEOPLE)
    assert decision.priority >= PRIORITY_HIGH
    assert decision.level_after >= 0.62
    (item,) = await items(desk, 1)
    assert (item.ticket_id, item.queue, item.state) == ("T-1", PEOPLE, pb.ITEM_STATE_WAITING)

    claimed = (await claim(desk, "ann")).handover

    assert (claimed.item.item_id, claimed.item.agent, claimed.item.claims) == (item.item_id, "ann", 1)
    assert [entry.message.text for entry in claimed.conversation] == [THANKS, "You are welcome.", FURIOUS]
    assert [point.message_id for point in claimed.levels] == ["m1", "m3"]
    assert claimed.levels[1].level == pytest.approx(decision.level_after)
    assert claimed.key_sentences
    assert all(sentence in FURIOUS for sentence in claimed.key_sentences)
    assert not (await claim(desk, "bob")).HasField("handover"), "two agents never hold one item"

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.people.CompleteItem(completion(desk, item, "bob"), timeout=10)
    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    completed = (await desk.people.CompleteItem(completion(desk, item, "ann"), timeout=10)).item
    again = (await desk.people.CompleteItem(completion(desk, item, "ann"), timeout=10)).item

    assert (completed.state, completed.disposition) == (pb.ITEM_STATE_COMPLETED, pb.DISPOSITION_JUSTIFIED)
    assert again == completed
    await items(desk, 0)
    assert [one.note for one in await items(desk, 1, pb.ITEM_STATE_COMPLETED)] == ["called back"]


def completion(desk: Helpdesk, item: pb.QueueItem, agent: str) -> pb.CompleteItemRequest:
    return pb.CompleteItemRequest(
        tenant=desk.tenant, item_id=item.item_id, agent=agent, disposition=pb.DISPOSITION_JUSTIFIED, note="called back"
    )


async def test_a_released_item_waits_again_and_a_renewed_one_does_not(desk: Helpdesk) -> None:
    await desk.triage(said("T-1", "m1", FURIOUS))
    (item,) = await items(desk, 1)
    first = (await claim(desk, "ann", item_id=item.item_id)).handover.item
    renewal = pb.RenewItemRequest(
        tenant=desk.tenant, item_id=item.item_id, agent="ann", lease=Duration(seconds=600)
    )
    renewed = (await desk.people.RenewItem(renewal, timeout=10)).item
    assert renewed.lease_until.seconds > first.lease_until.seconds

    release = pb.ReleaseItemRequest(tenant=desk.tenant, item_id=item.item_id, agent="ann")
    released = (await desk.people.ReleaseItem(release, timeout=10)).item

    assert (released.state, released.waiting_since) == (pb.ITEM_STATE_WAITING, item.waiting_since)
    assert (await claim(desk, "bob")).handover.item.claims == 2


async def test_two_agents_at_once_get_different_items(desk: Helpdesk) -> None:
    for number in range(4):
        await desk.triage(said(f"T-{number}", "m1", FURIOUS))
    await items(desk, 4)

    answers = await asyncio.gather(*(claim(desk, f"agent{number}") for number in range(8)))

    taken = [answer.handover.item.ticket_id for answer in answers if answer.HasField("handover")]
    assert sorted(taken) == ["T-0", "T-1", "T-2", "T-3"]


async def test_german_goes_to_the_people_who_read_german(desk: Helpdesk) -> None:
    answer = await desk.triage(said("T-1", "m1", GERMAN))

    assert answer.acknowledgement.language == "de"
    assert answer.analysis.intent.abstention.reason == "unsupported_language"
    assert answer.analysis.sentiment.abstention.reason == "unsupported_language"
    decision = answer.decision
    assert (decision.outcome, decision.queue) == (OUTCOME_REVIEW, GERMAN_REVIEW)
    assert (decision.reasons[0].rule, decision.reasons[0].subject) == ("unsupported_language", "de")
    (item,) = await items(desk, 1)
    assert (item.queue, item.language) == (GERMAN_REVIEW, "de")
    assert not (await claim(desk, "ann", languages=["en"])).HasField("handover")
    assert (await claim(desk, "dora", languages=["de", "en"])).handover.item.item_id == item.item_id


async def test_what_needs_no_person_does_not_wait_for_one(desk: Helpdesk) -> None:
    answer = await desk.triage(said("T-1", "m1", THANKS))
    assert answer.decision.outcome == OUTCOME_ROUTED
    await desk.triage(said("T-2", "m1", FURIOUS))

    # Both tickets' shards have been filed once the second is there or a later one of the same shard is.
    assert [item.ticket_id for item in await items(desk, 1)] == ["T-2"]


async def test_a_later_message_needs_a_person_again_after_completion(desk: Helpdesk) -> None:
    await desk.triage(said("T-1", "m1", FURIOUS))
    (first,) = await items(desk, 1)
    await claim(desk, "ann")
    await desk.people.CompleteItem(completion(desk, first, "ann"), timeout=10)

    await desk.triage(said("T-1", "m2", FURIOUS))

    (second,) = await items(desk, 1)
    assert second.item_id != first.item_id
    assert second.decision.message_id == "m2"


async def test_watch_items_tells_each_change(desk: Helpdesk) -> None:
    call = desk.people.WatchItems(pb.WatchItemsRequest(tenant=desk.tenant))
    seen: list[tuple[int, str]] = []

    async def follow() -> None:
        async for response in call:
            seen.append((response.item.state, response.item.ticket_id) if response.HasField("item") else (0, ""))

    following = asyncio.create_task(follow())

    async def has(entry: tuple[int, str]) -> bool:
        return entry in seen

    try:
        await eventually(lambda: has((0, "")), "the first heartbeat came")
        await desk.triage(said("T-1", "m1", FURIOUS))
        await eventually(lambda: has((pb.ITEM_STATE_WAITING, "T-1")), "the new item was told")
        await claim(desk, "ann")
        await eventually(lambda: has((pb.ITEM_STATE_CLAIMED, "T-1")), "the claim was told")
    finally:
        call.cancel()
        await asyncio.gather(following, return_exceptions=True)
