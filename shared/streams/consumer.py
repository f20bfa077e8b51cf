"""One consumer of one stream: reads, renews its lease while it works, takes over from the dead.

Delivery is at least once; effects are exactly once because a stage's commit ends the entry and writes
in one script. Nothing else acknowledges.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from shared.cancellation import cancel_all
from shared.clock import Clock
from shared.observability.logging import raised_at
from shared.observability.stage_metrics import StageMetrics
from shared.streams.entry import READABLE_VERSIONS, Entry, parse_entry
from shared.streams.recovery import PendingEntry, Takeover, plan
from shared.streams.scripts import HERE, Script
from shared.streams.stage import ResultT, Stage

log = structlog.get_logger(__name__)
REMEMBERED_FAILURES = 1000
RECONNECT_SECONDS = (0.05, 2.0)
GROUP_LOST = ("NOGROUP", "UNBLOCKED")  # the latter where the stream goes while a read waits on it


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """``lease_ms``: a consumer silent for so long is taken for dead. ``batch``: entries read at once.

    A read that is not full means that the consumer keeps up: it is processed and committed in up to
    ``pieces`` pieces, the smallest entries first, so that few wait for the others of their read; a full one
    is a backlog, and is done whole. After ``max_deliveries`` deliveries an entry is a dead letter. ``block_ms`` bounds how long a drain waits
    for a read that finds nothing.
    """

    batch: int = 16
    block_ms: int = 500
    lease_ms: int = 15_000
    max_deliveries: int = 5
    pieces: int = 1


def consumer_name(service: str) -> str:
    """Unique for every start of a process: a restarted one never inherits a dead one's entries."""
    return f"{service}-{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(4)}"


