"""What to do with a message that came out of analysis: decide, revise, park or leave it; pure."""

from __future__ import annotations

from enum import StrEnum

from shared.domain.decision import Rule
from shared.streams.records import Record


class Step(StrEnum):
    """Kinds of commit that decision.lua knows."""

    DECIDE = "decide"
    REVISE = "revise"
    PARK = "park"
    SETTLE = "settle"


def next_step(record: Record | None, decided_sequence: int) -> Step:
    """The step for a message, given the last decided sequence of its ticket.

    A message is decided after its predecessor; until then it is parked and comes back. A decision is
    revised when a part has landed that it lacked, or that took the place of one that had failed (a
    replayed dead letter), and when it was none (the router had given up). Anything else is settled:
    the entry is a duplicate of work that is done, or its record has expired.
    """
    if record is None:
        return Step.SETTLE
    if record.decision is None:
        ahead = record.message.sequence - decided_sequence
        if ahead > 1:
            return Step.PARK
        return Step.DECIDE if ahead == 1 else Step.SETTLE
    earlier, analysis = record.decision, record.analysis
    landed = set(earlier.missing_parts) - set(analysis.missing)
    parts = (analysis.intent, analysis.slots, analysis.sentiment)
    replaced = {part.model for part in parts if part is not None and part.model} - set(earlier.models)
    given_up = any(reason.rule is Rule.DEAD_LETTER for reason in earlier.reasons)
    return Step.REVISE if landed or replaced or given_up else Step.SETTLE
