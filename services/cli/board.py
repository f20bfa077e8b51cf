"""The screen of `switchyard run`: decisions as they come, and where everything is."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from services.cli.render import (
    OUTCOME_STYLES,
    PRIORITY_STYLES,
    decision_line,
    excerpt,
    level_bar,
    outcome,
    priority,
    reason,
)
from shared.pb.switchyard.v1 import intake_pb2, ticket_pb2

KEPT_ROWS = 200
FOOT_ROWS = 5
GAP = 2
LEVEL_WIDTH = 11
LONGEST_TICKET = 24

Key = tuple[str, str, str]


@dataclass(slots=True)
class Row:
    """A decision on the screen; ``text`` of sample messages alone, ``ms`` from acceptance to decision."""

    decision: ticket_pb2.Decision
    text: str = ""
    ms: int | None = None


class Board:
    """Collects decisions and draws them; on a terminal as a live table, else one line each.

    ``foot`` stands below the table (addresses, what to try). ``expected`` is the number of sample messages:
    `complete` is true when each has its decision.
    """

    def __init__(self, console: Console, foot: Sequence[Text], expected: int, started_at: float) -> None:
        self._console, self._foot, self._expected, self._started_at = console, foot, expected, started_at
        self._rows: OrderedDict[Key, Row] = OrderedDict()
        self._texts: dict[Key, tuple[str, int, bool]] = {}
        self._outstanding: set[Key] = set()
        self._counts: Counter[str] = Counter()
        self._first_s: float | None = None
        self._notes: list[str] = []
        self._status = "starting"
        self._dirty = True
        self._live: Live | None = None
        self.submitted_count = 0

    @property
    def complete(self) -> bool:
        """Whether every sample message has its decision."""
        return self.submitted_count >= self._expected and not self._outstanding

    def open(self) -> None:
        """Take over the terminal, if there is one."""
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        else:
            for line in self._foot:
                self._console.print(line, soft_wrap=True)
        self.refresh()

    def close(self) -> None:
        """Draw a last time and give the terminal back."""
        self._dirty = True
        self.refresh()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def status(self, text: str) -> None:
        """What is going on, in a word or two."""
        self._status, self._dirty = text, True
        self.refresh()

    def tell(self, note: str) -> None:
        """Something that a person must see."""
        self._notes.append(note)
        self._dirty = True
        if self._live is None:
            self._console.print(note, style="yellow", markup=False)

    def submitted(self, tenant: str, message: ticket_pb2.NewMessage, known: intake_pb2.Acknowledgement) -> None:
        """A sample message was acknowledged."""
        key = (tenant, message.ticket_id, message.message_id)
        accepted = known.accepted_at.ToMilliseconds()
        self._texts[key] = (message.text, accepted, known.duplicate)
        self.submitted_count += 1
        row = self._rows.get(key)
        if row is None:
            self._outstanding.add(key)
        else:
            self._describe(key, row)
        self._dirty = True

    def decided(self, decision: ticket_pb2.Decision) -> None:
        """A decision came in; a later revision takes the place of an earlier one."""
        key = (decision.tenant, decision.ticket_id, decision.message_id)
        earlier = self._rows.get(key)
        if earlier is not None and earlier.decision.revision >= decision.revision:
            return
        if earlier is not None:
            self._counts[outcome(earlier.decision)] -= 1
        self._counts[outcome(decision)] += 1
        if self._first_s is None:
            self._first_s = time.monotonic() - self._started_at
        row = Row(decision)
        self._rows[key] = row
        self._outstanding.discard(key)
        self._describe(key, row)
        while len(self._rows) > KEPT_ROWS:
            self._rows.popitem(last=False)
        self._dirty = True
        if self._live is None:
            self._console.print(decision_line(decision), markup=False, soft_wrap=True)

    def _describe(self, key: Key, row: Row) -> None:
        known = self._texts.get(key)
        if known is not None:
            text, accepted, duplicate = known
            row.text = text
            row.ms = None if duplicate else row.decision.decided_at.ToMilliseconds() - accepted

    def refresh(self) -> None:
        """Draw, if something changed since the last time."""
        if self._live is not None and self._dirty:
            self._live.update(self._screen(), refresh=True)
        self._dirty = False

    def summary(self) -> str:
        """Counts in a sentence."""
        decided = sum(self._counts.values())
        parts = [f"{decided} decided"]
        with_person = self._counts["escalated"] + self._counts["review"]
        if decided:
            parts.append(f"{with_person} with a person")
        if self._first_s is not None:
            parts.append(f"the first after {self._first_s:.1f} s")
        return " · ".join(parts)

    def _screen(self) -> RenderableType:
        size = self._console.size
        room = max(5, size.height - len(self._foot) - len(self._notes) - FOOT_ROWS)
        rows = list(self._rows.values())[-room:]
        notes = [Text(note, style="yellow") for note in self._notes]
        head = Text(f"Switchyard · {self._status}", style="bold")
        status = Text(self.summary(), style="dim")
        table = self._table(rows, size.width) if rows else Text("waiting for the first decision", style="dim")
        return Group(head, table, *notes, Text(), *self._foot, status)

    def _table(self, rows: Sequence[Row], width: int) -> Table:
        """As much of each decision as the terminal's width has room for; the rest of it gives way first."""
        spare = width - sum(
            max((len(cell.plain) for cell in cells), default=0) + GAP
            for cells in zip(*(_fixed_cells(row) for row in rows), strict=True)
        )
        shares = _shares(spare)
        table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, GAP, 0, 0))
        for name, justify in (("ticket", "left"), ("#", "right")):
            table.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]
        for name in ("message", "intents"):
            if shares[name]:
                table.add_column(name, width=shares[name], no_wrap=True, overflow="ellipsis")
        table.add_column("frustration", no_wrap=True)
        table.add_column("goes to", no_wrap=True)
        if shares["because"]:
            table.add_column("because", width=shares["because"], no_wrap=True, overflow="ellipsis", style="dim")
        table.add_column("ms", justify="right", no_wrap=True, style="dim")
        for row in rows:
            ticket, number, level, goes, ms = _fixed_cells(row)
            decision = row.decision
            why = reason(decision.reasons[0]) if decision.reasons else ""
            flexible = {
                "message": Text(excerpt(row.text, 200), style="dim"),
                "intents": Text(", ".join(decision.intents)),
                "because": Text(why),
            }
            shown = [flexible[name] for name in ("message", "intents") if shares[name]]
            last = [flexible["because"]] if shares["because"] else []
            table.add_row(ticket, number, *shown, level, goes, *last, ms)
        return table


