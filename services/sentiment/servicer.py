"""SentimentService: protobuf in and out."""

from __future__ import annotations

from typing import Any

from shared.clock import Clock
from shared.convert import sentiment_to_pb, utterance_from_pb
from shared.domain.analysis import SentimentAnalysis
from shared.inference.host import ModelHost
from shared.pb.switchyard.v1 import sentiment_pb2 as pb
from shared.pb.switchyard.v1 import sentiment_pb2_grpc as pb_grpc
from shared.rpc.server import Servicer


class SentimentServicer(pb_grpc.SentimentServiceServicer):
    """Answers directly with the model that also reads the queue."""

    def __init__(self, host: ModelHost[SentimentAnalysis], clock: Clock) -> None:
        self._host, self._clock = host, clock

    async def Score(self, request: pb.ScoreRequest, context: Any) -> pb.ScoreResponse:
        now = self._clock.now_ms()
        results = await self._host.answer([utterance_from_pb(value, now) for value in request.utterances])
        return pb.ScoreResponse(results=[sentiment_to_pb(result) for result in results])


def servicer(host: ModelHost[SentimentAnalysis], clock: Clock) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.SentimentService",
        pb_grpc.add_SentimentServiceServicer_to_server,
        SentimentServicer(host, clock),
    )
