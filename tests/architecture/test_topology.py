"""The topology against the services themselves: what they listen to and what they answer."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.cli.settings import Settings
from services.topology import TOPOLOGY, ServiceTopology
from shared.config import PlatformConfig
from shared.lifecycle import Service
from shared.streams.backlog import BacklogKeeper
from shared.streams.consumer import Consumer
from shared.streams.names import Keys

SHARDS = 3
PUBLIC = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}


@pytest.fixture(params=TOPOLOGY, ids=lambda service: service.name)
async def built(request: pytest.FixtureRequest) -> AsyncIterator[tuple[ServiceTopology, Service]]:
    """A service as its app builds it, with its gRPC server listening; its loops do not run."""
    said: ServiceTopology = request.param
    platform = PlatformConfig(redis_url="unix:///nowhere/redis.sock", shards=SHARDS)
    config = getattr(Settings(), said.name).model_copy(update={"port": 0, "metrics_port": 0})
    service: Service = importlib.import_module(f"services.{said.name}.app").build(platform, config)
    await service.server.start()
    yield said, service
    await service.server.stop(0)
    if service.close:
        await service.close()
    await service.redis.aclose()


async def _served(port: int) -> set[str]:
    """Names of the gRPC services behind a port, as reflection tells them to anybody."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        async for response in stub.ServerReflectionInfo(iter([request])):
            return {service.name for service in response.list_services_response.service}
    raise AssertionError("reflection does not answer")


async def test_a_service_is_what_the_topology_says(built: tuple[ServiceTopology, Service]) -> None:
    said, service = built
    assert service.name == said.name
    assert await _served(service.server.port) == {*said.rpc_services, *PUBLIC}

    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as channel:
        health: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", *said.rpc_services):
            answer = await health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
            assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING, "not ready before it has started"

    keys = Keys(SHARDS)
    consumers = [loop for loop in service.loops.stoppable if isinstance(loop, Consumer)]
    read = sorted((consumer._stream, consumer._group) for consumer in consumers)
    wanted = []
    if said.consumes and said.group:
        wanted = sorted((keys.stream(said.consumes, shard), said.group.value) for shard in keys.every_shard())
    assert read == wanted, "one consumer a shard, on its stream and in its group"
    assert len({consumer._name for consumer in consumers}) <= 1

    keepers = [getattr(loop, "__self__", None) for loop in service.loops.background]
    kept = [(keeper._stream, keeper._group) for keeper in keepers if isinstance(keeper, BacklogKeeper)]
    assert kept == ([(said.consumes, said.group.value)] if said.group else []), "who reads a stream trims it"


def test_ports_are_those_of_the_topology() -> None:
    for said in TOPOLOGY:
        section = getattr(Settings(), said.name)
        assert (section.port, section.metrics_port) == (said.port, said.metrics_port)