def _fixed_cells(row: Row) -> tuple[Text, Text, Text, Text, Text]:
    """The cells that are shown whole: ticket, number, frustration, where it goes, milliseconds."""
    decision = row.decision
    name, level = outcome(decision), priority(decision.priority)
    goes = Text(name, style=OUTCOME_STYLES.get(name, ""))
    if decision.queue:
        goes.append(f" → {decision.queue}", style="default")
        goes.append(f" {level}", style=PRIORITY_STYLES.get(level) or "default")
    recorded = decision.outcome == ticket_pb2.OUTCOME_RECORDED
    return (
        Text(excerpt(decision.ticket_id, LONGEST_TICKET)),
        Text(str(decision.sequence)),
        Text(" " * LEVEL_WIDTH) if recorded else level_bar(decision.level_after),
        goes,
        Text("" if row.ms is None else str(row.ms)),
    )


def _shares(spare: int) -> dict[str, int]:
    """How wide each column of free text is: what does not fit decently is left out."""
    shares = {"message": 0, "intents": 0, "because": 0}
    room = spare - 2  # the heading "ms" may be wider than what stands below it
    for name, least, most in (("intents", 12, 28), ("because", 24, 34), ("message", 20, 60)):
        width = min(most, room - GAP)
        if width >= least:
            shares[name] = width
            room -= width + GAP
    return shares
