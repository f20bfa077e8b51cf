"""A message goes in over gRPC and comes out decided, exactly once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.router.decide import decide
from services.router.policy import load_policy
from services.router.policy_store import read_intents
from shared.config import PACKS
from shared.convert import (
    conversation_to_pb,
    decision_from_pb,
    intent_from_pb,
    message_from_pb,
    sentiment_from_pb,
    slots_from_pb,
)
from shared.domain.analysis import Analysis
from shared.domain.decision import Conversation
from shared.pb.switchyard.v1.ticket_pb2 import (
    AUTHOR_CUSTOMER,
    CHANNEL_EMAIL,
    OUTCOME_RECORDED,
    SLOT_SOURCE_UNSPECIFIED,
    TicketEntry,
)
from tests.harness.helpdesk import Helpdesk, answered, bad_fields, said
from tests.harness.letters import CANCEL, FURIOUS, LATE_PARCEL, THANKS

COMMERCE = PACKS / "commerce"


async def test_triage_submits_waits_and_tells_why(desk: Helpdesk) -> None:
    answer = await desk.triage(said("T-1", "m1", LATE_PARCEL))

    assert (answer.acknowledgement.sequence, answer.acknowledgement.duplicate) == (1, False)
    assert answer.acknowledgement.language == "en"
    decision = answer.decision
    assert (decision.tenant, decision.ticket_id, decision.message_id) == (desk.tenant, "T-1", "m1")
    assert (decision.sequence, decision.revision, decision.partial) == (1, 1, False)
    assert decision.policy_version
    assert decision.reasons[0].rule
    assert sorted(model.partition("@")[0] for model in decision.models) == ["intent", "sentiment", "slots"]
    accepted = [score.label for score in answer.analysis.intent.intents if score.accepted]
    assert accepted == list(decision.intents)


async def test_slots_point_into_the_text(desk: Helpdesk) -> None:
    text = "Bestellnummer siehe unten 😀 – my order 48213 came broken, please refund 12.50 EUR."

    answer = await desk.triage(said("T-1", "m1", text, language="en"))

    found = answer.analysis.slots.slots
    assert found, "an order number and an amount stand in the text"
    for slot in found:
        assert text[slot.start : slot.end] == slot.text
        assert slot.source != SLOT_SOURCE_UNSPECIFIED
    assert any(slot.value == "12.50 EUR" for slot in found)


async def test_a_ticket_is_read_whole(desk: Helpdesk) -> None:
    sent_at = Timestamp(seconds=1_780_000_000)
    first = said(
        "T-1", "m1", LATE_PARCEL, channel=CHANNEL_EMAIL, sent_at=sent_at, region="GB", customer_tier="gold",
        subject="Where is it?", attributes={"shop": "north", "agent-group": "b"},
    )  # fmt: skip

    await desk.submit(first)
    await desk.submit(answered("T-1", "m2", "I have asked the carrier and will come back to you."))
    await desk.submit(said("T-1", "m3", CANCEL))

    entries = await desk.decided("T-1")
    assert [entry.message.message_id for entry in entries] == ["m1", "m2", "m3"]
    assert [entry.message.sequence for entry in entries] == [1, 2, 3]
    kept = entries[0].message
    assert (kept.text, kept.subject, kept.region, kept.customer_tier) == (LATE_PARCEL, "Where is it?", "GB", "gold")
    assert (kept.author, kept.channel, kept.sent_at) == (AUTHOR_CUSTOMER, CHANNEL_EMAIL, sent_at)
    assert dict(kept.attributes) == {"shop": "north", "agent-group": "b"}
    assert entries[1].decision.outcome == OUTCOME_RECORDED
    assert not entries[1].HasField("analysis") or not entries[1].analysis.HasField("intent")

    conversation = (await desk.ticket("T-1")).conversation
    assert (conversation.decided_sequence, conversation.evidence_messages) == (3, 2)
    assert conversation.level == pytest.approx(entries[2].decision.level_after)


async def test_every_decision_can_be_replayed_from_what_is_stored(desk: Helpdesk) -> None:
    """Message, analysis, policy version and conversation give the stored decision again, bit for bit."""
    for number, text in enumerate((LATE_PARCEL, FURIOUS, FURIOUS, THANKS, CANCEL), start=1):
        await desk.submit(said("T-1", f"m{number}", text))
        if number == 3:
            await desk.submit(answered("T-1", "m3b", "I am very sorry; I have asked the carrier."))
    entries = await desk.decided("T-1")
    intents = read_intents(COMMERCE)
    policy = load_policy((COMMERCE / "policy.yaml").read_text(encoding="utf-8"), intents)

    state = Conversation()
    for entry in entries:
        replayed, state = decide(policy, message_from_pb(entry.message), analysis_of(entry), state)
        stored = decision_from_pb(entry.decision)
        assert replace(replayed, decided_at_ms=stored.decided_at_ms) == stored
    assert conversation_to_pb(state) == (await desk.ticket("T-1")).conversation


def analysis_of(entry: TicketEntry) -> Analysis:
    """The analysis as the router had it."""
    found = entry.analysis
    return Analysis(
        intent_from_pb(found.intent) if found.HasField("intent") else None,
        slots_from_pb(found.slots) if found.HasField("slots") else None,
        sentiment_from_pb(found.sentiment) if found.HasField("sentiment") else None,
    )


async def test_an_unknown_ticket_is_not_found(desk: Helpdesk) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.ticket("T-404")

    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
    assert "T-404" in (refusal.value.details() or "")


async def test_submitting_again_gives_the_first_acknowledgement(desk: Helpdesk) -> None:
    message = said("T-1", "m1", LATE_PARCEL, attributes={"b": "2", "a": "1"})
    first = await desk.submit(message)
    await desk.submit(said("T-1", "m2", CANCEL))
    await desk.decided("T-1")

    again = await desk.submit(message)

    assert (first.duplicate, again.duplicate) == (False, True)
    again.duplicate = False
    assert again == first
    entries = (await desk.ticket("T-1")).entries
    assert [entry.decision.revision for entry in entries] == [1, 1]


async def test_many_at_once_with_one_id_are_taken_once(desk: Helpdesk) -> None:
    answers = await asyncio.gather(*(desk.submit(said("T-1", "m1", LATE_PARCEL)) for _ in range(20)))

    assert sorted(answer.duplicate for answer in answers) == [False] + [True] * 19
    assert {answer.sequence for answer in answers} == {1}
    assert len(await desk.decided("T-1")) == 1


@pytest.mark.parametrize(
    "change", [{"text": CANCEL}, {"subject": "!"}, {"attributes": {"a": "1"}}, {"region": "FR"}, {"author": 2}]
)
async def test_a_known_id_with_other_content_is_refused(desk: Helpdesk, change: dict[str, object]) -> None:
    message = said("T-1", "m1", LATE_PARCEL)
    await desk.submit(message)
    fields = {"text": LATE_PARCEL, **change}

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.submit(said("T-1", "m1", **fields))

    assert refusal.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "'m1'" in (refusal.value.details() or "")
    assert "new id" in (refusal.value.details() or "")
    assert [entry.message.text for entry in await desk.decided("T-1")] == [LATE_PARCEL]


async def test_triage_of_a_known_message_answers_from_the_record(desk: Helpdesk) -> None:
    first = await desk.triage(said("T-1", "m1", LATE_PARCEL))

    again = await desk.triage(said("T-1", "m1", LATE_PARCEL))

    assert again.acknowledgement.duplicate
    assert again.decision == first.decision
    assert again.analysis == first.analysis


async def test_a_batch_of_500_has_a_result_for_each_in_order(desk: Helpdesk) -> None:
    batch = [said(f"T-{number % 50}", f"m{number}", f"Where is my order {1000 + number}?") for number in range(497)]
    batch.insert(100, said("T-blank", "m1", " \n\t "))
    batch.insert(200, said("T-0", "m0", "The same id, but other words."))
    batch.insert(300, said("T-0", "m0", "Where is my order 1000?"))

    results = await desk.submit_batch(batch)

    assert len(results) == 500
    blank, conflict, duplicate = results[100].error, results[200].error, results[300].acknowledgement
    assert blank.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert "messages[100].text" in blank.message
    assert conflict.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert (duplicate.sequence, duplicate.duplicate) == (1, True)
    for message, result in zip(batch, results, strict=True):
        if not result.HasField("error"):
            taken = result.acknowledgement
            assert (taken.ticket_id, taken.message_id) == (message.ticket_id, message.message_id)
    # Within a ticket the order of the batch is the order of the sequences.
    places = [r.acknowledgement.sequence for r in results if r.acknowledgement.ticket_id == "T-7"]
    assert places == list(range(1, 11))
    entries = await desk.decided("T-7", seconds=60)
    assert [entry.decision.sequence for entry in entries] == places


async def test_an_unknown_tenant_is_refused_without_telling_others(desk: Helpdesk) -> None:
    desk.tenant = "shop-nobody"

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.submit(said("T-1", "m1", LATE_PARCEL))

    assert refusal.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "'shop-nobody'" in (refusal.value.details() or "")
    assert "shop-0" not in (refusal.value.details() or "")


async def test_a_bad_field_is_named_with_its_mend(desk: Helpdesk) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.submit(said("T 1", "m1", "   "))

    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    problems = bad_fields(refusal.value)
    assert set(problems) == {"message.ticket_id", "message.text"}
    assert "not white space" in problems["message.text"]
