"""What was decided about a message, and the state of its conversation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.analysis import Analysis, Evidence
from shared.domain.ticket import Message, MessageKey


class Outcome(StrEnum):
    """Where a message goes."""

    ROUTED = "routed"
    ESCALATED = "escalated"
    REVIEW = "review"
    RECORDED = "recorded"

    @property
    def needs_person(self) -> bool:
        """Whether it belongs in the human queue."""
        return self in (Outcome.ESCALATED, Outcome.REVIEW)


class Priority(StrEnum):
    """How urgent, least first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """0 (low) to 3 (urgent)."""
        return _RANKS[self]


_RANKS = {Priority.LOW: 0, Priority.NORMAL: 1, Priority.HIGH: 2, Priority.URGENT: 3}


class Rule(StrEnum):
    """Stable names of the rules a decision can cite."""

    ROUTE = "route"
    NO_INTENT = "no_intent"
    FRUSTRATION_LEVEL = "frustration_level"
    STILL_ESCALATED = "still_escalated"
    RELEASED = "released"
    COOLDOWN = "cooldown"
    MINIMUM_EVIDENCE = "minimum_evidence"
    ALWAYS_ESCALATE = "always_escalate"
    LOW_CONFIDENCE = "low_confidence"
    UNSUPPORTED_LANGUAGE = "unsupported_language"
    MISSING_PART = "missing_part"
    ESCALATION_KEPT = "escalation_kept"
    AGENT_MESSAGE = "agent_message"
    DEAD_LETTER = "dead_letter"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule, what it looked at, the value against its threshold, the tipping sentence."""

    rule: Rule
    subject: str = ""
    value: float = 0.0
    threshold: float = 0.0
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """State of a conversation between messages; all times are Unix milliseconds, 0 for "never".

    ``level`` is the frustration in [0, 1] as of ``updated_at_ms``, the time of the message that
    last moved it. ``evidence_messages`` counts customer messages that had a sentiment part.
    ``held_by`` is the always-escalate intent that keeps the conversation with a person until
    ``held_until_ms``, however low the level falls; "" where none does.
    """

    level: float = 0.0
    updated_at_ms: int = 0
    escalated: bool = False
    escalated_at_ms: int = 0
    released_at_ms: int = 0
    evidence_messages: int = 0
    decided_sequence: int = 0
    held_by: str = ""
    held_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on one message; a higher revision replaces a lower one.

    ``reasons`` is never empty; the first says what decided the outcome. ``queue`` is one of the
    policy's, or "" where the outcome is RECORDED. ``intents`` are the accepted labels, most
    probable first. ``decided_at_ms`` is set when the decision is stored (the store's clock);
    `decide` leaves it 0.
    """

    key: MessageKey
    sequence: int
    outcome: Outcome
    queue: str
    priority: Priority
    reasons: tuple[Reason, ...]
    level_before: float
    level_after: float
    policy_version: str
    revision: int = 1
    partial: bool = False
    missing_parts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    decided_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class TicketEntry:
    """A message with everything known of it."""

    message: Message
    analysis: Analysis
    decision: Decision | None = None
