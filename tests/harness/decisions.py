"""decision.lua called directly, with chosen values, so that its own rules are held apart from `decide`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

import services.router
from shared.domain.ticket import Message
from shared.streams.entry import Entry
from shared.streams.names import Keys, Stream
from shared.streams.scripts import commit_script

SCRIPT = Path(services.router.__file__).with_name("decision.lua")


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the script: what is committed for an entry."""

    entry: Entry
    kind: str
    message: Message
    sequence: int = 1
    version: int = 0
    revision: int = 1
    parts: int = 3
    before: bytes = b"before"
    after: bytes = b"after"
    decision: bytes = b"decision"
    ttl_ms: int = 60_000
    dead_reason: str = ""


class DecisionScript:
    """The router's script on shard 0."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._keys = keys
        self._commit = commit_script(redis, SCRIPT)

    async def __call__(self, items: Sequence[Item]) -> list[str]:
        """One status an item."""
        names = [self._keys.stream(stream, 0) for stream in (Stream.ANALYZED, Stream.DEAD, Stream.DECIDED)]
        names += [self._keys.deadlines(0), self._keys.in_flight(0)]
        args: list[str | bytes | int] = ["router", len(items)]
        for item in items:
            key = item.message.key
            names += [self._keys.message(key), self._keys.ticket(key.tenant, key.ticket)]
            args += [
                item.entry.id, item.entry.reference, item.dead_reason, item.entry.deliveries, item.kind,
                item.sequence, item.version, item.revision, item.parts, item.before, item.after, item.decision, item.ttl_ms,
            ]  # fmt: skip
        return [status.decode() for status in await self._commit(names, args)]
