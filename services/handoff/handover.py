"""All that a person needs to take over a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.handoff.item import QueueItem
from services.handoff.key_sentences import key_sentences
from shared.domain.decision import Outcome, TicketEntry
from shared.streams.records import Records


@dataclass(frozen=True, slots=True)
class LevelPoint:
    """The conversation's frustration level in [0, 1] after a message, at the time it was written (Unix ms)."""

    message: str
    at_ms: int
    level: float


@dataclass(frozen=True, slots=True)
class Handover:
    """An item with its conversation in order, the level over time, and the key sentences, strongest first."""

    item: QueueItem
    conversation: tuple[TicketEntry, ...]
    levels: tuple[LevelPoint, ...]
    key_sentences: tuple[str, ...]


def hand_over(item: QueueItem, conversation: Sequence[TicketEntry]) -> Handover:
    """What is to be shown of an item and its conversation; pure."""
    return Handover(item, tuple(conversation), levels(conversation), key_sentences(conversation))


def levels(conversation: Sequence[TicketEntry]) -> tuple[LevelPoint, ...]:
    """The level after each decided message of the customer (agents' messages do not move it)."""
    return tuple(
        LevelPoint(entry.message.key.message, entry.message.sent_at_ms, entry.decision.level_after)
        for entry in conversation
        if entry.decision is not None and entry.decision.outcome is not Outcome.RECORDED
    )


class Handovers:
    """Builds hand-overs from the ticket records."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def of(self, item: QueueItem) -> Handover:
        """The hand-over of an item. Messages whose records have expired are left out: an item may wait
        longer than records are kept, and then shows what stands in itself.
        """
        found = await self._records.ticket(item.tenant, item.ticket)
        records = found[0] if found else []
        return hand_over(item, [record.entry for record in records])
