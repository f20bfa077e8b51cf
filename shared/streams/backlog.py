"""Measures and tends the streams that a service consumes: groups, lag, trimming, dead consumers."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared.observability.stage_metrics import StageMetrics
from shared.streams.names import GROUPS_OF, Keys, Stream
from shared.streams.scripts import HERE, Script

log = structlog.get_logger(__name__)
CONSUMER_FORGOTTEN_MS = 3_600_000


async def ensure_groups(redis: Redis, keys: Keys) -> None:
    """Create every consumer group of every stream where it is missing, from the stream's beginning.

    All groups are made by whichever service comes first, so that nothing is trimmed or missed before
    the others are up.
    """
    for stream, groups in GROUPS_OF.items():
        for shard in keys.every_shard():
            for group in groups:
                try:
                    await redis.xgroup_create(keys.stream(stream, shard), group.value, id="0", mkstream=True)
                except ResponseError as error:
                    if "BUSYGROUP" not in str(error):
                        raise


class BacklogKeeper:
    """Keeps one stream of one group measured and trimmed, every ``interval`` seconds.

    ``dead_kept_ms``: trim dead letters that are older, too; 0 leaves them to others.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        stream: Stream,
        group: str,
        metrics: StageMetrics,
        keep_ms: int = 0,
        interval: float = 5.0,
        dead_kept_ms: int = 0,
    ) -> None:
        self._redis, self._keys, self._stream, self._group = redis, keys, stream, group
        self._metrics, self._keep_ms, self._interval = metrics, keep_ms, interval
        self._dead_kept_ms = dead_kept_ms
        self._trim = Script(redis, HERE / "trim.lua")
        self._forget = Script(redis, HERE / "forget.lua")

    async def run(self) -> None:
        """Until cancelled; waits out the store's absence."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                for shard in self._keys.every_shard():
                    await self.tend(shard)
            await asyncio.sleep(self._interval)

    async def tend(self, shard: int) -> None:
        """One round: gauges, trimming, forgetting consumers that are long gone and hold nothing."""
        name = self._keys.stream(self._stream, shard)
        for info in await self._redis.xinfo_groups(name):
            if _text(info["name"]) == self._group:
                await self._measure(name, shard, info)
        groups = [group.value for group in GROUPS_OF[self._stream]]
        if await self._trim([name], [self._keep_ms, *groups]) == -1:
            log.warning("consumer_group_missing", stream=name)
            await ensure_groups(self._redis, self._keys)
        await self._forget([name], [self._group, CONSUMER_FORGOTTEN_MS])
        if self._dead_kept_ms:
            seconds, _ = await self._redis.time()
            oldest = f"{seconds * 1000 - self._dead_kept_ms}-0"
            await self._redis.xtrim(self._keys.stream(Stream.DEAD, shard), minid=oldest, approximate=True)

    async def _measure(self, name: str, shard: int, info: dict[str, Any]) -> None:
        lag = info.get("lag")
        label = str(shard)
        self._metrics.lag_known.labels(label).set(0 if lag is None else 1)
        self._metrics.lag.labels(label).set(lag or 0)
        self._metrics.pending.labels(label).set(info["pending"])
        oldest = await self._oldest_id(name, info)
        seconds, _ = await self._redis.time() if oldest else (0, 0)
        age = max(0.0, seconds - int(oldest.split("-")[0]) / 1000) if oldest else 0.0
        self._metrics.oldest.labels(label).set(age)

    async def _oldest_id(self, name: str, info: dict[str, Any]) -> str:
        """Id of the oldest entry that is pending or unread, or ""."""
        if info["pending"]:
            summary = await self._redis.xpending(name, self._group)
            return _text(summary["min"])
        rows: Any = await self._redis.xrange(name, f"({_text(info['last-delivered-id'])}", "+", count=1)
        return _text(rows[0][0]) if rows else ""


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
