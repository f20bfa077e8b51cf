"""Every RPC of every service as raw bytes: what a stranger can send, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.topology import TOPOLOGY

# Importing them puts the services into the descriptor pool.
from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2, intent_pb2, router_pb2, sentiment_pb2, slots_pb2
from tests.harness.helpdesk import bad_fields
from tests.harness.system import System

FILES = (intake_pb2, intent_pb2, slots_pb2, sentiment_pb2, router_pb2, handoff_pb2)
CALL_SECONDS = 30.0
# A watcher's first answer comes at once, and whoever triages may give up: these end soon either way.
SHORT_SECONDS = 1.0
WAITING = ("Triage", "WatchDecisions", "WatchItems")


@dataclass(frozen=True)
class Rpc:
    """One method of one service."""

    service: str
    full_service: str
    method: str
    streams: bool

    @property
    def path(self) -> str:
        return f"/{self.full_service}/{self.method}"

    @property
    def request(self) -> type[Message]:
        """Class of its request."""
        described: Any = descriptor_pool.Default().FindMethodByName(f"{self.full_service}.{self.method}")
        return message_factory.GetMessageClass(described.input_type)

    @property
    def seconds(self) -> float:
        """The deadline that a test gives it."""
        return SHORT_SECONDS if self.method in WAITING else CALL_SECONDS


def every_rpc() -> list[Rpc]:
    """All methods of all services of the topology."""
    found = []
    for service in TOPOLOGY:
        for full_name in service.rpc_services:
            described: Any = descriptor_pool.Default().FindServiceByName(full_name)
            found += [
                Rpc(service.name, full_name, method.name, method.server_streaming) for method in described.methods
            ]
    return found


RPCS = every_rpc()


@dataclass(frozen=True)
class Answer:
    """How a call ended: the status, its text, the fields that it names, and the bytes where it is OK."""

    code: grpc.StatusCode
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def problems(self) -> dict[str, str]:
        """Field -> what is wrong with it, where the request was invalid."""
        return dict(self.fields)


class Stranger:
    """Sends bytes to any RPC of a running system; of a stream it takes the first answer and leaves."""

    def __init__(self, system: System) -> None:
        names = {rpc.service for rpc in RPCS}
        self._channels = {name: grpc.insecure_channel(system.address(name)) for name in names}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for channel in self._channels.values():
            channel.close()

    def send(self, service: str, path: str, raw: bytes, seconds: float, streams: bool = False) -> Answer:
        """One call of a method, whether or not it exists."""
        channel = self._channels[service]
        try:
            if not streams:
                return Answer(grpc.StatusCode.OK, body=channel.unary_unary(path)(raw, timeout=seconds))
            call = channel.unary_stream(path)(raw, timeout=seconds)
            try:
                return Answer(grpc.StatusCode.OK, body=next(iter(call)))
            finally:
                call.cancel()
        except grpc.RpcError as refusal:
            error: Any = refusal
            return Answer(error.code(), error.details() or "", tuple(bad_fields(error).items()))

    def not_serving(self) -> list[str]:
        """gRPC services whose health is other than SERVING."""
        found = []
        for rpc in {one.full_service: one for one in RPCS}.values():
            check = health_pb2_grpc.HealthStub(self._channels[rpc.service]).Check
            answer = check(health_pb2.HealthCheckRequest(service=rpc.full_service), timeout=CALL_SECONDS)
            if answer.status != health_pb2.HealthCheckResponse.SERVING:
                found.append(rpc.full_service)
        return found

    def call(self, rpc: Rpc, request: bytes | Message) -> Answer:
        raw = request if isinstance(request, bytes) else request.SerializeToString()
        return self.send(rpc.service, rpc.path, raw, rpc.seconds, rpc.streams)


def rpc(method: str) -> Rpc:
    """The method of that name; names are unique over all services."""
    (found,) = (one for one in RPCS if one.method == method)
    return found
