"""One shard as a test sees it: puts messages in, reads as a consumer would, looks at what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from services.intake.submit import Receipt, Submitter, digest
from shared.domain.ticket import Message
from shared.streams.entry import Entry, parse_entry
from shared.streams.names import GROUPS_OF, Group, Keys, Stream
from shared.streams.records import Record, Records

STREAM_OF = {group: stream for stream, groups in GROUPS_OF.items() for group in groups}


class Lane:
    """Everything of shard 0; ``keys`` must have one shard."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis, self.keys = redis, keys
        self.records = Records(redis, keys)

    async def submit(
        self,
        *messages: Message,
        backlog: int = 10_000,
        decide_within_ms: int = 60_000,
        review_within_ms: int | None = None,
    ) -> list[Receipt]:
        """Submit messages as intake does; the last deadline is the first one unless said otherwise."""
        last = decide_within_ms if review_within_ms is None else review_within_ms
        submitter = Submitter(self.redis, self.keys, backlog, decide_within_ms, last)
        return await submitter.submit(messages, [digest(message) for message in messages])

    async def read(self, group: Group, consumer: str = "one", count: int = 100) -> list[Entry]:
        """New entries for a consumer of a group; [] where there are none."""
        stream = self.keys.stream(STREAM_OF[group], 0)
        answer: Any = await self.redis.xreadgroup(group.value, consumer, {stream: ">"}, count=count)
        return [parse_entry(raw, fields) for _, rows in answer for raw, fields in rows]

    async def claim(self, group: Group, consumer: str, ids: Sequence[str]) -> list[Entry]:
        """Take entries from whoever holds them, as after a lease that ran out."""
        if not ids:
            return []
        stream = self.keys.stream(STREAM_OF[group], 0)
        rows: Any = await self.redis.xclaim(stream, group.value, consumer, 0, list(ids))
        return [parse_entry(raw, fields) for raw, fields in rows]

    async def pending(self, group: Group) -> dict[str, str]:
        """Who holds each entry that was delivered and not ended: id -> consumer."""
        stream = self.keys.stream(STREAM_OF[group], 0)
        rows: Any = await self.redis.xpending_range(stream, group.value, "-", "+", 10_000)
        return {row["message_id"].decode(): row["consumer"].decode() for row in rows}

    async def deliveries(self, group: Group) -> dict[str, int]:
        """How often each pending entry was delivered."""
        stream = self.keys.stream(STREAM_OF[group], 0)
        rows: Any = await self.redis.xpending_range(stream, group.value, "-", "+", 10_000)
        return {row["message_id"].decode(): row["times_delivered"] for row in rows}

    async def entries(self, stream: Stream) -> list[Entry]:
        """All that a stream holds, oldest first."""
        rows: Any = await self.redis.xrange(self.keys.stream(stream, 0))
        return [parse_entry(raw, fields) for raw, fields in rows]

    async def lengths(self) -> dict[Stream, int]:
        """How many entries each stream holds."""
        return {stream: await self.redis.xlen(self.keys.stream(stream, 0)) for stream in Stream}

    async def in_flight(self) -> int:
        return int(await self.redis.get(self.keys.in_flight(0)) or 0)

    async def deadlines(self) -> dict[str, int]:
        """Undecided messages and when they are decided with what is there (Unix milliseconds)."""
        rows: Any = await self.redis.zrange(self.keys.deadlines(0), 0, -1, withscores=True)
        return {name.decode(): int(score) for name, score in rows}

    async def record(self, message: Message) -> Record:
        """The stored record; it must exist."""
        record = await self.records.message(message.key)
        assert record is not None
        return record
