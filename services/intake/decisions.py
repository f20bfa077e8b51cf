"""Follows the decided streams: for watchers from a resume token, and for callers that wait for one decision."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.intake.resume_token import BEGIN, GREATEST, decode_token, encode_token
from shared.errors import ResumeTokenError
from shared.streams.entry import Entry, parse_entry
from shared.streams.names import SEPARATOR, Keys, Stream

log = structlog.get_logger(__name__)
READ_COUNT = 200
BLOCK_MS = 1000


class DecidedStreams:
    """Reads the decided streams of all shards without belonging to a group."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    async def ends(self) -> dict[int, str]:
        """The position after the newest entry of every shard."""
        return {shard: await self._end(shard) for shard in self._keys.every_shard()}

    async def _end(self, shard: int) -> str:
        rows: Any = await self._redis.xrevrange(self._keys.stream(Stream.DECIDED, shard), count=1)
        return rows[0][0].decode() if rows else "0-0"

    async def positions(self, token: str) -> dict[int, str]:
        """Where a watcher with this token goes on.

        Raises FieldError for a malformed token and ResumeTokenError where entries after it are gone.
        """
        if not token:
            return await self.ends()
        if token == BEGIN:
            return {shard: _text_of((await self._kept(shard))[0]) for shard in self._keys.every_shard()}
        positions = decode_token(token, self._keys.shards)
        for shard, position in positions.items():
            start, trimmed = await self._kept(shard)
            if trimmed and _order(position) < start:
                raise ResumeTokenError(
                    "resume_token: decisions after this token are no longer kept; read the tickets of "
                    "interest with GetTicket and watch anew from 'begin'"
                )
        return positions

    async def _kept(self, shard: int) -> tuple[tuple[int, int], bool]:
        """The position right before the oldest entry kept, and whether older ones were removed."""
        info: Any = await self._redis.xinfo_stream(self._keys.stream(Stream.DECIDED, shard))
        trimmed = info["entries-added"] > info["length"]
        if not info["first-entry"]:
            return _order(_text(info["last-generated-id"])), trimmed
        ms, sequence = _order(_text(info["first-entry"][0]))
        return ((ms, sequence - 1) if sequence else (ms - 1, GREATEST)), trimmed

    async def read(self, positions: dict[int, str], block_ms: int) -> list[tuple[int, Entry]]:
        """Entries after the positions, oldest first in each shard; waits up to ``block_ms`` for one."""
        wanted = {self._keys.stream(Stream.DECIDED, shard): position for shard, position in positions.items()}
        answer: Any = await self._redis.xread(wanted, count=READ_COUNT, block=block_ms)  # type: ignore[arg-type]
        shard_of = {self._keys.stream(Stream.DECIDED, shard): shard for shard in positions}
        found = []
        for name, rows in answer.items() if isinstance(answer, dict) else answer or ():
            flat = rows[0] if rows and isinstance(rows[0], list) and not isinstance(rows[0][0], bytes) else rows
            found += [(shard_of[_text(name)], parse_entry(raw_id, fields)) for raw_id, fields in flat]
        return found

    async def follow(
        self, tenant: str, token: str, heartbeat_s: float
    ) -> AsyncIterator[tuple[Entry | None, str]]:
        """A tenant's decisions with the token after each; None as a heartbeat.

        Pull-based: a slow client holds one batch of entries at most.
        """
        positions = await self.positions(token)
        yield None, encode_token(positions)
        last = time.monotonic()
        mine = tenant + SEPARATOR
        while True:
            for shard, entry in await self.read(positions, BLOCK_MS):
                positions[shard] = entry.id
                if entry.reference.startswith(mine) and not entry.text(b"g"):  # replayed for a group alone
                    yield entry, encode_token(positions)
                    last = time.monotonic()
            if time.monotonic() - last >= heartbeat_s:
                yield None, encode_token(positions)
                last = time.monotonic()


class DecisionWaiter:
    """Wakes callers when their message is decided; one reader a process, only while somebody waits."""

    def __init__(self, streams: DecidedStreams) -> None:
        self._streams = streams
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._wake, self._reading = asyncio.Event(), asyncio.Event()

    async def expect(self, reference: str) -> asyncio.Future[None]:
        """A future that is done when a decision on this message is seen. Register before submitting:
        when this returns, the reader stands before any decision that follows.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(reference, set()).add(future)
        self._wake.set()
        try:
            await self._reading.wait()
        except BaseException:
            self.forget(reference, future)  # the caller has no future to forget
            raise
        return future

    def forget(self, reference: str, future: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(reference, set())
        waiting.discard(future)
        if not waiting:
            self._waiting.pop(reference, None)

    async def run(self) -> None:
        """Until cancelled. A waiter that misses its wake-up looks at the record itself."""
        while True:
            await self._wake.wait()
            try:
                positions = await self._streams.ends()
                self._reading.set()
                while self._waiting:
                    for shard, entry in await self._streams.read(positions, BLOCK_MS // 2):
                        positions[shard] = entry.id
                        for future in self._waiting.get(entry.reference, ()):
                            if not future.done():
                                future.set_result(None)
                self._wake.clear()
                self._reading.clear()
            except (RedisError, OSError) as error:
                log.warning("store_unreachable", error=type(error).__name__)
                await asyncio.sleep(0.2)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _order(entry_id: str) -> tuple[int, int]:
    ms, _, sequence = entry_id.partition("-")
    return int(ms), int(sequence)


def _text_of(order: tuple[int, int]) -> str:
    return f"{order[0]}-{order[1]}"
