"""A helpdesk as tests play it: submits, retries as docs/integrating.md asks, reads, and watches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Self

import grpc
from google.protobuf.message import Message as ProtoMessage
from google.rpc import error_details_pb2, status_pb2

from shared.pb.switchyard.v1 import handoff_pb2_grpc, intake_pb2, intake_pb2_grpc, router_pb2_grpc
from shared.pb.switchyard.v1.ticket_pb2 import AUTHOR_AGENT, Decision, NewMessage, TicketEntry
from shared.rpc.client import CHANNEL_OPTIONS
from shared.rpc.status import STATUS_DETAILS
from tests.harness.waiting import eventually

CALL_SECONDS = 15.0
RETRY_SECONDS = 0.05
# CANCELLED by the far side: the call reached a server in the moment in which it stopped.
GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
WORTH_RETRYING = (*GONE, grpc.StatusCode.DEADLINE_EXCEEDED)


def said(ticket: str, message: str, text: str, **fields: Any) -> NewMessage:
    """What a customer wrote."""
    return NewMessage(ticket_id=ticket, message_id=message, text=text, **fields)


def answered(ticket: str, message: str, text: str) -> NewMessage:
    """What an agent wrote."""
    return said(ticket, message, text, author=AUTHOR_AGENT)


class Helpdesk:
    """One tenant's client of intake, and of the human queue and the router where their addresses are given."""

    def __init__(self, tenant: str, intake: str, handoff: str = "", router: str = "") -> None:
        self.tenant = tenant
        self.retried = 0  # calls that `submit_surely` made again
        self._channels = {
            name: grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
            for name, address in (("intake", intake), ("handoff", handoff), ("router", router))
            if address
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for channel in self._channels.values():
            await channel.close(None)

    @property
    def intake(self) -> Any:
        return intake_pb2_grpc.TicketIntakeServiceStub(self._channels["intake"])

    @property
    def people(self) -> Any:
        return handoff_pb2_grpc.HumanQueueServiceStub(self._channels["handoff"])

    @property
    def router(self) -> Any:
        return router_pb2_grpc.RouterServiceStub(self._channels["router"])

    async def submit(self, message: NewMessage) -> intake_pb2.Acknowledgement:
        """Raises AioRpcError as the server refuses."""
        request = intake_pb2.SubmitMessageRequest(tenant=self.tenant, message=message)
        answer = await self.intake.SubmitMessage(request, timeout=CALL_SECONDS)
        acknowledgement: intake_pb2.Acknowledgement = answer.acknowledgement
        return acknowledgement

    async def submit_batch(self, messages: Iterable[NewMessage]) -> Sequence[intake_pb2.SubmitResult]:
        request = intake_pb2.SubmitMessagesRequest(tenant=self.tenant, messages=messages)
        answer = await self.intake.SubmitMessages(request, timeout=CALL_SECONDS)
        results: Sequence[intake_pb2.SubmitResult] = answer.results
        return results

    async def submit_surely(
        self,
        messages: Iterable[NewMessage],
        batch: int = 50,
        told: Callable[[Sequence[intake_pb2.Acknowledgement]], None] = lambda _: None,
        seconds: float = 90.0,
    ) -> list[intake_pb2.Acknowledgement]:
        """Submit in order, batch by batch, again and again until each is acknowledged.

        Only what may be tried again is: absence, a missed deadline, a full backlog. ``told`` hears of each batch.
        """
        loop = asyncio.get_running_loop()
        end, source = loop.time() + seconds, iter(messages)
        acknowledged: list[intake_pb2.Acknowledgement] = []
        while chunk := list(islice(source, batch)):
            while True:
                try:
                    results = await self.submit_batch(chunk)
                except grpc.aio.AioRpcError as error:
                    if error.code() not in WORTH_RETRYING or loop.time() > end:
                        raise
                    self.retried += 1
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                errors = [result.error for result in results if result.HasField("error")]
                if not errors:
                    break
                if any(not error.retry_after_ms for error in errors) or loop.time() > end:
                    raise AssertionError(f"a message was refused for good: {errors[0]}")
                await asyncio.sleep(max(error.retry_after_ms for error in errors) / 1000)
            answers = [result.acknowledgement for result in results]
            acknowledged += answers
            told(answers)
        return acknowledged

    async def triage(self, message: NewMessage, seconds: float = CALL_SECONDS) -> intake_pb2.TriageResponse:
        request = intake_pb2.TriageRequest(tenant=self.tenant, message=message)
        answer: intake_pb2.TriageResponse = await self.intake.Triage(request, timeout=seconds)
        return answer

    async def ticket(self, ticket: str) -> intake_pb2.GetTicketResponse:
        request = intake_pb2.GetTicketRequest(tenant=self.tenant, ticket_id=ticket)
        answer: intake_pb2.GetTicketResponse = await self.intake.GetTicket(request, timeout=CALL_SECONDS)
        return answer

    async def decided(self, ticket: str, seconds: float = CALL_SECONDS) -> Sequence[TicketEntry]:
        """The ticket's entries as soon as each has a decision."""
        entries: Sequence[TicketEntry] = ()

        async def all_decided() -> bool:
            nonlocal entries
            entries = (await self.ticket(ticket)).entries
            return all(entry.HasField("decision") for entry in entries)

        await eventually(all_decided, f"every message of {ticket} is decided", seconds)
        return entries


@dataclass
class Watch:
    """What a watcher has seen: every decision in the order of arrival, repetitions too, and the last token."""

    token: str = ""
    seen: list[Decision] = field(default_factory=list)
    heartbeats: int = 0
    connections: int = 0

    def keys(self) -> set[tuple[str, str]]:
        """Ticket and message of each decision seen."""
        return {(decision.ticket_id, decision.message_id) for decision in self.seen}

    def first_seen(self, ticket: str) -> list[tuple[int, int]]:
        """A ticket's (sequence, revision) in the order in which each was seen first."""
        pairs = [(one.sequence, one.revision) for one in self.seen if one.ticket_id == ticket]
        return list(dict.fromkeys(pairs))


@asynccontextmanager
async def watching(desk: Helpdesk, token: str = "") -> AsyncIterator[Watch]:
    """Follow a tenant's decisions from a token, reconnecting by the last token; returns once connected."""
    watch = Watch(token)
    task = asyncio.create_task(_follow(desk, watch))

    async def connected() -> bool:
        if task.done():
            await task
        return watch.connections > 0

    try:
        await eventually(connected, "the watcher is connected")
        yield watch
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(desk: Helpdesk, watch: Watch) -> None:
    while True:
        request = intake_pb2.WatchDecisionsRequest(tenant=desk.tenant, resume_token=watch.token)
        fresh = True
        try:
            async for response in desk.intake.WatchDecisions(request):
                watch.connections += fresh
                fresh = False
                watch.token = response.resume_token
                if response.HasField("decision"):
                    watch.seen.append(response.decision)
                else:
                    watch.heartbeats += 1
        except grpc.aio.AioRpcError as error:
            if error.code() not in GONE:
                raise
        await asyncio.sleep(RETRY_SECONDS)


def details(error: grpc.aio.AioRpcError, kind: type[ProtoMessage]) -> list[Any]:
    """The google.rpc details of a kind that an error carries."""
    found = []
    for key, value in error.trailing_metadata() or ():
        if key == STATUS_DETAILS and isinstance(value, bytes):
            for packed in status_pb2.Status.FromString(value).details:
                detail = kind()
                if packed.Unpack(detail):
                    found.append(detail)
    return found


def bad_fields(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Field -> what is wrong with it, of an INVALID_ARGUMENT."""
    return {
        violation.field: violation.description
        for request in details(error, error_details_pb2.BadRequest)
        for violation in request.field_violations
    }
