"""A text whose short forms are written out, with the way back to the text as it was written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a text by code-point offsets, end exclusive."""

    start: int
    end: int


class Expansion(NamedTuple):
    """A term that was written out: where it stands in the original, and where its expansion in the new text."""

    written: Span
    read: Span


_written: Callable[[Expansion], Span] = attrgetter("written")
_read: Callable[[Expansion], Span] = attrgetter("read")


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a model reads in place of a text. ``expansions`` are in order and do not overlap.

    Offsets outside of expansions have exactly one counterpart. A span that touches an expansion or a
    term stands for the whole of it: there is no telling which letter of "asap" is "soon".
    """

    text: str
    expansions: tuple[Expansion, ...] = ()

    def written(self, start: int, end: int) -> Span:
        """The span of the original that ``text[start:end]`` stands for."""
        return self._counterpart(start, end, _read, _written)

    def read(self, start: int, end: int) -> Span:
        """The span of ``text`` as which a span of the original is read."""
        return self._counterpart(start, end, _written, _read)

    def changes(self, start: int, end: int) -> bool:
        """Whether a span of the original touches a term that was written out."""
        first = bisect_right(self.expansions, start, key=lambda it: it.written.end)
        return first < len(self.expansions) and self.expansions[first].written.start < end

    def _counterpart(
        self, start: int, end: int, here: Callable[[Expansion], Span], there: Callable[[Expansion], Span]
    ) -> Span:
        """A span of one side as it lies on the other. O(log n) in the number of expansions."""
        ends_after = bisect_right(self.expansions, start, key=lambda it: here(it).end)
        begins_before = bisect_left(self.expansions, end, key=lambda it: here(it).start) - 1
        if ends_after < len(self.expansions) and here(self.expansions[ends_after]).start <= start:
            new_start = there(self.expansions[ends_after]).start
        else:
            new_start = start + self._shift(ends_after - 1, here, there)
        if begins_before >= 0 and end <= here(self.expansions[begins_before]).end:
            new_end = there(self.expansions[begins_before]).end
        else:
            new_end = end + self._shift(begins_before, here, there)
        return Span(new_start, new_end)

    def _shift(self, last: int, here: Callable[[Expansion], Span], there: Callable[[Expansion], Span]) -> int:
        """How far text after the expansion of that index, -1 for before all, has moved."""
        return there(self.expansions[last]).end - here(self.expansions[last]).end if last >= 0 else 0
