"""Dead letters: entries that were given up after the delivery limit, to be looked at, replayed or dropped.

They stand in one stream a shard that no group reads. Each names the stream and group that gave it up, the
message, the reason and the deliveries; the message itself stays in its record until that expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from redis.asyncio import Redis

from shared.domain.ticket import MessageKey
from shared.errors import FieldError, NotFoundError
from shared.streams.names import Keys, Stream, parse_reference, reference
from shared.streams.scripts import HERE, Script

PAGE = 500


class Replay(StrEnum):
    """What became of a replay; words of dead_letter.lua."""

    REPLAYED = "replayed"
    MISSING = "missing"
    GONE = "gone"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One entry that was given up. ``at_ms`` is when (Unix milliseconds); ``entry`` its id in ``stream``."""

    shard: int
    position: str
    stream: Stream
    group: str
    key: MessageKey
    entry: str
    reason: str
    deliveries: int
    at_ms: int

    @property
    def id(self) -> str:
        """Its name for people: shard and place in the dead-letter stream, ``0-1795300000000-0``."""
        return f"{self.shard}-{self.position}"


class DeadLetters:
    """All dead letters of a store."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys = redis, keys
        self._replay = Script(redis, HERE / "dead_letter.lua")

    async def count(self) -> int:
        """How many there are."""
        return sum([await self._redis.xlen(self._keys.stream(Stream.DEAD, s)) for s in self._keys.every_shard()])

    async def all(self, limit: int | None = None) -> list[DeadLetter]:
        """The oldest first, at most ``limit``."""
        found: list[DeadLetter] = []
        for shard in self._keys.every_shard():
            found += await self._of_shard(shard, limit)
        found.sort(key=lambda letter: letter.at_ms)  # stable: equal times keep their order of a shard
        return found[:limit]

    async def _of_shard(self, shard: int, limit: int | None) -> list[DeadLetter]:
        name, start = self._keys.stream(Stream.DEAD, shard), "-"
        found: list[DeadLetter] = []
        while limit is None or len(found) < limit:
            rows: Any = await self._redis.xrange(name, start, "+", count=PAGE)
            found += [_parse(shard, raw_id.decode(), fields) for raw_id, fields in rows]
            if len(rows) < PAGE:
                break
            start = f"({rows[-1][0].decode()}"
        return found

    async def find(self, letter_id: str) -> DeadLetter:
        """Raises FieldError for a malformed id, NotFoundError where there is no such dead letter."""
        shard, _, position = letter_id.partition("-")
        time, _, sequence = position.partition("-")
        if not (shard.isdecimal() and time.isdecimal() and sequence.isdecimal()):
            raise FieldError("id", f"{letter_id!r} is not the id of a dead letter; `dead-letters list` shows them")
        rows: Any = await self._redis.xrange(self._keys.stream(Stream.DEAD, int(shard)), position, position)
        if int(shard) not in self._keys.every_shard() or not rows:
            raise NotFoundError(f"there is no dead letter {letter_id}; it may have been replayed or dropped")
        return _parse(int(shard), position, rows[0][1])

    async def replay(self, letter: DeadLetter) -> Replay:
        """Hand the message to the group that gave it up once more; the dead letter goes where that worked."""
        keys = [
            self._keys.stream(Stream.DEAD, letter.shard),
            self._keys.stream(letter.stream, letter.shard),
            self._keys.message(letter.key),
            self._keys.in_flight(letter.shard),
        ]
        arguments = [letter.position, letter.stream.value, letter.group, reference(letter.key)]
        answer: bytes = await self._replay(keys, arguments)
        return Replay(answer.decode())

    async def drop(self, letter: DeadLetter) -> bool:
        """Forget a dead letter; False where it was gone already. Its message and decision stay."""
        removed: int = await self._redis.xdel(self._keys.stream(Stream.DEAD, letter.shard), letter.position)
        return removed == 1


def _parse(shard: int, position: str, fields: dict[bytes, bytes]) -> DeadLetter:
    text = {name.decode(): value.decode() for name, value in fields.items()}
    return DeadLetter(
        shard=shard,
        position=position,
        stream=Stream(text["s"].rpartition(":")[2]),
        group=text["g"],
        key=_key(text["k"]),
        entry=text["e"],
        reason=text["why"],
        deliveries=int(text["n"]),
        at_ms=int(text["at"]),
    )


def _key(text: str) -> MessageKey:
    """The message, or for the dead letter of a malformed entry what stood in its place."""
    try:
        return parse_reference(text)
    except ValueError:
        return MessageKey("", "", text)
