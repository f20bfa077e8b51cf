"""What operators rely on: health, reflection, metrics, and logs that never hold a customer's words."""

from __future__ import annotations

import asyncio
import json

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2, router_pb2
from tests.harness.helpdesk import Helpdesk, said
from tests.harness.letters import FURIOUS, GERMAN, THANKS
from tests.harness.system import RPC_SERVICES, SERVICES, System
from tests.harness.waiting import eventually

MODELS = ("intent", "slots", "sentiment")
STAGES = (*MODELS, "router", "handoff")
# a sample of each family that docs and dashboards promise, by the service that must have it
OF_ALL = ("switchyard_rpc_handled_total", "switchyard_rpc_seconds_bucket", "switchyard_ready")
OF_STAGES = (
    "switchyard_stage_lag_entries", "switchyard_stage_lag_known", "switchyard_stage_pending_entries",
    "switchyard_stage_oldest_entry_seconds", "switchyard_stage_entries_total", "switchyard_stage_batch_entries_bucket",
    "switchyard_stage_queue_seconds_bucket", "switchyard_stage_compute_seconds_bucket",
    "switchyard_stage_redeliveries_total", "switchyard_stage_failures_total", "switchyard_stage_dead_letters_total",
)  # fmt: skip
OF_MODELS = ("switchyard_stage_batch_tokens_bucket", "switchyard_model_info")
OF_ONE = {
    "intake": ("switchyard_intake_messages_total", "switchyard_in_flight_messages", "switchyard_watchers"),
    "router": (
        "switchyard_decisions_total", "switchyard_escalations_total", "switchyard_decision_revisions_total",
        "switchyard_deadlines_passed_total", "switchyard_end_to_end_seconds_bucket",
    ),
    "handoff": (
        "switchyard_human_queue_items", "switchyard_human_queue_oldest_seconds",
        "switchyard_human_queue_arrivals_total",
    ),
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
async def test_health_is_told_for_the_server_and_for_each_service(system: System, service: str) -> None:
    async with grpc.aio.insecure_channel(system.address(service)) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for name in ("", *RPC_SERVICES[service]):
            answer = await stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stub.Check(health_pb2.HealthCheckRequest(service="switchyard.v1.Nobody"), timeout=10)
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("service", SERVICES)
async def test_reflection_gives_the_services_and_their_files(system: System, service: str) -> None:
    asked = [reflection_pb2.ServerReflectionRequest(list_services="")]
    asked += [
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=name) for name in RPC_SERVICES[service]
    ]
    async with grpc.aio.insecure_channel(system.address(service)) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = [answer async for answer in stub.ServerReflectionInfo(iter(asked), timeout=10)]
    listed = {entry.name for entry in answers[0].list_services_response.service}
    assert set(RPC_SERVICES[service]) | {"grpc.health.v1.Health"} <= listed
    for name, answer in zip(RPC_SERVICES[service], answers[1:], strict=True):
        files = [FileDescriptorProto.FromString(raw) for raw in answer.file_descriptor_response.file_descriptor_proto]
        defined = {f"{file.package}.{service.name}" for file in files for service in file.service}
        assert name in defined


async def test_every_promised_metric_is_there_and_counts(desk: Helpdesk, system: System) -> None:
    await desk.triage(said("T-1", "m1", THANKS))
    await desk.triage(said("T-2", "m1", FURIOUS))
    listing = handoff_pb2.ListItemsRequest(tenant=desk.tenant)

    async def filed() -> bool:
        return bool((await desk.people.ListItems(listing, timeout=10)).items)

    async def deep() -> bool:
        return system.counted("handoff", "switchyard_human_queue_items", queue="people") >= 1

    await eventually(filed, "the furious customer waits for a person")
    await eventually(deep, "the depth of the human queue is measured")
    await desk.router.Preview(
        router_pb2.PreviewRequest(tenant=desk.tenant, messages=[said("T-3", "m1", THANKS)]), timeout=10
    )
    for service in SERVICES:
        found = {sample.name for sample in system.samples(service)}
        wanted = (
            *OF_ALL,
            *(OF_STAGES if service in STAGES else ()),
            *(OF_MODELS if service in MODELS else ()),
            *OF_ONE.get(service, ()),
        )
        assert not set(wanted) - found, f"{service} lacks metrics"
    assert system.counted("intake", "switchyard_intake_messages_total", result="new") >= 2
    assert system.counted("intake", "switchyard_rpc_handled_total", method="Triage", code="OK") >= 2
    assert system.counted("router", "switchyard_decisions_total", outcome="escalated", queue="people") >= 1
    assert system.counted("router", "switchyard_end_to_end_seconds_count") >= 2
    for service in MODELS:
        assert system.counted(service, "switchyard_stage_entries_total", status="done") >= 2
        assert system.counted(service, "switchyard_stage_batch_tokens_count") >= 1


