"""A gRPC server as every service has it: guarded methods, health, reflection, graceful stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from shared.observability.rpc_metrics import RpcMetrics
from shared.rpc.interceptors import CallGuard

REFUSE_SECONDS = 0.2
MOST_CALLS = 1000  # where nobody says otherwise
# Calls beyond that gRPC still takes: health checks must be answered when a service is busy, and calls that are
# one too many are told when to come again, which gRPC's own refusal does not say.
SPARE_CALLS = 100


@dataclass(frozen=True, slots=True)
class Servicer:
    """A servicer, how to register it, and its full name (``switchyard.v1.IntentService``)."""

    full_name: str
    register: Callable[[Any, grpc.aio.Server], None]
    implementation: Any


class RpcServer:
    """Listens on one port; not ready until told so.

    ``most_calls``, to be set before the start, is how many calls may run at once.
    """

    def __init__(
        self, address: str, servicers: Sequence[Servicer], metrics: RpcMetrics, max_request_bytes: int
    ) -> None:
        self._address, self._servicers, self._max_request_bytes = address, servicers, max_request_bytes
        self._guard = CallGuard(metrics)
        self._server: grpc.aio.Server | None = None
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        self._names = [servicer.full_name for servicer in servicers]
        self.most_calls = MOST_CALLS
        self.port = 0

    def _build(self) -> grpc.aio.Server:
        options = [
            ("grpc.max_receive_message_length", self._max_request_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
            ("grpc.keepalive_permit_without_calls", 1),
        ]
        self._guard.most_calls = self.most_calls
        server = grpc.aio.server(
            interceptors=[self._guard], options=options, maximum_concurrent_rpcs=self.most_calls + SPARE_CALLS
        )
        for servicer in self._servicers:
            servicer.register(servicer.implementation, server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflected = (*self._names, "grpc.health.v1.Health", reflection.SERVICE_NAME)
        reflection.enable_server_reflection(reflected, server)
        return server

    async def start(self) -> None:
        """Bind and serve, NOT_SERVING yet. Raises OSError where the port is taken."""
        self._server = self._build()
        try:
            self.port = self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise OSError(f"cannot listen on {self._address}: is the port taken?") from error
        await self._server.start()
        await self.set_ready(False)

    async def set_ready(self, ready: bool) -> None:
        """Tell health checkers; "" stands for the whole server."""
        status = (
            health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        for name in ("", *self._names):
            await self._health.set(name, status)

    async def stop(self, grace: float) -> None:
        """NOT_SERVING, no new calls, `grace` seconds for those that run; streams end at once, waiting ones soon."""
        await self._health.enter_graceful_shutdown()
        self._guard.drain()
        # Calls that have arrived but are not taken yet when gRPC stops end as CANCELLED, which nobody tries
        # again. For a moment everything new is taken and answered UNAVAILABLE, and callers back off.
        await asyncio.sleep(REFUSE_SECONDS)
        if self._server is not None:
            await self._server.stop(grace)
