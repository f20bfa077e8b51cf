"""One interceptor stands before every method: it parses, validates, times, and turns errors to statuses."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import grpc
import structlog
from google.protobuf.message import DecodeError, Message

from shared.cancellation import cancel_all
from shared.errors import BacklogFullError, UnavailableError
from shared.observability.logging import raised_at, trace_id
from shared.observability.rpc_metrics import RpcMetrics
from shared.rpc.status import Failure, failure_of, invalid
from shared.rpc.validation import violations

log = structlog.get_logger(__name__)
OWN_SERVICES = "/switchyard."
STOPPING = Failure(grpc.StatusCode.UNAVAILABLE, "the server is stopping; call again and go on where you were")
BUSY = "{} calls run here, and platform.max_concurrent_calls allows no more; nothing was accepted, try again later"
BUSY_MS = 1000
END = object()
# Of health and reflection when the server drains: time to tell watchers that it serves no more.
LAST_WORD_SECONDS = 0.1
# Calls that do not work but wait for what others do with the message that they have submitted.
WAITING = frozenset({"Triage"})
WAITING_SECONDS = 2.0  # that they may go on once the server drains: what is in hand then is decided in less


class CallGuard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Guards Switchyard's own methods, of which ``most_calls`` run at once; of health and reflection it ends the
    streams, and leaves the rest alone.
    """

    def __init__(self, metrics: RpcMetrics) -> None:
        self._metrics = metrics
        self._draining = asyncio.Event()
        self._running = 0
        self.most_calls = sys.maxsize

    def drain(self) -> None:
        """End streams, which would otherwise go on for ever, refuse new calls, and soon end those that wait;
        callers go elsewhere.
        """
        self._draining.set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any]]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        handler: Any = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None:
            return None
        if not method.startswith(OWN_SERVICES):
            return self._foreign(handler)
        parse = handler.request_deserializer
        if handler.unary_unary:
            guarded = self._unary(method.rpartition("/")[2], parse, handler.unary_unary)
            return grpc.unary_unary_rpc_method_handler(guarded, None, handler.response_serializer)
        guarded_stream = self._stream(method.rpartition("/")[2], parse, handler.unary_stream)
        return grpc.unary_stream_rpc_method_handler(guarded_stream, None, handler.response_serializer)

    def _unary(self, method: str, parse: Any, answer: Any) -> Any:
        async def call(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            started = time.monotonic()
            self._started(method)
            code = "CANCELLED"
            try:
                request, failure = self._admit(parse, raw)
                if failure is None:
                    try:
                        coming = answer(request, context)
                        response = await (self._unless_drained(coming) if method in WAITING else coming)
                        code = "OK"
                        return response
                    except Exception as error:
                        failure = _explain(method, error, _ids(request, context))
                code = failure.code.name
                await context.abort(failure.code, failure.message, failure.trailers)
            finally:
                self._finished(method, code, started)

        return call

    def _stream(self, method: str, parse: Any, answer: Any) -> Any:
        async def call(raw: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            started = time.monotonic()
            self._started(method)
            code = "CANCELLED"
            try:
                request, failure = self._admit(parse, raw)
                if failure is None:
                    try:
                        async for response in self._until_draining(answer(request, context)):
                            yield response
                        code = "OK"
                        return
                    except Exception as error:
                        failure = _explain(method, error, _ids(request, context))
                code = failure.code.name
                await context.abort(failure.code, failure.message, failure.trailers)
            finally:
                self._finished(method, code, started)

        return call

    def _started(self, method: str) -> None:
        self._running += 1
        self._metrics.started(method)

    def _finished(self, method: str, code: str, started: float) -> None:
        self._running -= 1
        self._metrics.finished(method, code, time.monotonic() - started)

    def _admit(self, parse: Any, raw: bytes) -> tuple[Message | None, Failure | None]:
        """The request, or why it is refused."""
        if self._draining.is_set():
            return None, STOPPING
        if self._running > self.most_calls:
            return None, failure_of(BacklogFullError(BUSY.format(self.most_calls), BUSY_MS))
        return _read(parse, raw)

    def _foreign(self, handler: Any) -> Any:
        """A handler of health or reflection, whose streams end when the server drains."""
        if handler.stream_stream:
            ending = self._ending(handler.stream_stream)
            return grpc.stream_stream_rpc_method_handler(ending, handler.request_deserializer, handler.response_serializer)
        if handler.unary_stream:
            ending = self._ending(handler.unary_stream)
            return grpc.unary_stream_rpc_method_handler(ending, handler.request_deserializer, handler.response_serializer)
        return handler

    def _ending(self, answer: Any) -> Any:
        async def call(asked: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
            answering = asyncio.create_task(_write(answer(asked, context), context))
            draining = asyncio.create_task(self._draining.wait())
            try:
                await asyncio.wait((answering, draining), return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait((answering,), timeout=LAST_WORD_SECONDS)
                if answering.done():
                    answering.result()
                    return
            finally:
                await cancel_all((answering, draining))
            await context.abort(STOPPING.code, STOPPING.message)

        return call

    async def _unless_drained(self, answer: Awaitable[Any]) -> Any:
        """An answer that is waited for; raises UnavailableError where it has not come soon after a drain began.

        Whoever asks elsewhere loses nothing: the message is known there, and so is its decision.
        """
        coming = asyncio.ensure_future(answer)
        drained = asyncio.create_task(self._waiting_ends())
        try:
            await asyncio.wait((coming, drained), return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
        finally:
            await cancel_all((coming, drained))
        raise UnavailableError(STOPPING.message)

    async def _waiting_ends(self) -> None:
        await self._draining.wait()
        await asyncio.sleep(WAITING_SECONDS)

    async def _until_draining(self, answers: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
        """A stream's answers; raises UnavailableError when the server drains.

        The task of the call itself is never cancelled for that: while it sends an answer, gRPC would tell the
        caller CANCELLED, which nobody tries again.
        """
        draining = asyncio.create_task(self._draining.wait())
        coming: asyncio.Future[Any] | None = None
        try:
            while True:
                coming = asyncio.ensure_future(anext(answers, END))
                await asyncio.wait((coming, draining), return_when=asyncio.FIRST_COMPLETED)
                if draining.done():  # even where an answer came: there may always be one
                    raise UnavailableError(STOPPING.message)
                answer = coming.result()
                if answer is END:
                    return
                yield answer
        finally:
            await cancel_all([draining] if coming is None else [draining, coming])
            await answers.aclose()


async def _write(answers: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    """Answer a stream, whichever of gRPC's two ways its servicer has: a generator, or writing to the context."""
    if isinstance(answers, AsyncGenerator):
        async for answer in answers:
            await context.write(answer)
    else:
        await answers


def _read(parse: Callable[[bytes], Message], raw: bytes) -> tuple[Message | None, Failure | None]:
    try:
        request = parse(raw)
    except (DecodeError, UnicodeDecodeError):
        problem = "the request is not a readable protobuf message; strings must be valid UTF-8"
        return None, invalid([("", problem)])
    found = violations(request)
    return request, invalid(found) if found else None


def _explain(method: str, error: Exception, ids: Mapping[str, str]) -> Failure:
    failure = failure_of(error)
    if failure.code is grpc.StatusCode.INTERNAL:
        # The type and place, not the message: it could quote the customer.
        log.error(
            "call_failed", method=method, error=type(error).__name__, at=raised_at(error), **ids
        )
    return failure


def traceparent(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """W3C trace context of a call, "" where it carries no well-formed one."""
    for key, value in context.invocation_metadata() or ():
        if key == "traceparent" and len(value) == 55 and value.isascii():
            return value if isinstance(value, str) else value.decode()
    return ""


def _ids(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> dict[str, str]:
    """What tells which call it was: names that the request holds, and its trace."""
    message = getattr(request, "message", None)
    found = {
        "tenant": getattr(request, "tenant", ""),
        "ticket": getattr(message, "ticket_id", "") or getattr(request, "ticket_id", ""),
        "message": getattr(message, "message_id", ""),
        "item": getattr(request, "item_id", ""),
        "trace_id": trace_id(traceparent(context)),
    }
    return {name: value for name, value in found.items() if value}
