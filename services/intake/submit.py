"""Accepts messages, each exactly once, in one script a shard."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from redis.asyncio import Redis

from shared.convert import encode_message
from shared.domain.ticket import Author, Message
from shared.errors import BacklogFullError, ConflictError
from shared.streams.names import Keys, Stream, reference
from shared.streams.scripts import Script

CHUNK = 100  # messages a script call; longer ones would hold up the store's other clients


class Admission(StrEnum):
    """What became of a message at the door."""

    NEW = "new"
    KNOWN = "known"
    CONFLICT = "conflict"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer for one message; ``sequence`` and ``accepted_at_ms`` are 0 where it was refused."""

    admission: Admission
    sequence: int
    accepted_at_ms: int


def digest(declared: Message) -> bytes:
    """What tells the same content from another: BLAKE2b of the message as the helpdesk sent it.

    Pass it as declared, without a language that intake found: a better identifier must not turn a
    replay into a conflict.
    """
    return hashlib.blake2b(encode_message(declared), digest_size=16).digest()


class Submitter:
    """Writes accepted messages to their shard: record, ticket, stream entry and counter in one step."""

    def __init__(
        self, redis: Redis, keys: Keys, backlog: int, decide_within_ms: int, review_within_ms: int
    ) -> None:
        self._keys = keys
        self._decide_within_ms, self._review_within_ms = decide_within_ms, review_within_ms
        self._most = max(1, -(-backlog // keys.shards))
        self._submit = Script(redis, Path(__file__).with_name("submit.lua"))

    async def submit(self, messages: Sequence[Message], digests: Sequence[bytes]) -> list[Receipt]:
        """One receipt a message, in order. Raises RedisError where the store is away: then nothing is
        known of the messages of that shard, and submitting them again is safe.
        """
        by_shard: dict[int, list[int]] = defaultdict(list)
        for index, message in enumerate(messages):
            by_shard[self._keys.shard(message.key.tenant, message.key.ticket)].append(index)
        receipts: dict[int, Receipt] = {}

        async def send(shard: int, indices: Sequence[int]) -> None:
            most = self._most
            for start in range(0, len(indices), CHUNK):
                chunk = indices[start : start + CHUNK]
                answers = await self._send(shard, [messages[i] for i in chunk], [digests[i] for i in chunk], most)
                receipts.update(zip(chunk, answers, strict=True))
                if any(answer.admission is Admission.FULL for answer in answers):
                    # Room that comes free now must not let a message in before an earlier one of its ticket.
                    most = 0

        await asyncio.gather(*(send(shard, indices) for shard, indices in by_shard.items()))
        return [receipts[index] for index in range(len(messages))]

    async def _send(
        self, shard: int, messages: Sequence[Message], digests: Sequence[bytes], most: int
    ) -> list[Receipt]:
        keys = [
            self._keys.stream(Stream.TICKETS, shard),
            self._keys.stream(Stream.ANALYZED, shard),
            self._keys.deadlines(shard),
            self._keys.in_flight(shard),
        ]
        args: list[str | bytes | int] = [most, self._decide_within_ms, self._review_within_ms, len(messages)]
        for message, mark in zip(messages, digests, strict=True):
            keys += [self._keys.message(message.key), self._keys.ticket(message.key.tenant, message.key.ticket)]
            analysed = "1" if message.author is Author.CUSTOMER else "0"
            args += [mark, encode_message(message), reference(message.key), message.key.message, analysed]
            args.append(message.traceparent)
        answers = await self._submit(keys, args)
        return [Receipt(Admission(status.decode()), sequence, at) for status, sequence, at in answers]


def refusal(receipt: Receipt, message: Message, retry_after_ms: int) -> Exception | None:
    """The error that a receipt amounts to; None where the message is safe."""
    if receipt.admission is Admission.CONFLICT:
        return ConflictError(
            f"message.message_id: {message.key.message!r} of ticket {message.key.ticket!r} was accepted before "
            "with other content; give the changed message a new id"
        )
    if receipt.admission is Admission.FULL:
        return BacklogFullError("the backlog is full; nothing was accepted, try again later", retry_after_ms)
    return None
