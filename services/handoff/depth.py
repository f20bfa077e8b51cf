"""Measures how much waits for people, and how long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.handoff.metrics import HandoffMetrics
from services.handoff.queue_keys import QueueKeys, QueueScript

log = structlog.get_logger(__name__)


class DepthProbe:
    """Sets the gauges of depth and age every ``interval_s`` seconds. Every replica shows the same numbers."""

    def __init__(self, redis: Redis, keys: QueueKeys, metrics: HandoffMetrics, interval_s: float) -> None:
        self._redis, self._keys, self._metrics, self._interval_s = redis, keys, metrics, interval_s
        self._depth = QueueScript(redis, keys, "depth")

    async def run(self) -> None:
        """Until cancelled; waits out the store's absence."""
        while True:
            try:
                await self.measure()
            except (RedisError, OSError) as error:
                log.warning("store_unreachable", loop="depth_probe", error=type(error).__name__)
            await asyncio.sleep(self._interval_s)

    async def measure(self) -> None:
        """Count once, over all shards and tenants."""
        waiting: Counter[tuple[str, int]] = Counter()
        claimed: Counter[str] = Counter()
        since: dict[tuple[str, int], int] = {}
        for shard in self._keys.every_shard():
            rows: Sequence[Sequence[Any]] = await self._depth(shard, [])
            for name, held, *ranks in rows:
                queue = name.decode()
                claimed[queue] += held
                for rank, (count, oldest) in enumerate(zip(ranks[::2], ranks[1::2], strict=True)):
                    waiting[queue, rank] += count
                    if count:
                        since[queue, rank] = min(since.get((queue, rank), oldest), oldest)
        answer: Any = await self._redis.time()
        now_ms = answer[0] * 1000 + answer[1] // 1000
        ages = {pair: max(0, now_ms - oldest) / 1000 for pair, oldest in since.items()}
        self._metrics.measured(waiting, ages, claimed)
