"""Whether there is room: watches the store's memory and what is in flight."""

from __future__ import annotations

import asyncio
import contextlib

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.intake.metrics import IntakeMetrics
from shared.errors import BacklogFullError
from shared.streams.names import Keys

LOOK_SECONDS = 0.5


def memory_is_short(used: int, limit: int, ceiling: float) -> bool:
    """Whether a store that may use ``limit`` bytes (0: no limit) is past its ceiling."""
    return limit > 0 and used > limit * ceiling


class StoreHeadroom:
    """Stops admission well below Redis' maxmemory: at the limit the commit script's XADD would be
    refused too, and workers could not drain.
    """

    def __init__(
        self, redis: Redis, keys: Keys, ceiling: float, retry_after_ms: int, metrics: IntakeMetrics
    ) -> None:
        self._redis, self._keys, self._ceiling = redis, keys, ceiling
        self._retry_after_ms, self._metrics = retry_after_ms, metrics
        self._short = False

    def require(self) -> None:
        """Raises BacklogFullError while memory is short."""
        if self._short:
            raise BacklogFullError(
                "the store's memory is nearly full; nothing was accepted, try again later", self._retry_after_ms
            )

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        info = await self._redis.info("memory")
        used, limit = int(info["used_memory"]), int(info.get("maxmemory", 0))
        self._short = memory_is_short(used, limit, self._ceiling)
        self._metrics.store_used.set(used)
        self._metrics.store_limit.set(limit)
        counts = [await self._redis.get(self._keys.in_flight(shard)) for shard in self._keys.every_shard()]
        self._metrics.in_flight.set(sum(int(count or 0) for count in counts))
