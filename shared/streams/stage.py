"""What a service plugs into a consumer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from shared.streams.entry import Entry

ResultT = TypeVar("ResultT")


class Stage(Protocol[ResultT]):
    """One stage of the pipeline: work without writing, then one commit that ends the entries.

    `process` may raise; the consumer then halves the batch to find the entry at fault. `commit` and
    `give_up` return one status an entry ("done", "stale", "conflict" or a word of the stage's
    script); an entry with "conflict" stays pending and is processed again at once.
    """

    async def process(self, entries: Sequence[Entry]) -> Sequence[ResultT]:
        """One result an entry, in order."""

    async def commit(self, entries: Sequence[Entry], results: Sequence[ResultT]) -> Sequence[str]:
        """End the entries with their results."""

    async def give_up(self, entries: Sequence[Entry], reasons: Sequence[str]) -> Sequence[str]:
        """End the entries as dead letters, so that nothing waits for them."""
