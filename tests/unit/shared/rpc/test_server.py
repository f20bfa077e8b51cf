"""The server's own streams, health and reflection: they answer as ever, and hold up no stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import CollectorRegistry

from shared.errors import UnavailableError
from shared.observability.rpc_metrics import RpcMetrics
from shared.rpc.client import ONCE, Retries, RpcClient
from shared.rpc.server import SPARE_CALLS, RpcServer

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
GRACE_SECONDS = 30.0
PROMPT_SECONDS = 3.0
PATIENT = Retries(attempts=1000, when_full=True)


@pytest.fixture
async def server() -> AsyncIterator[RpcServer]:
    running = RpcServer("127.0.0.1:0", [], RpcMetrics(CollectorRegistry()), 65_536)
    running.most_calls = 4
    await running.start()
    await running.set_ready(True)
    yield running
    await running.stop(0)


@pytest.fixture
async def channel(server: RpcServer) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as opened:
        yield opened


async def asked() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
    """A tool that asks once and leaves its stream open."""
    yield reflection_pb2.ServerReflectionRequest(list_services="")
    await asyncio.sleep(GRACE_SECONDS * 2)


async def test_open_health_watches_hold_up_no_stop_and_hear_of_it(server: RpcServer, channel: grpc.aio.Channel) -> None:
    watches = [health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()) for _ in range(3)]
    for watch in watches:
        assert (await watch.read()).status == SERVING

    began = time.monotonic()
    await server.stop(GRACE_SECONDS)

    assert time.monotonic() - began < PROMPT_SECONDS
    for watch in watches:
        assert (await watch.read()).status == NOT_SERVING
        assert await watch.code() is grpc.StatusCode.UNAVAILABLE


async def test_an_open_reflection_holds_up_no_stop(server: RpcServer, channel: grpc.aio.Channel) -> None:
    stream = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked())
    assert (await stream.read()).list_services_response.service

    began = time.monotonic()
    await server.stop(GRACE_SECONDS)

    assert time.monotonic() - began < PROMPT_SECONDS
    assert await stream.code() is grpc.StatusCode.UNAVAILABLE


async def test_past_all_bounds_grpc_refuses_and_our_client_comes_again(
    server: RpcServer, channel: grpc.aio.Channel
) -> None:
    most = server.most_calls + SPARE_CALLS
    watches = [health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest()) for _ in range(most)]
    for watch in watches:
        await watch.read()
    async with RpcClient(f"127.0.0.1:{server.port}") as client:
        stub = client.stub(health_pb2_grpc.HealthStub)
        with pytest.raises(UnavailableError, match="Concurrent RPC limit exceeded"):
            await client.call(stub.Check, health_pb2.HealthCheckRequest(), retries=ONCE)
        patient = asyncio.create_task(client.call(stub.Check, health_pb2.HealthCheckRequest(), retries=PATIENT))
        await asyncio.sleep(0.3)
        assert not patient.done()
        for watch in watches:
            watch.cancel()
        assert (await patient).status == SERVING


async def test_a_watch_follows_readiness_and_may_be_given_up(server: RpcServer, channel: grpc.aio.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    watch, given_up = (stub.Watch(health_pb2.HealthCheckRequest()) for _ in range(2))
    assert (await given_up.read()).status == (await watch.read()).status == SERVING
    given_up.cancel()
    await server.set_ready(False)
    assert (await watch.read()).status == NOT_SERVING
    await server.set_ready(True)
    assert (await watch.read()).status == SERVING
    assert (await stub.Check(health_pb2.HealthCheckRequest())).status == SERVING
