"""Who is next, and for whom: the order of waiting items and what an agent can take; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.domain.decision import Priority

PRIORITY_STEP = 1 << 43  # as in item.lua: above any time in milliseconds, and exact in a double


def waiting_score(priority: Priority, waiting_since_ms: int) -> int:
    """Score of an item in its sorted set: the lower, the sooner it is served.

    Priority comes first, then the time since which it waits (Unix milliseconds in
    [0, 2**43), which lasts until the year 2248).
    """
    return (Priority.URGENT.rank - priority.rank) * PRIORITY_STEP + waiting_since_ms


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the order of all shards and queues: by score, items of equal score by their id."""

    score: float
    item_id: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What an agent can take; an empty set sets no limit."""

    queues: frozenset[str] = frozenset()
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()

    @property
    def takes_all(self) -> bool:
        """Whether any item of its queues fits."""
        return not self.skills and not self.languages

    def fits(self, language: str, skills: Iterable[str]) -> bool:
        """Whether an item of this language that needs these skills can go to the agent.

        Every skill must be among the agent's. An item whose language is not known (``und``) goes
        to agents who name ``und`` or no language.
        """
        if self.languages and language not in self.languages:
            return False
        return not self.skills or self.skills.issuperset(skills)
