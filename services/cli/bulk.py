"""Submits many messages at a chosen rate, in order, waiting out whatever can be waited out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import grpc

from services.cli.import_file import Rejection, Row
from shared.errors import BacklogFullError
from shared.pb.switchyard.v1 import intake_pb2 as pb
from shared.pb.switchyard.v1 import intake_pb2_grpc
from shared.rpc.client import CallError, Retries, RpcClient

BATCH = 50
BATCH_BYTES = 1024 * 1024  # a sixteenth of what a server takes in one request unless set otherwise
BATCHES_PER_SECOND = 5  # at low rates batches shrink, so that the rate holds within each second
LEAST_CALL_SECONDS = 1.0
UNTIRING = Retries(attempts=1_000_000, when_full=True)
_PLACE = re.compile(r"\bmessages\[\d+\]\.?")  # the place in our batch means nothing to the file's owner


@dataclass(slots=True)
class Report:
    """What became of a file: counts, and the rejected lines; true at any moment of a run."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejection] = field(default_factory=list)


class BulkSubmitter:
    """Submits rows in batches, one call at a time: a ticket's messages keep their order.

    ``patience`` is how many seconds may pass without any progress (a full backlog, an absent server) before
    it gives up. Everything submitted is idempotent, so a run that ended early can simply be repeated.
    """

    def __init__(
        self,
        client: RpcClient,
        tenant: str,
        report: Report,
        rate: float = 0.0,
        patience: float = 300.0,
        progress: Callable[[Report], None] = lambda _: None,
    ) -> None:
        self._client, self._tenant, self._rate, self._patience = client, tenant, rate, patience
        self._stub = client.stub(intake_pb2_grpc.TicketIntakeServiceStub)
        self._progress = progress
        self.report = report

    async def submit(self, rows: Iterable[Row | Rejection]) -> None:
        """Submit every row; raises UnavailableError, CallError or BacklogFullError when patience ends."""
        loop = asyncio.get_running_loop()
        started, sent = loop.time(), 0
        size = BATCH if self._rate <= 0 else max(1, min(BATCH, round(self._rate / BATCHES_PER_SECOND)))
        for chunk in chunks(rows, size, BATCH_BYTES):
            batch = []
            for row in chunk:
                if isinstance(row, Rejection):
                    self.report.rejected.append(row)
                else:
                    batch.append(row)
            if batch:
                if self._rate > 0:
                    await asyncio.sleep(max(0.0, started + sent / self._rate - loop.time()))
                await self._submit_batch(batch)
                sent += len(batch)
            self._progress(self.report)

    async def _submit_batch(self, rows: Sequence[Row]) -> None:
        loop = asyncio.get_running_loop()
        patient_until = loop.time() + self._patience
        while rows:
            request = pb.SubmitMessagesRequest(tenant=self._tenant, messages=[row.message for row in rows])
            left = max(LEAST_CALL_SECONDS, patient_until - loop.time())
            try:
                answer = await self._client.call(self._stub.SubmitMessages, request, left, UNTIRING)
            except CallError as error:
                if error.code is not grpc.StatusCode.RESOURCE_EXHAUSTED or error.retry_after_ms:
                    raise
                await self._submit_less(rows)
                return
            again, wait_ms = [], 0
            for row, result in zip(rows, answer.results, strict=True):
                if result.HasField("acknowledgement"):
                    self.report.duplicates += result.acknowledgement.duplicate
                    self.report.accepted += not result.acknowledgement.duplicate
                elif result.error.retry_after_ms:
                    again.append(row)
                    wait_ms = max(wait_ms, result.error.retry_after_ms)
                else:
                    self.report.rejected.append(_rejection(row, result.error))
            if again:
                if len(again) < len(rows):
                    patient_until = loop.time() + self._patience
                elif loop.time() >= patient_until:
                    raise BacklogFullError(f"the backlog stayed full for {self._patience:g} s", wait_ms)
                self._progress(self.report)
                await asyncio.sleep(wait_ms / 1000)
            rows = again

    async def _submit_less(self, rows: Sequence[Row]) -> None:
        """After a request that was larger than the server takes: it may be set to take less than we send."""
        if len(rows) == 1:
            reason = "is larger than the server takes; its platform.max_request_bytes says how large a request may be"
            self.report.rejected.append(_refused(rows[0], reason))
            return
        middle = len(rows) // 2
        await self._submit_batch(rows[:middle])
        await self._submit_batch(rows[middle:])


def chunks(rows: Iterable[Row | Rejection], most: int, most_bytes: int) -> Iterator[list[Row | Rejection]]:
    """Rows in their order, at most ``most`` at once, and of ``most_bytes`` together unless one alone is larger."""
    chunk: list[Row | Rejection] = []
    size = 0
    for row in rows:
        own = row.message.ByteSize() if isinstance(row, Row) else 0
        if chunk and (len(chunk) == most or size + own > most_bytes):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += own
    if chunk:
        yield chunk


def _rejection(row: Row, error: pb.SubmitError) -> Rejection:
    reason = _PLACE.sub("", error.message)
    if not reason:
        reason = next((code.name for code in grpc.StatusCode if code.value[0] == error.code), "refused")
    return _refused(row, reason)


def _refused(row: Row, reason: str) -> Rejection:
    return Rejection(row.line, reason, row.message.ticket_id, row.message.message_id)
