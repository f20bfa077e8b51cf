"""Which pending entries to take over from a consumer that went silent; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_BACKOFF = 64


@dataclass(frozen=True, slots=True)
class PendingEntry:
    """A row of XPENDING: ``idle_ms`` since the last delivery, ``deliveries`` so far."""

    id: str
    idle_ms: int
    deliveries: int


@dataclass(frozen=True, slots=True)
class Takeover:
    """Entries to claim together, if idle for ``min_idle_ms`` still; dead letters are given up."""

    ids: tuple[str, ...] = ()
    min_idle_ms: int = 0
    deliveries: int = 0
    dead: bool = False


def patience(lease_ms: int, deliveries: int) -> int:
    """How long to wait before delivering again: doubling, so that a poison entry cannot spin."""
    return lease_ms * min(1 << max(0, deliveries - 1), MAX_BACKOFF)


def share(batch: int, deliveries: int, max_deliveries: int) -> int:
    """How many entries of one delivery count to take at once.

    A batch that killed its process is quartered at each delivery down to one, so that its
    neighbours succeed and the entry at fault is found. On its last delivery an entry is alone
    whatever the batch: none is given up for what a neighbour did.
    """
    return 1 if deliveries >= max_deliveries - 1 else max(1, batch >> (2 * deliveries))


def plan(pending: Sequence[PendingEntry], batch: int, lease_ms: int, max_deliveries: int) -> Takeover:
    """The next takeover: the oldest due entry and its like (same delivery count)."""
    for first in pending:
        wait = patience(lease_ms, first.deliveries)
        if first.idle_ms < wait:
            continue
        alike = [
            entry.id for entry in pending if entry.deliveries == first.deliveries and entry.idle_ms >= wait
        ]
        dead = first.deliveries >= max_deliveries
        size = batch if dead else share(batch, first.deliveries, max_deliveries)
        return Takeover(tuple(alike[:size]), wait, first.deliveries, dead)
    return Takeover()