async def test_tokens_are_told_once_a_batch(desk: Helpdesk, system: System) -> None:
    for number in range(3):
        await desk.triage(said(f"T-{number}", "m1", FURIOUS))
    await desk.router.Preview(  # direct calls are no batches
        router_pb2.PreviewRequest(tenant=desk.tenant, messages=[said("T-3", "m1", THANKS)] * 20), timeout=10
    )
    for service in MODELS:

        async def alike(service: str = service) -> bool:
            batches = system.counted(service, "switchyard_stage_batch_entries_count")
            return batches > 0 and system.counted(service, "switchyard_stage_batch_tokens_count") == batches

        await eventually(alike, f"{service} has told the tokens of each batch")


async def test_no_word_of_a_customer_reaches_logs_or_metrics(desk: Helpdesk, system: System) -> None:
    """Canaries in every field that a customer or a helpdesk fills, in messages that are taken and refused."""
    canary = "zyxwombat"
    fields = {"subject": f"re {canary}", "attributes": {f"{canary}-key": f"{canary} value"}}
    await desk.triage(said("T-1", "m1", f"{FURIOUS} My name is {canary}.", **fields))
    await desk.triage(said("T-2", "m1", f"{GERMAN} Mein Name ist {canary}."))
    await desk.triage(said("T-2", "m2", f"Call me on +44 20 7946 0958, order 48213, {canary}@example.org."))
    refused = [
        said("T-1", "m1", f"Other content: {canary}"),
        said("T-3", "m1", f"\x00 {canary}"),
        said("T-3", "m1", "Hello", region=canary),
        said("T-3", "m1", "Hello", customer_tier=f"{canary} tier"),
        said("T-3", "m1", "Hello", language=canary),
        said("T-3", "m1", "Hello", subject=canary * 200),
    ]
    answers = await asyncio.gather(*(desk.submit(message) for message in refused), return_exceptions=True)
    assert all(isinstance(answer, grpc.aio.AioRpcError) for answer in answers)
    results = await desk.submit_batch(refused)
    assert all(result.HasField("error") for result in results)
    with pytest.raises(grpc.aio.AioRpcError):
        request = router_pb2.PreviewRequest(tenant=desk.tenant, messages=[said("T-4", "m1", canary)], policy_yaml=f"{canary}: [")
        await desk.router.Preview(request, timeout=10)
    await desk.people.ClaimItem(handoff_pb2.ClaimItemRequest(tenant=desk.tenant, agent="ann"), timeout=10)

    said_aloud = [str(answer.details()) for answer in answers] + [result.error.message for result in results]
    assert not [text for text in said_aloud if canary in text], "an error message quotes a customer"
    lines = system.logs().splitlines()
    assert lines
    assert not [line for line in lines if canary in line or "7946" in line or "outrageous" in line]
    assert not [name for name in SERVICES if canary in system.metrics(name)]


async def test_every_log_line_is_one_json_object(desk: Helpdesk, system: System) -> None:
    await desk.triage(said("T-1", "m1", THANKS))

    for line in system.logs().splitlines():
        assert {"event", "level", "time"} <= json.loads(line).keys(), line
    started = {event["service"]: event for event in system.events("service_started")}
    assert set(started) == set(SERVICES)
    for service, event in started.items():
        assert system.address(service) == f"127.0.0.1:{event['port']}"


async def test_a_message_can_be_followed_through_the_logs_by_its_ticket_and_its_trace(
    desk: Helpdesk, system: System
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    request = intake_pb2.TriageRequest(tenant=desk.tenant, message=said("T-log", "m1", THANKS))
    await desk.intake.Triage(request, timeout=15, metadata=(("traceparent", f"00-{trace}-00f067aa0ba902b7-01"),))

    async def told() -> bool:
        return all(
            any(line.get("trace_id") == trace and line.get("ticket") == "T-log" for line in system.events(event))
            for event in ("message_submitted", "message_decided")
        )

    await eventually(told, "intake and the router tell of the message")
    (decided,) = [line for line in system.events("message_decided") if line.get("trace_id") == trace]
    assert (decided["tenant"], decided["message"], decided["revision"]) == (desk.tenant, "m1", 1)
