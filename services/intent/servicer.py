"""IntentService: protobuf in and out."""

from __future__ import annotations

from typing import Any

from shared.clock import Clock
from shared.convert import intent_to_pb, utterance_from_pb
from shared.domain.analysis import IntentAnalysis
from shared.inference.host import ModelHost
from shared.pb.switchyard.v1 import intent_pb2 as pb
from shared.pb.switchyard.v1 import intent_pb2_grpc as pb_grpc
from shared.rpc.server import Servicer


class IntentServicer(pb_grpc.IntentServiceServicer):
    """Answers directly with the model that also reads the queue."""

    def __init__(self, host: ModelHost[IntentAnalysis], clock: Clock) -> None:
        self._host, self._clock = host, clock

    async def Classify(self, request: pb.ClassifyRequest, context: Any) -> pb.ClassifyResponse:
        now = self._clock.now_ms()
        results = await self._host.answer([utterance_from_pb(value, now) for value in request.utterances])
        return pb.ClassifyResponse(results=[intent_to_pb(result) for result in results])


def servicer(host: ModelHost[IntentAnalysis], clock: Clock) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.IntentService",
        pb_grpc.add_IntentServiceServicer_to_server,
        IntentServicer(host, clock),
    )
