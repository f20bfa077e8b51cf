"""What waits in the human queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.convert import decode_decision
from shared.domain.decision import Decision, Priority

SKILL_SEPARATOR = ","  # not in the alphabet of labels, see protos
PRIORITIES = sorted(Priority, key=lambda priority: priority.rank)


class ItemState(StrEnum):
    """Where an item stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    COMPLETED = "completed"


class Disposition(StrEnum):
    """What an agent says of an item when done; SETTLED is the service's own word (see enqueue.lua)."""

    JUSTIFIED = "justified"
    FALSE_ALARM = "false_alarm"
    WRONG_QUEUE = "wrong_queue"
    ALREADY_SOLVED = "already_solved"
    SPAM = "spam"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class QueueItem:
    """A ticket that waits for a person or is with one.

    ``id`` is ``<shard>-<ms>-<n>``: the entry of the shard's decided stream that opened it. Times
    are Unix milliseconds by the store's clock, 0 where unset. ``waiting_since_ms`` is the time of
    the decision that opened it and is kept when a lease ends. ``skills`` are intents.
    ``decision`` is the one on the ticket's newest message; ``claims`` counts claims so far.
    """

    id: str
    tenant: str
    ticket: str
    queue: str
    priority: Priority
    language: str
    skills: tuple[str, ...]
    state: ItemState
    waiting_since_ms: int
    decision: Decision
    agent: str = ""
    lease_until_ms: int = 0
    claims: int = 0
    first_claim_ms: int = 0
    disposition: Disposition | None = None
    note: str = ""
    completed_at_ms: int = 0


def decode_item(item_id: str, fields: Mapping[bytes, bytes]) -> QueueItem:
    """An item as the scripts store it (see item.lua)."""

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode()

    def number(name: bytes) -> int:
        return int(fields.get(name) or 0)

    return QueueItem(
        id=item_id,
        tenant=text(b"tenant"),
        ticket=text(b"ticket"),
        queue=text(b"queue"),
        priority=PRIORITIES[number(b"rank")],
        language=text(b"language"),
        skills=decode_skills(fields.get(b"skills")),
        state=ItemState(text(b"state")),
        waiting_since_ms=number(b"since"),
        decision=decode_decision(fields[b"decision"], number(b"decided_at")),
        agent=text(b"agent"),
        lease_until_ms=number(b"lease_until"),
        claims=number(b"claims"),
        first_claim_ms=number(b"first_claim"),
        disposition=Disposition(text(b"disposition")) if fields.get(b"disposition") else None,
        note=text(b"note"),
        completed_at_ms=number(b"completed_at"),
    )


def encode_skills(skills: tuple[str, ...]) -> str:
    return SKILL_SEPARATOR.join(skills)


def decode_skills(data: bytes | None) -> tuple[str, ...]:
    return tuple(data.decode().split(SKILL_SEPARATOR)) if data else ()
