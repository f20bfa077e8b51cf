"""Real consumers of the slots service as tests run them, let them die, and look at what they did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as StoreConnectionError

from shared.clock import SystemClock
from shared.domain.analysis import Part
from shared.domain.ticket import Utterance
from shared.observability.stage_metrics import StageMetrics
from shared.streams.consumer import Consumer, ConsumerSettings
from shared.streams.names import Group, Keys, Stream
from tests.harness.lane import Lane
from tests.harness.parts import ANALYSES, part_stage

Analyse = Callable[[Sequence[Utterance]], Awaitable[Sequence[Any]]]
SETTINGS = ConsumerSettings(batch=8, block_ms=20, lease_ms=60_000, max_deliveries=3)


class MortalRedis(Redis):
    """A connection that can be cut for good, as a process's connections are when it is killed."""

    dead = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        if self.dead:
            raise StoreConnectionError("this consumer is dead")
        return await super().execute_command(*args, **options)


class Worker:
    """One consumer of the slots group on shard 0, with its own metrics and its own connection to lose."""

    def __init__(
        self, redis: Redis, keys: Keys, name: str, analyse: Analyse, settings: ConsumerSettings = SETTINGS
    ) -> None:
        self.redis = MortalRedis(connection_pool=redis.connection_pool)
        self.registry = CollectorRegistry()
        self.consumer: Consumer[Any] = Consumer(
            self.redis,
            keys.stream(Stream.TICKETS, 0),
            Group.SLOTS.value,
            name,
            part_stage(self.redis, keys, Part.SLOTS, analyse),
            settings,
            StageMetrics(self.registry),
            SystemClock(),
        )
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.consumer.run())

    async def stop(self) -> None:
        """Drain: finish what is in hand. Raises what the consumer raised."""
        self.consumer.stop()
        if self.task is not None:
            async with asyncio.timeout(10):
                await self.task

    async def cancel(self) -> None:
        """Cut a drain short, as a service does when its time to stop is over."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)

    async def kill(self) -> None:
        """As SIGKILL: it does nothing more, not even hand back."""
        self.redis.dead = True
        await self.cancel()

    def metric(self, name: str, **labels: str) -> float:
        """The value of a sample of its metrics, 0 where there is none."""
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[Worker]:
    """A worker that runs inside and is drained after."""
    worker.start()
    try:
        yield worker
        await worker.stop()
    finally:
        await worker.cancel()


async def quick(utterances: Sequence[Utterance]) -> Sequence[Any]:
    """A model that answers at once."""
    return [ANALYSES[Part.SLOTS]] * len(utterances)


class Batches:
    """A model that remembers the sizes of its batches and each text that it saw."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.texts: list[str] = []

    async def __call__(self, utterances: Sequence[Utterance]) -> Sequence[Any]:
        self.sizes.append(len(utterances))
        self.texts += [utterance.text for utterance in utterances]
        return await quick(utterances)


class Poison:
    """A model that fails on a batch with a certain word in it."""

    def __init__(self, word: str = "poison") -> None:
        self.word = word
        self.sizes: list[int] = []

    async def __call__(self, utterances: Sequence[Utterance]) -> Sequence[Any]:
        self.sizes.append(len(utterances))
        if any(self.word in utterance.text for utterance in utterances):
            raise ValueError(f"cannot read {utterances[0].text}")
        return await quick(utterances)


class Stuck:
    """A model that never answers; ``entered`` tells that it was asked."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def __call__(self, utterances: Sequence[Utterance]) -> Sequence[Any]:
        self.entered.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def landed(lane: Lane) -> int:
    """How many messages have their slots."""
    names = [name async for name in lane.redis.scan_iter(match=f"{lane.keys.message_prefix(0)}*", count=1000)]
    pipeline = lane.redis.pipeline(transaction=False)
    for name in names:
        pipeline.hexists(name, "slots")
    return sum(await pipeline.execute())
