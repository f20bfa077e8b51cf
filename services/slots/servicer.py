"""SlotService: protobuf in and out."""

from __future__ import annotations

from typing import Any

from shared.clock import Clock
from shared.convert import slots_to_pb, utterance_from_pb
from shared.domain.analysis import SlotAnalysis
from shared.inference.host import ModelHost
from shared.pb.switchyard.v1 import slots_pb2 as pb
from shared.pb.switchyard.v1 import slots_pb2_grpc as pb_grpc
from shared.rpc.server import Servicer


class SlotServicer(pb_grpc.SlotServiceServicer):
    """Answers directly with the model that also reads the queue."""

    def __init__(self, host: ModelHost[SlotAnalysis], clock: Clock) -> None:
        self._host, self._clock = host, clock

    async def Extract(self, request: pb.ExtractRequest, context: Any) -> pb.ExtractResponse:
        now = self._clock.now_ms()
        results = await self._host.answer([utterance_from_pb(value, now) for value in request.utterances])
        return pb.ExtractResponse(results=[slots_to_pb(result) for result in results])


def servicer(host: ModelHost[SlotAnalysis], clock: Clock) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.SlotService",
        pb_grpc.add_SlotServiceServicer_to_server,
        SlotServicer(host, clock),
    )