class Consumer(Generic[ResultT]):
    """Runs a stage on one stream of one shard until told to stop."""

    def __init__(
        self,
        redis: Redis,
        stream: str,
        group: str,
        name: str,
        stage: Stage[ResultT],
        settings: ConsumerSettings,
        metrics: StageMetrics,
        clock: Clock,
    ) -> None:
        self._redis, self._stream, self._group, self._name = redis, stream, group, name
        self._stage, self._settings, self._metrics, self._clock = stage, settings, metrics, clock
        self._renew = Script(redis, HERE / "renew.lua")
        self._stopping = asyncio.Event()
        self._held: set[str] = set()
        self._next_recovery = 0.0
        self._failures: OrderedDict[str, str] = OrderedDict()

    def stop(self) -> None:
        """Stop reading; `run` returns when the entries in hand are finished."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until `stop`; survives the store's absence and the loss of the group."""
        pause = RECONNECT_SECONDS[0]
        renewal = asyncio.create_task(self._keep_lease())
        try:
            while not self._stopping.is_set():
                try:
                    await self._turn()
                    pause = RECONNECT_SECONDS[0]
                except ResponseError as error:
                    if str(error).startswith(GROUP_LOST):
                        log.warning("consumer_group_lost", stream=self._stream, group=self._group)
                        await self._ensure_group()
                    else:
                        log.error("stream_error", stream=self._stream, group=self._group, error=str(error)[:200])
                        await asyncio.sleep(pause)
                        pause = min(pause * 2, RECONNECT_SECONDS[1])
                except (RedisError, OSError) as error:
                    log.warning("store_unreachable", stream=self._stream, error=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, RECONNECT_SECONDS[1])
        finally:
            await cancel_all([renewal])
            await self._hand_back()

    async def _turn(self) -> None:
        if self._clock.monotonic() >= self._next_recovery:
            takeover = await self._find_takeover()
            if takeover.ids:
                await self._take_over(takeover)
                return
            self._next_recovery = self._clock.monotonic() + self._settings.lease_ms / 4000
        entries = await self._read()
        if entries:
            await self._finish(entries)

    async def _ensure_group(self) -> None:
        with contextlib.suppress(RedisError):
            await self._redis.xgroup_create(self._stream, self._group, id="0", mkstream=True)

    async def _read(self) -> list[Entry]:
        answer: Any = await self._redis.xreadgroup(
            self._group,
            self._name,
            {self._stream: ">"},
            count=self._settings.batch,
            block=self._settings.block_ms,
        )
        if not answer:
            return []
        _, rows = next(iter(answer.items())) if isinstance(answer, dict) else answer[0]
        return [parse_entry(raw_id, fields) for raw_id, fields in _flat(rows)]

    async def _find_takeover(self) -> Takeover:
        """The first that is due, however many before it are still being waited for."""
        settings, start = self._settings, "-"
        page = settings.batch * 8
        while True:
            rows: Any = await self._redis.xpending_range(
                self._stream, self._group, start, "+", page, idle=settings.lease_ms
            )
            pending = [
                PendingEntry(row["message_id"].decode(), row["time_since_delivered"], row["times_delivered"])
                for row in rows
                if row["message_id"].decode() not in self._held
            ]
            takeover = plan(pending, settings.batch, settings.lease_ms, settings.max_deliveries)
            if takeover.ids or len(rows) < page:
                return takeover
            start = f"({rows[-1]['message_id'].decode()}"

    async def _take_over(self, takeover: Takeover) -> None:
        rows: Any = await self._redis.xclaim(
            self._stream, self._group, self._name, takeover.min_idle_ms, list(takeover.ids)
        )
        entries = [
            parse_entry(raw_id, fields or {}, takeover.deliveries + 1)
            for raw_id, fields in _flat(rows)
            if raw_id is not None
        ]
        if not entries:
            return
        self._metrics.redelivered(len(entries))
        log.warning(
            "entries_taken_over", stream=self._stream, group=self._group, count=len(entries),
            deliveries=takeover.deliveries, dead=takeover.dead,
        )
        if takeover.dead:
            await self._bury(entries, [self._reason(entry) for entry in entries])
        else:
            await self._finish(entries)

    def _reason(self, entry: Entry) -> str:
        cause = self._failures.get(entry.id, "its consumer died or was lost each time")
        return f"{entry.deliveries - 1} deliveries failed; {cause}"

    async def _finish(self, entries: Sequence[Entry]) -> None:
        unreadable = [entry for entry in entries if entry.text(b"v") not in READABLE_VERSIONS]
        if unreadable:
            reasons = [f"entry schema version {e.text(b'v')!r} is not readable here" for e in unreadable]
            await self._bury(unreadable, reasons)
            entries = [entry for entry in entries if entry.text(b"v") in READABLE_VERSIONS]
        if not entries:
            return
        step = len(entries)
        if self._settings.pieces > 1 and len(entries) < self._settings.batch:
            step = -(-len(entries) // self._settings.pieces)
            entries = sorted(entries, key=lambda entry: entry.size)
        ids = [entry.id for entry in entries]
        self._held.update(ids)
        try:
            for start in range(0, len(entries), step):
                await self._work(entries[start : start + step])
                self._held.difference_update(ids[start : start + step])
        except asyncio.CancelledError:
            raise  # still in hand: `run` hands them back
        except BaseException:
            self._held.difference_update(ids)
            raise

    async def _work(self, entries: Sequence[Entry]) -> None:
        """Process and commit; on failure halve, so that only the entry at fault stays pending."""
        now = self._clock.now_ms()
        started = self._clock.monotonic()
        try:
            results = await self._stage.process(entries)
            computed = self._clock.monotonic() - started
            statuses = await self._stage.commit(entries, results)
        except (RedisError, OSError):
            raise
        except Exception as error:
            if len(entries) > 1:
                middle = len(entries) // 2
                await self._work(entries[:middle])
                await self._work(entries[middle:])
                return
            self._remember_failure(entries[0], error)
            return
        self._metrics.processed(
            len(entries),
            compute_seconds=computed,
            queue_seconds=[max(0, now - entry.added_at_ms) / 1000 for entry in entries],
        )
        self._metrics.committed(statuses)
        again = [entry for entry, status in zip(entries, statuses, strict=True) if status == "conflict"]
        if again:
            await self._work(again)

    def _remember_failure(self, entry: Entry, error: Exception) -> None:
        # The type alone: a message could quote the customer.
        self._failures[entry.id] = f"last error: {type(error).__name__}"
        if len(self._failures) > REMEMBERED_FAILURES:
            self._failures.popitem(last=False)
        self._metrics.failed()
        log.error(
            "entry_failed", stream=self._stream, group=self._group, entry=entry.id, deliveries=entry.deliveries,
            error=type(error).__name__, at=raised_at(error), **entry.ids,
        )

    async def _bury(self, entries: Sequence[Entry], reasons: Sequence[str]) -> None:
        try:
            statuses = await self._stage.give_up(entries, reasons)
        except (RedisError, OSError):
            raise
        except Exception as error:
            # Ending here would take the service down at every start. They stay pending, and are tried again
            # ever more seldom.
            log.critical(
                "giving_up_failed", stream=self._stream, group=self._group, count=len(entries),
                entry=entries[0].id, error=type(error).__name__, at=raised_at(error), **entries[0].ids,
            )
            return
        buried = [
            (entry, reason)
            for entry, reason, status in zip(entries, reasons, statuses, strict=True)
            if status not in ("stale", "conflict")
        ]
        self._metrics.dead_lettered(len(buried))
        for entry, reason in buried:
            log.error(
                "entry_dead_lettered", stream=self._stream, group=self._group, entry=entry.id,
                deliveries=entry.deliveries, reason=reason, **entry.ids,
            )

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_ms / 3000)
            held = sorted(self._held)
            if held:
                with contextlib.suppress(RedisError, OSError):
                    await self._renew([self._stream], [self._group, self._name, 0, *held])

    async def _hand_back(self) -> None:
        """Let others have at once what is still in hand (only where a drain was cut short)."""
        if self._held:
            with contextlib.suppress(RedisError, OSError):
                idle = self._settings.lease_ms * 1000
                await self._renew([self._stream], [self._group, self._name, idle, *sorted(self._held)])


def _flat(rows: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Rows of entries whichever protocol version the client speaks."""
    if rows and isinstance(rows[0], list) and rows[0] and isinstance(rows[0][0], (tuple, list)):
        return [row for chunk in rows for row in chunk]
    return list(rows)
