"""The client's retries and errors, against a real server that misbehaves on request."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BacklogFullError, UnavailableError
from shared.rpc.client import ONCE, RETRY, CallError, Retries, RpcClient
from shared.rpc.status import Failure, failure_of

REQUEST = health_pb2.HealthCheckRequest()
FULL = failure_of(BacklogFullError("the backlog is full", 40))
AWAY = Failure(grpc.StatusCode.UNAVAILABLE, "gone for a moment")
REFUSED = Failure(grpc.StatusCode.PERMISSION_DENIED, "tenant: 'x' is not served here")


class Moody(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """Answers calls with the failures in its list, one after the other, and then well."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.calls = 0

    async def Check(self, request: object, context: Any) -> health_pb2.HealthCheckResponse:  # noqa: N802
        self.calls += 1
        if self.failures:
            failure = self.failures.pop(0)
            await context.abort(failure.code, failure.message, failure.trailers)
        return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


@pytest.fixture
async def moody() -> AsyncIterator[tuple[Moody, RpcClient]]:
    server, servicer = grpc.aio.server(), Moody()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with RpcClient(f"127.0.0.1:{port}", jitter=lambda: 0.01) as client:
        yield servicer, client
    await server.stop(0)


async def check(client: RpcClient, deadline_s: float = 5.0, retries: Retries = RETRY) -> int:
    stub = client.stub(health_pb2_grpc.HealthStub)
    return int((await client.call(stub.Check, REQUEST, deadline_s, retries)).status)


@given(attempt=st.integers(1, 60), fraction=st.floats(0, 1))
def test_pauses_grow_and_stay_bounded(attempt: int, fraction: float) -> None:
    pause = RETRY.pause(attempt, fraction)
    assert 0 <= pause <= RETRY.most_s
    assert pause <= RETRY.pause(attempt + 1, fraction)


async def test_a_moment_of_absence_is_waited_out(moody: tuple[Moody, RpcClient]) -> None:
    servicer, client = moody
    servicer.failures = [AWAY, AWAY]
    assert await check(client) == health_pb2.HealthCheckResponse.SERVING
    assert servicer.calls == 3


async def test_a_call_that_must_not_happen_twice_is_not_repeated(moody: tuple[Moody, RpcClient]) -> None:
    servicer, client = moody
    servicer.failures = [AWAY]
    with pytest.raises(UnavailableError, match="gone for a moment"):
        await check(client, retries=ONCE)
    assert servicer.calls == 1


async def test_attempts_come_to_an_end(moody: tuple[Moody, RpcClient]) -> None:
    servicer, client = moody
    servicer.failures = [AWAY] * 100
    with pytest.raises(UnavailableError):
        await check(client, retries=Retries(attempts=4))
    assert servicer.calls == 4


async def test_a_full_backlog_is_told_with_its_delay(moody: tuple[Moody, RpcClient]) -> None:
    servicer, client = moody
    servicer.failures = [FULL]
    with pytest.raises(CallError, match="backlog is full") as caught:
        await check(client)
    assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert caught.value.retry_after_ms == 40


async def test_a_full_backlog_is_waited_out_on_request_as_long_as_the_server_says(
    moody: tuple[Moody, RpcClient],
) -> None:
    servicer, client = moody
    servicer.failures = [FULL, FULL]
    started = time.monotonic()
    await check(client, retries=Retries(when_full=True))
    assert time.monotonic() - started >= 0.08
    assert servicer.calls == 3


async def test_a_refusal_is_passed_on_at_once(moody: tuple[Moody, RpcClient]) -> None:
    servicer, client = moody
    servicer.failures = [REFUSED]
    with pytest.raises(CallError, match="is not served here") as caught:
        await check(client)
    assert caught.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert servicer.calls == 1


async def test_an_absent_server_gives_up_within_the_deadline() -> None:
    started = time.monotonic()
    async with RpcClient("127.0.0.1:1") as client:
        with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1: cannot be reached"):
            await check(client, 0.5, Retries(attempts=1000))
    assert time.monotonic() - started < 3
