"""Feeds the screen of `switchyard run`: hands in the sample inbox and follows every decision."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from services.cli.board import Board
from services.cli.import_file import Rejection, read_rows
from shared.config import PACKS
from shared.errors import DataFormatError, SwitchyardError
from shared.pb.switchyard.v1 import intake_pb2 as pb
from shared.pb.switchyard.v1 import intake_pb2_grpc
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage
from shared.rpc.client import Retries, RpcClient

SAMPLE_TENANT = "shop-demo"
SAMPLE = PACKS.parent / "samples" / "inbox.jsonl"
PATIENT = Retries(attempts=1000, most_s=0.5)
START_SECONDS = 60.0
RECONNECT_SECONDS = 0.5


def read_sample(path: Path = SAMPLE) -> list[NewMessage]:
    """The messages of the sample inbox. Raises DataFormatError where a line cannot be used."""
    messages = []
    for row in read_rows(path):
        if isinstance(row, Rejection):
            raise DataFormatError(f"{path}, line {row.line}: {row.reason}")
        messages.append(row.message)
    return messages


class Feed:
    """Decisions of some tenants on their way to the board.

    Watching starts before the sample is submitted, so that no decision slips between the two. Messages that
    an earlier run submitted are known: their kept decisions are read from the tickets.
    """

    def __init__(self, address: str, tenants: Sequence[str], board: Board, sample: Sequence[NewMessage]) -> None:
        self._address, self._tenants, self._board, self._sample = address, tenants, board, sample
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin in the background."""
        self._task = asyncio.create_task(self._run(), name="sample-inbox")

    async def stop(self, grace: float) -> None:  # noqa: ARG002
        """Hang up at once, so that no server waits for us."""
        self._board.status("draining")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        async with RpcClient(self._address) as client:
            stub = client.stub(intake_pb2_grpc.TicketIntakeServiceStub)
            positioned = [asyncio.Event() for _ in self._tenants]
            watchers = [
                asyncio.create_task(self._watch(client, stub, tenant, event))
                for tenant, event in zip(self._tenants, positioned, strict=True)
            ]
            try:
                await asyncio.gather(*(event.wait() for event in positioned))
                if self._sample:
                    await self._submit(client, stub)
                await asyncio.gather(*watchers)
            except SwitchyardError as error:
                self._board.tell(f"the sample inbox was refused: {error}")
                await asyncio.gather(*watchers)
            finally:
                for watcher in watchers:
                    watcher.cancel()
                await asyncio.gather(*watchers, return_exceptions=True)

    async def _watch(
        self,
        client: RpcClient,
        stub: intake_pb2_grpc.TicketIntakeServiceAsyncStub,
        tenant: str,
        positioned: asyncio.Event,
    ) -> None:
        token = ""
        while True:
            with contextlib.suppress(SwitchyardError):
                request = pb.WatchDecisionsRequest(tenant=tenant, resume_token=token)
                async for response in client.stream(stub.WatchDecisions, request):
                    token = response.resume_token
                    positioned.set()
                    if response.HasField("decision"):
                        self._board.decided(response.decision)
            await asyncio.sleep(RECONNECT_SECONDS if positioned.is_set() else 0.05)

    async def _submit(self, client: RpcClient, stub: intake_pb2_grpc.TicketIntakeServiceAsyncStub) -> None:
        request = pb.SubmitMessagesRequest(tenant=SAMPLE_TENANT, messages=self._sample)
        answer = await client.call(stub.SubmitMessages, request, START_SECONDS, PATIENT)
        known: list[str] = []
        for message, result in zip(self._sample, answer.results, strict=True):
            if result.HasField("error"):
                self._board.tell(f"{message.ticket_id}/{message.message_id} was refused: {result.error.message}")
                continue
            self._board.submitted(SAMPLE_TENANT, message, result.acknowledgement)
            if result.acknowledgement.duplicate and message.ticket_id not in known:
                known.append(message.ticket_id)
        for ticket in known:
            found = await client.call(
                stub.GetTicket, pb.GetTicketRequest(tenant=SAMPLE_TENANT, ticket_id=ticket), START_SECONDS, PATIENT
            )
            for entry in found.entries:
                if entry.HasField("decision"):
                    self._board.decided(entry.decision)
