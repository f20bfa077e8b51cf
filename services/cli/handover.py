"""Items of the human queue as a person reads them."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.conversation import entries_text
from services.cli.render import PRIORITY_STYLES, level_bar, moment, plain, priority, reason
from shared.pb.switchyard.v1 import handoff_pb2 as pb


def items_table(items: Iterable[pb.QueueItem]) -> Table:
    """One row an item."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("item", "queue", "priority", "waits", "ticket", "lang", "why", "with"):
        table.add_column(name)
    for item in items:
        level = priority(item.priority)
        why = reason(item.decision.reasons[0]) if item.decision.reasons else ""
        holder = f"{item.agent} until {moment(item.lease_until)[11:]}" if item.agent else ""
        table.add_row(
            item.item_id,
            item.queue,
            Text(level, style=PRIORITY_STYLES.get(level, "")),
            _age(time.time() - item.waiting_since.seconds),
            item.ticket_id,
            item.language,
            why,
            Text(plain(holder)),
        )
    return table


def item_text(item: pb.QueueItem) -> Text:
    """An item on one line, and a second for what came of it."""
    state = pb.ItemState.Name(item.state).removeprefix("ITEM_STATE_").lower()
    text = Text(f"{item.item_id}  {state}  {item.queue} · {priority(item.priority)} · ticket {item.ticket_id}")
    if item.agent:
        text.append(f" · {plain(item.agent)}")
        if item.lease_until.seconds:
            text.append(f" until {moment(item.lease_until)}")
    if item.disposition:
        name = pb.Disposition.Name(item.disposition).removeprefix("DISPOSITION_").lower().replace("_", " ")
        text.append(f"\n  {name}")
        if item.note:
            text.append(f": {plain(item.note)}")
    return text


def handover_text(handover: pb.Handover) -> RenderableType:
    """Everything that a person needs to take over: why, how it got here, what was said."""
    parts: list[RenderableType] = [item_text(handover.item)]
    if handover.levels:
        levels = Text("\nfrustration  ", style="bold")
        for point in handover.levels:
            levels.append_text(level_bar(point.level, width=4))
            levels.append("   ")
        parts.append(levels)
    if handover.key_sentences:
        parts.append(Text("\nwhat mattered", style="bold"))
        parts += [Text(f"  “{plain(sentence)}”", style="italic") for sentence in handover.key_sentences]
    parts += [Text(), entries_text(handover.conversation)]
    return Group(*parts)


def _age(seconds: float) -> str:
    seconds = max(0, int(seconds))
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
