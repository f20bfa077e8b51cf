"""Tells watchers what changed in the queue; they pull, so a slow one costs no memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.handoff.queue_keys import QueueKeys
from shared.errors import ResumeTokenError, UnavailableError

log = structlog.get_logger(__name__)
READ_COUNT = 100


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The id of an entry of an event stream; (0, 0) stands before the first."""

    ms: int = 0
    sequence: int = 0

    @classmethod
    def parse(cls, raw: bytes) -> Position:
        ms, _, sequence = raw.decode().partition("-")
        return cls(int(ms), int(sequence))

    def __str__(self) -> str:
        return f"{self.ms}-{self.sequence}"


START = Position()


class EventFeed:
    """Knows the ends of the event streams, looked at for all watchers together."""

    def __init__(self, redis: Redis, keys: QueueKeys, poll_s: float) -> None:
        self._redis, self._keys, self._poll_s = redis, keys, poll_s
        self._watching = 0
        self._stopping = asyncio.Event()
        self._moved = asyncio.Event()
        self._ends: dict[int, Position] = {}

    def stop(self) -> None:
        """End the watchers' streams, so that the service can drain."""
        self._stopping.set()
        self._wake()

    async def run(self) -> None:
        """Until `stop`; waits out the store's absence."""
        while not self._stopping.is_set():
            if self._watching:
                try:
                    ends = await self.read_ends()
                    if ends != self._ends:
                        self._ends = ends
                        self._wake()
                except (RedisError, OSError) as error:
                    log.warning("store_unreachable", loop="event_feed", error=type(error).__name__)
            try:
                async with asyncio.timeout(self._poll_s):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def read_ends(self) -> dict[int, Position]:
        """The newest entry of every shard."""
        pipeline: Any = self._redis.pipeline(transaction=False)
        for shard in self._keys.every_shard():
            pipeline.xrevrange(self._keys.events(shard), count=1)
        answers = await pipeline.execute()
        return {
            shard: Position.parse(rows[0][0]) if rows else START
            for shard, rows in zip(self._keys.every_shard(), answers, strict=True)
        }

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Changes are looked for only while somebody watches."""
        self._watching += 1
        try:
            yield
        finally:
            self._watching -= 1

    async def behind(self, positions: dict[int, Position], patience_s: float) -> list[int]:
        """Shards whose end is beyond these positions; waits up to ``patience_s`` seconds for one.

        Raises UnavailableError when the service stops.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + patience_s
        while True:
            if self._stopping.is_set():
                raise UnavailableError("this server is stopping; list the items again and watch anew")
            moved = self._moved  # taken before looking, so that no wake-up is missed
            shards = [shard for shard, last in self._ends.items() if last > positions[shard]]
            if shards or loop.time() >= end:
                return shards
            try:
                async with asyncio.timeout_at(end):
                    await moved.wait()
            except TimeoutError:
                continue

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class ItemWatcher:
    """One watcher of a tenant's queue, or ("") of all its queues, from when it is opened on."""

    def __init__(self, redis: Redis, keys: QueueKeys, feed: EventFeed, tenant: str, queue: str) -> None:
        self._redis, self._keys, self._feed = redis, keys, feed
        self._tenant, self._queue = tenant.encode(), queue.encode()
        self._positions: dict[int, Position] = {}

    async def open(self) -> None:
        """Take position: changes after this are told."""
        self._positions = await self._feed.read_ends()

    async def changed(self, patience_s: float) -> list[str]:
        """Ids of items that changed, each once, in order; empty where nothing did for so many seconds.

        Raises:
            ResumeTokenError: the watcher is so far behind that changes were dropped.
            UnavailableError: the service stops.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + patience_s
        while True:
            shards = await self._feed.behind(self._positions, max(0.0, end - loop.time()))
            if not shards:
                return []
            found = await self._read(shards)
            if found:
                return found

    async def _read(self, shards: Sequence[int]) -> list[str]:
        pipeline: Any = self._redis.pipeline(transaction=False)
        for shard in shards:
            # From the entry seen last, itself included: if that was dropped, so may others have been.
            pipeline.xrange(self._keys.events(shard), str(self._positions[shard]), count=READ_COUNT + 1)
        found: dict[str, None] = {}
        for shard, rows in zip(shards, await pipeline.execute(), strict=True):
            entries = [(Position.parse(raw_id), fields) for raw_id, fields in rows]
            seen = self._positions[shard]
            if seen != START and (not entries or entries[0][0] != seen):
                raise ResumeTokenError(
                    "this stream fell so far behind that changes were dropped; list the items again and watch anew"
                )
            for position, fields in entries:
                if position > seen and self._concerns(fields):
                    found[fields[b"i"].decode()] = None
                self._positions[shard] = position
        return list(found)

    def _concerns(self, fields: dict[bytes, bytes]) -> bool:
        """Whether it is about the queue watched; an item that left it for another is told too."""
        if fields[b"tenant"] != self._tenant:
            return False
        return not self._queue or self._queue in (fields[b"queue"], fields[b"left"])
