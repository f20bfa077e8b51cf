"""Preview decides a conversation as the live path would, or under a draft, and stores nothing."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from shared.config import PACKS
from shared.pb.switchyard.v1 import router_pb2 as pb
from shared.pb.switchyard.v1.ticket_pb2 import OUTCOME_ESCALATED, OUTCOME_RECORDED, NewMessage
from tests.harness.helpdesk import Helpdesk, answered, said
from tests.harness.letters import CANCEL, FURIOUS, GERMAN, LATE_PARCEL, THANKS

LIVE_POLICY = (PACKS / "commerce" / "policy.yaml").read_text(encoding="utf-8")
WRITTEN_AT = 1_790_000_000


def conversation() -> list[NewMessage]:
    """Six messages, an agent's among them, each ten minutes after the last."""
    messages = [
        said("T-1", "m1", LATE_PARCEL),
        answered("T-1", "m2", "I have asked the carrier."),
        said("T-1", "m3", FURIOUS),
        said("T-1", "m4", CANCEL),
        said("T-1", "m5", THANKS),
        said("T-1", "m6", THANKS),
    ]
    for number, message in enumerate(messages):
        message.sent_at.CopyFrom(Timestamp(seconds=WRITTEN_AT + 600 * number))
    return messages


async def preview(desk: Helpdesk, messages: list[NewMessage], policy: str = "") -> pb.PreviewResponse:
    request = pb.PreviewRequest(tenant=desk.tenant, messages=messages, policy_yaml=policy)
    response: pb.PreviewResponse = await desk.router.Preview(request, timeout=30)
    return response


async def test_a_preview_decides_as_the_live_path_does(desk: Helpdesk) -> None:
    foreseen = await preview(desk, conversation())
    await desk.submit_surely(conversation())

    lived = await desk.decided("T-1")

    for entry in lived:
        entry.decision.ClearField("decided_at")
    assert [entry.decision for entry in foreseen.entries] == [entry.decision for entry in lived]
    assert [entry.analysis for entry in foreseen.entries] == [entry.analysis for entry in lived]
    assert foreseen.conversation == (await desk.ticket("T-1")).conversation
    outcomes = [entry.decision.outcome for entry in foreseen.entries]
    assert outcomes[1] == OUTCOME_RECORDED
    assert outcomes[2] == OUTCOME_ESCALATED


async def test_a_preview_finds_out_the_language_as_the_live_path_does(desk: Helpdesk) -> None:
    messages = [said("T-1", "m1", GERMAN), answered("T-1", "m2", "Wir haben den Fahrer gefragt."), said("T-1", "m3", "ok")]

    foreseen = await preview(desk, messages)
    await desk.submit_surely(messages)

    lived = await desk.decided("T-1")
    assert [entry.message.language for entry in foreseen.entries] == ["de", "de", "en"]
    assert [entry.message.language for entry in lived] == ["de", "de", "en"]
    assert foreseen.entries[0].decision.queue == "review-de"
    for entry in lived:
        entry.decision.ClearField("decided_at")
    assert [entry.decision for entry in foreseen.entries] == [entry.decision for entry in lived]


async def test_a_preview_stores_nothing(desk: Helpdesk) -> None:
    await preview(desk, conversation())

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await desk.ticket("T-1")
    assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_draft_is_tried_in_place_of_the_live_policy(desk: Helpdesk) -> None:
    draft = LIVE_POLICY.replace("version: commerce-1", "version: draft-7")
    draft = draft.replace("escalate_at: 0.62", "escalate_at: 1.0").partition("\noverrides:")[0]

    tried = (await preview(desk, conversation(), draft)).entries
    live = (await preview(desk, conversation())).entries

    assert all(entry.decision.policy_version.startswith("draft-7") for entry in tried)
    assert not any(entry.decision.policy_version.startswith("draft-7") for entry in live)
    level_alone = [reason for reason in live[2].decision.reasons if reason.rule == "frustration_level"]
    assert level_alone, "live, the level escalates"
    assert not [reason for reason in tried[2].decision.reasons if reason.rule == "frustration_level"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("escalate_at: 0.62", "escalate_at: 1.62"), "escalate_at"),
        (("escalate_at: 0.62", "escalat_at: 0.62"), "escalat_at"),
        (("release_at: 0.50", "release_at: 0.90"), "release_at"),
        (("intent: legal_threat,", "intent: legal_thread,"), "legal_thread"),
        (("version: commerce-1", "version: [1"), "policy"),
    ],
)
async def test_a_draft_with_a_mistake_is_refused_and_the_mistake_named(
    desk: Helpdesk, change: tuple[str, str], named: str
) -> None:
    assert change[0] in LIVE_POLICY

    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await preview(desk, conversation(), LIVE_POLICY.replace(*change))

    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert named in (refusal.value.details() or "")
