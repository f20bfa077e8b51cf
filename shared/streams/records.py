"""Reads message and ticket records back: what is stored of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from redis.asyncio import Redis

from shared.convert import (
    decode_analysis,
    decode_conversation,
    decode_decision,
    decode_message,
    decode_utterance,
)
from shared.domain.analysis import Analysis, Part
from shared.domain.decision import Conversation, Decision, TicketEntry
from shared.domain.ticket import Message, MessageKey
from shared.streams.names import Keys

RECORD_FIELDS = ("m", "q", "a", Part.INTENT.value, Part.SLOTS.value, Part.SENTIMENT.value, "n", "b", "x", "da")


@dataclass(frozen=True, slots=True)
class Record:
    """A message with its analysis so far, its decision, and the conversation before it was decided.

    ``parts`` counts the analyses that have landed, those included that stand in for a failed one.
    """

    message: Message
    analysis: Analysis
    parts: int
    decision: Decision | None
    before: Conversation

    @property
    def entry(self) -> TicketEntry:
        return TicketEntry(self.message, self.analysis, self.decision)


def decode_record(values: Sequence[bytes | None]) -> Record | None:
    """Values of RECORD_FIELDS as a record; None where there is no such record."""
    encoded, sequence, accepted, intent, slots, sentiment, parts, before, decision, decided = values
    if encoded is None or sequence is None or accepted is None:
        return None
    accepted_ms = int(accepted)
    message = decode_message(encoded)
    message = replace(
        message,
        sequence=int(sequence),
        accepted_at_ms=accepted_ms,
        sent_at_ms=message.sent_at_ms or accepted_ms,
    )
    return Record(
        message,
        decode_analysis(intent, slots, sentiment),
        int(parts or 0),
        None if decision is None else decode_decision(decision, int(decided or 0)),
        decode_conversation(before),
    )


class Records:
    """Reads records; writing is the business of the commit scripts alone."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys = redis, keys

    async def message(self, key: MessageKey) -> Record | None:
        values: Any = await self._redis.hmget(self._keys.message(key), list(RECORD_FIELDS))
        return decode_record(values)

    async def languages(self, keys: Sequence[MessageKey]) -> list[str | None]:
        """The language of each message; None where its record has expired."""
        if not keys:
            return []
        pipeline: Any = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.hget(self._keys.message(key), "m")
        return [encoded and decode_utterance(encoded, 0).language for encoded in await pipeline.execute()]

    async def ticket(self, tenant: str, ticket: str) -> tuple[list[Record], Conversation] | None:
        """A whole conversation in order, and its state; None where it does not exist or has expired.

        Messages whose own record has expired are left out.
        """
        raw: Any = await self._redis.hgetall(self._keys.ticket(tenant, ticket))
        if not raw:
            return None
        ids = sorted((int(name[2:]), value.decode()) for name, value in raw.items() if name.startswith(b"m:"))
        pipeline: Any = self._redis.pipeline(transaction=False)
        for _, message_id in ids:
            pipeline.hmget(self._keys.message(MessageKey(tenant, ticket, message_id)), list(RECORD_FIELDS))
        records = [decode_record(values) for values in await pipeline.execute()]
        return [record for record in records if record is not None], decode_conversation(raw.get(b"c"))
