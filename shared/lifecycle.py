"""How a service starts, tells whether it is ready, and stops without dropping anything."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from prometheus_client import CollectorRegistry, Gauge, start_http_server
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.cancellation import cancel_all
from shared.errors import LoopError, SwitchyardError
from shared.observability.logging import meant, raised_at
from shared.rpc.server import RpcServer
from shared.streams.names import Keys
from shared.streams.store import prepare

log = structlog.get_logger(__name__)
READINESS_SECONDS = 1.0
STORE_RETRY_SECONDS = 0.2
COLLECT_AFTER = 20_000  # container objects more than were freed; Python's own 700 is meant for scripts


class Stoppable(Protocol):
    """A loop that ends by itself soon after `stop`, finishing what it has in hand."""

    def stop(self) -> None:
        """Ask it to end."""

    async def run(self) -> None:
        """Run until asked to end."""


@dataclass(frozen=True, slots=True)
class Loops:
    """``stoppable`` loops are asked to end and waited for; ``background`` ones are cancelled after."""

    stoppable: Sequence[Stoppable] = ()
    background: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()


@dataclass(slots=True)
class Service:
    """One service: its server, its loops, its store and what else it must close.

    ``ready`` says whether what only this service needs is there (its model is loaded, say), and raises what
    keeps it from ever being there, which ends the process; the store is looked after here.
    """

    name: str
    server: RpcServer
    registry: CollectorRegistry
    redis: Redis
    keys: Keys
    host: str
    metrics_port: int
    loops: Loops = field(default_factory=Loops)
    ready: Callable[[], bool] = lambda: True
    close: Callable[[], Awaitable[None]] | None = None
    failure: BaseException | None = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _draining: bool = False
    _is_ready: bool = False
    _httpd: Any = None

    async def start(self) -> None:
        """Listen, prepare the store (waiting for it while it is away), then run the loops."""
        await self.server.start()
        self._serve_metrics()
        self._spawn(self._bring_up)

    async def _bring_up(self) -> None:
        while True:
            try:
                await prepare(self.redis, self.keys)
                break
            except (RedisError, OSError) as error:
                log.warning("store_unreachable", service=self.name, error=type(error).__name__)
                await asyncio.sleep(STORE_RETRY_SECONDS)
        for loop in self.loops.stoppable:
            self._spawn(loop.run)
        for background in self.loops.background:
            self._spawn(background)
        self._spawn(self._watch_readiness)
        log.info("service_started", service=self.name, port=self.server.port, metrics_port=self.metrics_port)

    def _spawn(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = asyncio.create_task(run(), name=_task_name(self.name, run))
        task.add_done_callback(self._report)
        self._tasks.append(task)

    def _report(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        # A loop that ends by an error would leave a service that looks alive and does nothing.
        log.critical(
            "loop_died", service=self.name, task=task.get_name(), error=type(error).__name__, why=meant(error),
            at=raised_at(error),
        )
        self.failure = error
        signal.raise_signal(signal.SIGTERM)

    def _serve_metrics(self) -> None:
        up = Gauge("switchyard_ready", "1 while the service is ready to serve.", registry=self.registry)
        up.set_function(lambda: 1.0 if self._is_ready else 0.0)
        httpd, _ = start_http_server(self.metrics_port, self.host, self.registry)
        self.metrics_port = httpd.server_port
        self._httpd = httpd

    async def _watch_readiness(self) -> None:
        while not self._draining:
            ready = self.ready()
            if ready:
                try:
                    await self.redis.ping()
                except (RedisError, OSError):
                    ready = False
            if ready != self._is_ready:
                log.info("readiness", service=self.name, ready=ready)
                self._is_ready = ready
                await self.server.set_ready(ready)
            await asyncio.sleep(READINESS_SECONDS if ready else READINESS_SECONDS / 10)

    async def stop(self, grace: float) -> None:
        """Drain: no new calls, no new entries, finish those in hand, close."""
        self._draining = True
        self._is_ready = False
        for loop in self.loops.stoppable:
            loop.stop()
        stoppable = {_task_name(self.name, loop.run) for loop in self.loops.stoppable}
        finishing = [task for task in self._tasks if task.get_name() in stoppable]
        await asyncio.gather(self.server.stop(grace), asyncio.wait(finishing, timeout=grace) if finishing else _nothing())
        await cancel_all(self._tasks)
        if self.close:
            await self.close()
        await self.redis.aclose()
        if self._httpd:
            await asyncio.to_thread(self._httpd.shutdown)  # it waits up to half a second for its thread
            self._httpd.server_close()
        log.info("service_stopped", service=self.name)


def _task_name(service: str, run: Callable[..., Any]) -> str:
    return f"{service}:{getattr(run, '__qualname__', 'loop')}"


async def _nothing() -> None:
    return None


class Runnable(Protocol):
    """What a process runs: a service, or what goes along with services."""

    async def start(self) -> None:
        """Begin; raises what keeps it from beginning."""

    async def stop(self, grace: float) -> None:
        """End within about ``grace`` seconds."""


def _spare_the_collector() -> None:
    """Take what was loaded (modules, models, policies: it stays) out of garbage collection, and collect
    less often: decoding a message makes hundreds of objects that die at once by their reference counts, and
    looking for cycles among them took a quarter of that time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


async def run_until_signal(
    services: Sequence[Runnable], grace: float, started: Callable[[], None] = lambda: None
) -> None:
    """Run services in this process until SIGTERM or SIGINT, then drain them together.

    Raises what a service raises on start (a taken port, a model that cannot be loaded), and after the drain
    what ended one of its loops: LoopError, or the error itself where it was raised on purpose.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    running: list[Runnable] = []
    try:
        for service in services:
            await service.start()
            running.append(service)
        _spare_the_collector()
        started()
        await stopping.wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*(service.stop(grace) for service in reversed(running)))
    for service in running:
        if isinstance(service, Service) and service.failure is not None:
            # A process that ends by an error must not look like one that was asked to end.
            if isinstance(service.failure, SwitchyardError):
                raise service.failure
            raise LoopError(service.name, service.failure)
