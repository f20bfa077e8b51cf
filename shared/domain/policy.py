"""The policy document: what leads tune. Parsed and checked by services.router.policy.

Every threshold is a probability or level in [0, 1]; durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.decision import Priority

DEFAULT_HOLD = 86_400.0


@dataclass(frozen=True, slots=True)
class AlwaysEscalate:
    """An intent that goes to a person whenever its probability reaches ``min_probability``.

    It is held against the calibrated probability itself, whether or not the model accepted the
    label. For ``hold`` seconds after the message the conversation stays with a person even if the
    customer calms down: a request for a person or a legal threat is open until it is settled.
    Where ``reply_ends_hold``, an agent's message settles it.
    """

    intent: str
    min_probability: float
    hold: float = DEFAULT_HOLD
    reply_ends_hold: bool = False


@dataclass(frozen=True, slots=True)
class Escalation:
    """When a conversation goes to a person and when it comes back.

    It enters at ``escalate_at`` and leaves below ``release_at`` (hysteresis). For ``cooldown``
    seconds after leaving, the level alone does not escalate again; intents of
    ``always_escalate`` do. ``minimum_messages`` customer messages with a sentiment must have been
    seen before the level alone escalates. ``carry`` (0-1) and ``half_life`` (seconds) say how much
    of the earlier level counts on. ``queue`` is the human queue, ``priority`` the least priority
    an escalated message gets.
    """

    escalate_at: float
    release_at: float
    cooldown: float
    minimum_messages: int
    carry: float
    half_life: float
    queue: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class EscalationChange:
    """An override's values; None leaves the value of the next weaker scope that gives one."""

    escalate_at: float | None = None
    release_at: float | None = None
    cooldown: float | None = None
    minimum_messages: int | None = None
    carry: float | None = None
    half_life: float | None = None
    queue: str | None = None
    priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom an override is for; an empty field means everybody.

    Precedence, strongest first: tenant, customer_tier, intent, queue, language, channel. An
    override's strength is the sum of the weights 32, 16, 8, 4, 2, 1 of the fields it names; the
    stronger wins value by value, and of two equally strong the later in the document. ``intent``
    matches where it is among the accepted intents, ``queue`` where the message would be routed or
    put for review.
    """

    tenant: str = ""
    customer_tier: str = ""
    intent: str = ""
    queue: str = ""
    language: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Values that hold in a scope."""

    when: Scope
    set: EscalationChange


@dataclass(frozen=True, slots=True)
class Route:
    """Where messages with any of these intents go.

    Where the intents of a message belong to several routes, the highest priority wins, at equal
    priority the earlier route.
    """

    intents: tuple[str, ...]
    queue: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class Review:
    """Where messages go whose intents are not known: abstentions, missing parts, dead letters.

    ``by_language`` pairs an ISO 639-1 code with the queue of the people who read that language;
    other languages go to ``queue``.
    """

    queue: str
    priority: Priority
    by_language: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rules; a decision cites exactly one ``version``."""

    version: str
    escalation: Escalation
    always_escalate: tuple[AlwaysEscalate, ...]
    review: Review
    routes: tuple[Route, ...]
    no_intent: Route
    overrides: tuple[Override, ...] = ()
