"""Who holds what, and until when: two agents never hold one item.

Every change of an item is one script on its shard, and all times are the store's, so that no clock of a
client or of another replica has a say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.handoff.item import Disposition, ItemState, QueueItem, decode_item
from services.handoff.metrics import HandoffMetrics
from services.handoff.queue_keys import QueueKeys, QueueScript
from shared.errors import ConflictError, NotFoundError

log = structlog.get_logger(__name__)
EXPIRED_AT_ONCE = 100


class Leases:
    """Claims, renews, releases and completes items; puts back those whose lease is over."""

    def __init__(
        self, redis: Redis, keys: QueueKeys, metrics: HandoffMetrics, record_ttl_s: int, events_kept: int
    ) -> None:
        self._keys, self._metrics = keys, metrics
        self._ttl_ms, self._events_kept = record_ttl_s * 1000, events_kept
        self._claim = QueueScript(redis, keys, "claim")
        self._renew = QueueScript(redis, keys, "renew")
        self._release = QueueScript(redis, keys, "release")
        self._complete = QueueScript(redis, keys, "complete")
        self._expire = QueueScript(redis, keys, "expire")

    async def claim(self, tenant: str, item_id: str, agent: str, lease_ms: int) -> QueueItem | None:
        """The item, now held by the agent; None where somebody else was faster.

        An agent who holds it already goes on holding it for ``lease_ms`` from now.
        """
        word, item = await self._change(self._claim, tenant, item_id, agent, lease_ms)
        if word not in ("first", "claimed", "kept"):
            return None
        if item is not None and word != "kept":
            self._metrics.claimed(item, first=word == "first")
        return item

    async def claim_exactly(self, tenant: str, item_id: str, agent: str, lease_ms: int) -> QueueItem:
        """As `claim`, for an item that the agent named.

        Raises:
            NotFoundError: there is no such item, or not any more.
            ConflictError: another agent holds it, or it is completed; says who and until when.
        """
        word, item = await self._change(self._claim, tenant, item_id, agent, lease_ms)
        if item is None or word not in ("first", "claimed", "kept"):
            _refuse(word, tenant, item_id, agent, item)
        if word != "kept":
            self._metrics.claimed(item, first=word == "first")
        return item

    async def renew(self, tenant: str, item_id: str, agent: str, lease_ms: int) -> QueueItem:
        """The item, held for ``lease_ms`` from now. Raises NotFoundError, ConflictError."""
        return await self._held(self._renew, "renewed", tenant, item_id, agent, lease_ms)

    async def release(self, tenant: str, item_id: str, agent: str) -> QueueItem:
        """The item, waiting again at its old place. Raises NotFoundError, ConflictError."""
        item = await self._held(self._release, "released", tenant, item_id, agent)
        self._metrics.released(item.queue)
        return item

    async def complete(
        self, tenant: str, item_id: str, agent: str, disposition: Disposition, note: str
    ) -> QueueItem:
        """The item, completed; it is kept as long as records are. Raises NotFoundError, ConflictError.

        The same agent may say the same again: nothing changes, and it is answered alike.
        """
        word, item = await self._change(
            self._complete, tenant, item_id, agent, disposition.value, note, self._ttl_ms
        )
        if item is None or word not in ("done", "known"):
            _refuse(word, tenant, item_id, agent, item)
        if word == "done":
            self._metrics.completed(item.queue, disposition)
        return item

    async def expire(self, shard: int) -> int:
        """Put back what is held beyond its lease on a shard, at most a hundred items; says how many."""
        queues: Sequence[bytes] = await self._expire(shard, [self._events_kept, EXPIRED_AT_ONCE])
        for queue in queues:
            self._metrics.lease_expired(queue.decode())
        return len(queues)

    async def _held(
        self, script: QueueScript, expected: str, tenant: str, item_id: str, agent: str, *args: str | int
    ) -> QueueItem:
        word, item = await self._change(script, tenant, item_id, agent, *args)
        if item is None or word != expected:
            _refuse(word, tenant, item_id, agent, item)
        return item

    async def _change(
        self, script: QueueScript, tenant: str, item_id: str, agent: str, *args: str | int
    ) -> tuple[str, QueueItem | None]:
        """The script's word, and the item as it then stands."""
        shard = self._keys.shard_of(item_id)
        if shard is None:
            return "unknown", None
        word, flat = await script(shard, [self._events_kept, item_id, tenant, agent, *args])
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        return word.decode(), decode_item(item_id, fields) if fields else None


def _refuse(word: str, tenant: str, item_id: str, agent: str, item: QueueItem | None) -> NoReturn:
    if item is None:
        raise NotFoundError(
            f"item_id: tenant {tenant!r} has no item {item_id}, or it has expired; list the queue to see what is there"
        )
    if item.disposition is Disposition.SETTLED:
        raise ConflictError(f"item {item_id} is settled: its late analysis showed that it needs no person")
    if item.state is ItemState.COMPLETED and item.disposition is not None:
        raise ConflictError(
            f"item {item_id} was completed by agent {item.agent} as {item.disposition.value}; nothing is left to do"
        )
    if word == "held":
        raise ConflictError(
            f"item {item_id} is held by agent {item.agent} until {_time(item.lease_until_ms)}; claim another, "
            "or wait until it is released"
        )
    raise ConflictError(
        f"item {item_id} is not held by agent {agent}: the lease is over or the item was released; claim it again"
    )


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class LeaseSweeper:
    """Returns items of agents who went away; several replicas may sweep at once."""

    def __init__(self, leases: Leases, keys: QueueKeys, interval_s: float) -> None:
        self._leases, self._keys, self._interval_s = leases, keys, interval_s

    async def run(self) -> None:
        """Until cancelled; waits out the store's absence."""
        while True:
            try:
                for shard in self._keys.every_shard():
                    while await self._leases.expire(shard) == EXPIRED_AT_ONCE:
                        pass
            except (RedisError, OSError) as error:
                log.warning("store_unreachable", loop="lease_sweeper", error=type(error).__name__)
            await asyncio.sleep(self._interval_s)
