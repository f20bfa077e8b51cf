"""Hands messages whose analysis is late to the router, so that nothing waits for ever."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.router.metrics import RouterMetrics
from shared.streams.names import Keys, Stream
from shared.streams.scripts import Script

AT_ONCE = 200


class DeadlineSweeper:
    """Any number may run: each deadline is moved once, by one script."""

    def __init__(self, redis: Redis, keys: Keys, sweep_ms: int, metrics: RouterMetrics) -> None:
        self._keys, self._pause, self._metrics = keys, sweep_ms / 1000, metrics
        self._sweep = Script(redis, Path(__file__).with_name("deadlines.lua"))

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                for shard in self._keys.every_shard():
                    await self.sweep(shard)
            await asyncio.sleep(self._pause)

    async def sweep(self, shard: int) -> int:
        """How many messages of a shard were handed over."""
        keys = [
            self._keys.deadlines(shard),
            self._keys.stream(Stream.ANALYZED, shard),
            self._keys.message_prefix(shard),
        ]
        handed, put_off = await self._sweep(keys, [AT_ONCE])
        self._metrics.deadlines_passed(handed, put_off)
        return int(handed)
