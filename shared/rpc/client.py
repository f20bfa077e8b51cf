"""A client's side of the wire: one channel with keepalive, deadlines and retries that honour the server.

Retries follow AIP-194 (https://google.aip.dev/194): UNAVAILABLE, with exponential backoff and full jitter,
inside the caller's deadline. CANCELLED counts as that: our own cancellations never arrive as a status, so it
was the server, which drops calls that reach it in the moment in which it stops. RESOURCE_EXHAUSTED is retried
on request and only after the delay that the server names in its RetryInfo; gRPC's own refusal of a call too many
names none and counts as UNAVAILABLE. There is no hedging: it would multiply load just when load hurts.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from shared.errors import SwitchyardError, UnavailableError
from shared.rpc.status import STATUS_DETAILS

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)
StubT = TypeVar("StubT")

CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_retries", 0),  # one place decides about retries: this one
)

AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_TOO_MANY = "Concurrent RPC limit exceeded"  # by which gRPC refuses before any of our code runs


class CallError(SwitchyardError):
    """A call that the server refused, with its gRPC status code; ``retry_after_ms`` 0: do not try again."""

    def __init__(self, code: grpc.StatusCode, message: str, retry_after_ms: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently a call is tried again.

    Before attempt ``n + 1`` the client waits a random time up to ``first_s * 2**(n - 1)`` seconds, at most
    ``most_s``. ``when_full`` waits out RESOURCE_EXHAUSTED too, as long as the server says.
    """

    attempts: int = 6
    first_s: float = 0.1
    most_s: float = 2.0
    when_full: bool = False

    def pause(self, attempt: int, fraction: float) -> float:
        """Seconds to wait after the ``attempt``-th failure (from 1); ``fraction`` in [0, 1] is the jitter."""
        return fraction * min(self.most_s, self.first_s * 2.0 ** (attempt - 1))


RETRY = Retries()
ONCE = Retries(attempts=1)  # for calls that must not happen twice, such as claiming the next item


class RpcClient:
    """A channel to one address (``host:port``). Create it inside a running event loop."""

    def __init__(self, address: str, jitter: Callable[[], float] = random.random) -> None:
        self.address = address
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._jitter = jitter

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the channel; running calls are cancelled."""
        await self._channel.close(None)

    def stub(self, kind: Callable[[grpc.aio.Channel], StubT]) -> StubT:
        """A service's stub on this channel."""
        return kind(self._channel)

    async def call(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT],
        request: RequestT,
        deadline_s: float = 10.0,
        retries: Retries = RETRY,
    ) -> ResponseT:
        """One answer, within ``deadline_s`` seconds in all, retries included.

        Raises:
            UnavailableError: the server could not be reached in time.
            CallError: the server refused; its message says what to mend.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + deadline_s
        attempt = 0
        while True:
            attempt += 1
            try:
                return await method(request, timeout=max(0.001, end - loop.time()))
            except grpc.aio.AioRpcError as error:
                pause = self._pause(error, attempt, retries)
                if pause is None or loop.time() + pause >= end:
                    raise self.explain(error) from None
                await asyncio.sleep(pause)

    def _pause(self, error: grpc.aio.AioRpcError, attempt: int, retries: Retries) -> float | None:
        """Seconds until the next attempt; None where there is none."""
        code = error.code()
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED and retries.when_full and not _is_away(error):
            # The server paces these by its own delay; the deadline alone bounds their number.
            asked = retry_after_ms(error) / 1000
            return asked * (1 + 0.2 * self._jitter()) if asked else None
        if not _is_away(error) or attempt >= retries.attempts:
            return None
        return max(retry_after_ms(error) / 1000, retries.pause(attempt, self._jitter()))

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[RequestT, ResponseT], request: RequestT
    ) -> AsyncIterator[ResponseT]:
        """The server's answers as they come, until it ends the stream; raises as `call`, never retries."""
        try:
            async for response in method(request):
                yield response
        except grpc.aio.AioRpcError as error:
            raise self.explain(error) from None

    def explain(self, error: grpc.aio.AioRpcError) -> SwitchyardError:
        """A gRPC error as one of ours."""
        code, text = error.code(), error.details() or "no reason was given"
        if _is_away(error):
            return UnavailableError(f"{self.address}: cannot be reached ({_brief(text)})")
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return CallError(code, f"{self.address}: no answer before the deadline")
        return CallError(code, text, retry_after_ms(error))


def _is_away(error: grpc.aio.AioRpcError) -> bool:
    too_many = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and (error.details() or "").startswith(_TOO_MANY)
    return too_many or error.code() in AWAY


def retry_after_ms(error: grpc.aio.AioRpcError) -> int:
    """The delay of a google.rpc.RetryInfo among the error's details, in milliseconds; 0 without one."""
    for key, value in _pairs(error.trailing_metadata()):
        if key == STATUS_DETAILS:
            try:
                status = status_pb2.Status.FromString(value)
            except DecodeError:
                return 0
            info = error_details_pb2.RetryInfo()
            for detail in status.details:
                if detail.Unpack(info):
                    return int(info.retry_delay.seconds) * 1000 + int(info.retry_delay.nanos) // 1_000_000
    return 0


def _pairs(metadata: Any) -> list[tuple[str, bytes]]:
    return [(key, value) for key, value in metadata or () if isinstance(value, bytes)]


def _brief(text: str) -> str:
    """gRPC's connection errors nest the cause at the end, behind long addresses."""
    return text.rpartition("; last error: ")[2].rpartition(": ")[2] or text
