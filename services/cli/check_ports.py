"""Checks of the ports: free, ours, or taken by somebody else."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli.finding import Finding, fail, ok, warn
from services.cli.settings import Settings
from services.topology import TOPOLOGY, ServiceTopology
from shared.errors import UnavailableError
from shared.rpc.client import ONCE, CallError, RpcClient

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 3.0


async def check_ports(settings: Settings) -> list[Finding]:
    """One finding a service: its gRPC port and its metrics port."""
    return list(await asyncio.gather(*(_check(settings, service) for service in TOPOLOGY)))


async def _check(settings: Settings, service: ServiceTopology) -> Finding:
    section = getattr(settings, service.name)
    host = settings.client_host
    check = f"port {service.name}"
    mend = f"stop what listens there, or set SWITCHYARD_{service.name.upper()}__"
    if not await _listens(host, section.port):
        if section.metrics_port and await _listens(host, section.metrics_port):
            return fail(check, f"{host}:{section.metrics_port} (metrics) is taken", f"{mend}METRICS_PORT")
        return ok(check, f"{host}:{section.port} and {section.metrics_port} are free")
    try:
        status = await _health(f"{host}:{section.port}", service.rpc_services[0])
    except (CallError, UnavailableError):
        return fail(check, f"{host}:{section.port} is taken by another program", f"{mend}PORT")
    serving = status == health_pb2.HealthCheckResponse.SERVING
    if not serving:
        return warn(
            check, f"{host}:{section.port} is ours and not ready", "wait a moment; else look at its log and at the store"
        )
    if not await asyncio.to_thread(_is_ours, host, section.metrics_port):
        return fail(check, f"{host}:{section.metrics_port} (metrics) does not answer as ours", f"{mend}METRICS_PORT")
    return ok(check, f"{host}:{section.port} and {section.metrics_port} are ours, serving")


async def _listens(host: str, port: int) -> bool:
    if not port:
        return False
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _health(address: str, service: str) -> int:
    async with RpcClient(address) as client:
        stub = client.stub(health_pb2_grpc.HealthStub)
        request = health_pb2.HealthCheckRequest(service=service)
        answer: health_pb2.HealthCheckResponse = await client.call(stub.Check, request, ANSWER_SECONDS, ONCE)
    return int(answer.status)


def _is_ours(host: str, port: int) -> bool:
    if not port:
        return True
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=ANSWER_SECONDS) as answer:
            return b"switchyard_ready" in answer.read()
    except (OSError, urllib.error.URLError, ValueError):
        return False
