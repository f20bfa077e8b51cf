"""TicketIntakeService: protobuf in and out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import structlog

from services.intake.decisions import DecidedStreams, DecisionWaiter
from services.intake.metrics import IntakeMetrics
from services.intake.quota import StoreHeadroom
from services.intake.submit import Admission, Receipt, Submitter, digest, refusal
from shared.convert import (
    analysis_to_pb,
    conversation_to_pb,
    decision_to_pb,
    decode_decision_pb,
    entry_to_pb,
    message_from_new,
    timestamp,
)
from shared.domain.ticket import Message
from shared.errors import BacklogFullError, NotFoundError
from shared.language import LanguageIdentifier
from shared.observability.logging import trace_id
from shared.pb.switchyard.v1 import intake_pb2 as pb
from shared.pb.switchyard.v1 import intake_pb2_grpc as pb_grpc
from shared.pb.switchyard.v1 import ticket_pb2
from shared.rpc.interceptors import traceparent
from shared.rpc.server import Servicer
from shared.rpc.status import failure_of, invalid
from shared.rpc.validation import violations
from shared.streams.names import reference
from shared.streams.records import Records
from shared.tenants import Tenants

log = structlog.get_logger(__name__)
RECHECK_SECONDS = 1.0
DEFAULT_PATIENCE_SECONDS = 30.0


class IntakeServicer(pb_grpc.TicketIntakeServiceServicer):
    """Takes messages in and gives decisions out."""

    def __init__(
        self,
        tenants: Tenants,
        languages: LanguageIdentifier,
        submitter: Submitter,
        headroom: StoreHeadroom,
        records: Records,
        streams: DecidedStreams,
        waiter: DecisionWaiter,
        metrics: IntakeMetrics,
        retry_after_ms: int,
        heartbeat_s: float,
        most_watchers: int,
    ) -> None:
        self._tenants, self._languages, self._submitter = tenants, languages, submitter
        self._headroom, self._records, self._streams = headroom, records, streams
        self._waiter, self._metrics = waiter, metrics
        self._retry_after_ms, self._heartbeat_s = retry_after_ms, heartbeat_s
        self._most_watchers, self._watching = most_watchers, 0

    async def SubmitMessage(self, request: pb.SubmitMessageRequest, context: Any) -> pb.SubmitMessageResponse:
        message, mark = self._read(request.tenant, request.message, context)
        receipt = await self._submit_one(message, mark)
        return pb.SubmitMessageResponse(acknowledgement=_acknowledge(message, receipt))

    async def SubmitMessages(self, request: pb.SubmitMessagesRequest, context: Any) -> pb.SubmitMessagesResponse:
        self._tenants.require(request.tenant)
        self._headroom.require()
        results: list[pb.SubmitResult | None] = []
        good: list[tuple[int, Message, bytes]] = []
        for index, new in enumerate(request.messages):
            found = violations(new)
            if found:
                self._metrics.submitted("invalid")
                failure = invalid([(f"messages[{index}].{field}", problem) for field, problem in found])
                error = pb.SubmitError(code=failure.code.value[0], message=failure.message)
                results.append(pb.SubmitResult(error=error))
                continue
            message, mark = self._read(request.tenant, new, context)
            good.append((index, message, mark))
            results.append(None)
        receipts = await self._submitter.submit([m for _, m, _ in good], [mark for _, _, mark in good])
        for (index, message, _), receipt in zip(good, receipts, strict=True):
            results[index] = self._result(message, receipt)
        return pb.SubmitMessagesResponse(results=[result for result in results if result is not None])

    async def Triage(self, request: pb.TriageRequest, context: Any) -> pb.TriageResponse:
        message, mark = self._read(request.tenant, request.message, context)
        name = reference(message.key)
        remaining = context.time_remaining()
        patience = min(remaining or DEFAULT_PATIENCE_SECONDS, 600.0)
        async with asyncio.timeout(patience):
            seen = await self._waiter.expect(name)
            try:
                receipt = await self._submit_one(message, mark)
                while True:
                    record = await self._records.message(message.key)
                    if record is not None and record.decision is not None:
                        break
                    # The stream wakes us; looking again each second covers a missed wake-up.
                    await asyncio.wait([seen], timeout=RECHECK_SECONDS)
            finally:
                self._waiter.forget(name, seen)
        return pb.TriageResponse(
            acknowledgement=_acknowledge(message, receipt),
            decision=decision_to_pb(record.decision),
            analysis=analysis_to_pb(record.analysis),
        )

    async def GetTicket(self, request: pb.GetTicketRequest, context: Any) -> pb.GetTicketResponse:
        self._tenants.require(request.tenant)
        found = await self._records.ticket(request.tenant, request.ticket_id)
        if found is None:
            raise NotFoundError(
                f"ticket_id: tenant {request.tenant!r} has no ticket {request.ticket_id!r}, or it has expired"
            )
        records, conversation = found
        return pb.GetTicketResponse(
            entries=[entry_to_pb(record.entry) for record in records],
            conversation=conversation_to_pb(conversation),
        )

    async def WatchDecisions(
        self, request: pb.WatchDecisionsRequest, context: Any
    ) -> AsyncIterator[pb.WatchDecisionsResponse]:
        self._tenants.require(request.tenant)
        if self._watching >= self._most_watchers:
            raise BacklogFullError(
                f"{self._watching} streams follow decisions here, and intake.watchers allows no more; follow with "
                "fewer, ask another replica, or try again later",
                self._retry_after_ms,
            )
        self._watching += 1
        self._metrics.watchers.set(self._watching)
        try:
            async for entry, token in self._streams.follow(
                request.tenant, request.resume_token, self._heartbeat_s
            ):
                decision = None
                if entry is not None:
                    decision = decode_decision_pb(entry.fields[b"d"], int(entry.text(b"at") or 0))
                yield pb.WatchDecisionsResponse(decision=decision, resume_token=token)
        finally:
            self._watching -= 1
            self._metrics.watchers.set(self._watching)

    def _read(self, tenant: str, new: ticket_pb2.NewMessage, context: Any) -> tuple[Message, bytes]:
        """A request's message ready to submit, and the digest of what was sent."""
        self._tenants.require(tenant)
        declared = message_from_new(tenant, new, new.language)
        mark = digest(declared)
        language = new.language or self._languages.identify(new.text)
        return replace(declared, language=language, traceparent=traceparent(context)), mark

    async def _submit_one(self, message: Message, mark: bytes) -> Receipt:
        self._headroom.require()
        receipt = (await self._submitter.submit([message], [mark]))[0]
        self._count(message, receipt)
        error = refusal(receipt, message, self._retry_after_ms)
        if error is not None:
            raise error
        return receipt

    def _result(self, message: Message, receipt: Receipt) -> pb.SubmitResult:
        self._count(message, receipt)
        error = refusal(receipt, message, self._retry_after_ms)
        if error is None:
            return pb.SubmitResult(acknowledgement=_acknowledge(message, receipt))
        failure = failure_of(error)
        after = error.retry_after_ms if isinstance(error, BacklogFullError) else 0
        return pb.SubmitResult(
            error=pb.SubmitError(code=failure.code.value[0], message=failure.message, retry_after_ms=after)
        )

    def _count(self, message: Message, receipt: Receipt) -> None:
        self._metrics.submitted(receipt.admission.value)
        log.debug(
            "message_submitted", tenant=message.key.tenant, ticket=message.key.ticket, message=message.key.message,
            admission=receipt.admission.value, sequence=receipt.sequence, trace_id=trace_id(message.traceparent),
        )  # fmt: skip
        if receipt.admission is Admission.NEW:
            self._metrics.accepted_language(self._languages.bounded(message.language))


def _acknowledge(message: Message, receipt: Receipt) -> pb.Acknowledgement:
    return pb.Acknowledgement(
        ticket_id=message.key.ticket,
        message_id=message.key.message,
        sequence=receipt.sequence,
        accepted_at=timestamp(receipt.accepted_at_ms),
        duplicate=receipt.admission is Admission.KNOWN,
        language=message.language,
    )


def servicer(implementation: IntakeServicer) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.TicketIntakeService",
        pb_grpc.add_TicketIntakeServiceServicer_to_server,
        implementation,
    )
