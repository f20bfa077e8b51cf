"""Messages as tests submit them."""

from __future__ import annotations

from typing import Any

from shared.domain.ticket import Author, Message, MessageKey

TENANT = "acme"


def customer(ticket: str = "T-1", message: str = "m1", **changes: Any) -> Message:
    """A customer's message; ``changes`` are fields of `Message`."""
    fields: dict[str, Any] = {"text": "The kettle leaks since Monday, please send another one.", "language": "en"}
    return Message(MessageKey(TENANT, ticket, message), **{**fields, **changes})


def agent(ticket: str = "T-1", message: str = "m1", **changes: Any) -> Message:
    """An agent's reply."""
    return customer(ticket, message, **{"text": "I am sorry, a new one is on its way.", **changes, "author": Author.AGENT})
