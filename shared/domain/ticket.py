"""What a helpdesk sends: a customer's (or agent's) message and the ticket it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Channel(StrEnum):
    """How the message reached the helpdesk."""

    UNSPECIFIED = "unspecified"
    EMAIL = "email"
    CHAT = "chat"
    FORM = "form"
    SOCIAL = "social"


class Author(StrEnum):
    """Who wrote the message. Agents' messages are kept for context and never analysed."""

    CUSTOMER = "customer"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class MessageKey:
    """Identity of a message: idempotency holds per (tenant, ticket, message)."""

    tenant: str
    ticket: str
    message: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message as accepted by intake.

    Times are Unix milliseconds (UTC). ``sequence`` counts from 1 within the ticket, in the
    order of acceptance; 0 means "not given yet". ``language`` is an ISO 639-1 code, ``mul``
    for mixed or ``und`` where it could not be told. ``region`` is an ISO 3166-1 alpha-2 code
    that helps to read phone numbers and dates, or "".
    """

    key: MessageKey
    text: str
    author: Author = Author.CUSTOMER
    channel: Channel = Channel.UNSPECIFIED
    language: str = "und"
    region: str = ""
    customer_tier: str = ""
    subject: str = ""
    sent_at_ms: int = 0
    accepted_at_ms: int = 0
    sequence: int = 0
    attributes: tuple[tuple[str, str], ...] = field(default=())
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a model sees of a message.

    ``sent_at_ms`` (Unix milliseconds) is what relative dates are resolved against.
    """

    text: str
    language: str
    tenant: str = ""
    region: str = ""
    sent_at_ms: int = 0
