"""The stage of an analysis service: run the model over a batch, store one part a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from redis.asyncio import Redis

from shared.convert import decode_utterance, encode_part
from shared.domain.analysis import FAILED, Abstention, IntentAnalysis, Part, SentimentAnalysis, SlotAnalysis
from shared.domain.ticket import Utterance
from shared.streams.entry import Entry
from shared.streams.names import Keys, Stream
from shared.streams.scripts import HERE, commit_script

PartT = TypeVar("PartT", IntentAnalysis, SlotAnalysis, SentimentAnalysis)
Analyse = Callable[[Sequence[Utterance]], Awaitable[Sequence[PartT]]]


class PartStage(Generic[PartT]):
    """Implements `Stage` for intent, slots and sentiment alike: only the model differs."""

    def __init__(
        self, redis: Redis, keys: Keys, shard: int, part: Part, analyse: Analyse[PartT], failed: PartT
    ) -> None:
        self._keys, self._shard, self._part = keys, shard, part
        self._analyse: Analyse[PartT] = analyse
        self._failed = encode_part(failed)
        self._commit = commit_script(redis, HERE / "part.lua")

    async def process(self, entries: Sequence[Entry]) -> Sequence[bytes]:
        """Encoded parts; entries replayed for another service alone give b""."""
        mine = [entry for entry in entries if self._concerns(entry)]
        if not mine:
            return [b""] * len(entries)
        parts = iter(await self._analyse([decode_utterance(e.fields[b"m"], e.added_at_ms) for e in mine]))
        return [encode_part(next(parts)) if self._concerns(entry) else b"" for entry in entries]

    async def commit(self, entries: Sequence[Entry], results: Sequence[bytes]) -> Sequence[str]:
        return await self._end(entries, results, [""] * len(entries))

    async def give_up(self, entries: Sequence[Entry], reasons: Sequence[str]) -> Sequence[str]:
        """Stores an abstention in place of the part, so that the message is decided without it.

        Entries replayed for another service are ended alone: they are its dead letters, if any.
        """
        mine = [self._concerns(entry) for entry in entries]
        parts = [self._failed if concerns else b"" for concerns in mine]
        said = [reason if concerns else "" for reason, concerns in zip(reasons, mine, strict=True)]
        return await self._end(entries, parts, said)

    def _concerns(self, entry: Entry) -> bool:
        return entry.text(b"g") in ("", self._part.value)

    async def _end(
        self, entries: Sequence[Entry], results: Sequence[bytes], reasons: Sequence[str]
    ) -> Sequence[str]:
        prefix: str = self._keys.message_prefix(self._shard)
        keys = [
            self._keys.stream(Stream.TICKETS, self._shard),
            self._keys.stream(Stream.DEAD, self._shard),
            self._keys.stream(Stream.ANALYZED, self._shard),
            self._keys.deadlines(self._shard),
            self._keys.in_flight(self._shard),
            *(prefix + entry.reference for entry in entries),
        ]
        args: list[str | bytes | int] = [self._part.value, len(entries)]
        for entry, result, reason in zip(entries, results, reasons, strict=True):
            part = self._part.value if result else ""
            args += [entry.id, entry.reference, reason, entry.deliveries, part, result]
        return [status.decode() for status in await self._commit(keys, args)]


def failed() -> Abstention:
    """The abstention that stands in for a dead-lettered part."""
    return Abstention(FAILED, "the analysis failed repeatedly and was given up")
