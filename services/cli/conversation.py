"""A conversation as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from services.cli.render import analysis_text, decision_text, moment, plain
from shared.pb.switchyard.v1 import ticket_pb2 as pb


def entries_text(entries: Iterable[pb.TicketEntry]) -> RenderableType:
    """Each message with its head line, text, findings and decision."""
    parts: list[RenderableType] = []
    for entry in entries:
        message = entry.message
        author = "agent" if message.author == pb.AUTHOR_AGENT else "customer"
        head = Text(f"#{message.sequence} {author}", style="bold")
        facts = [message.message_id, message.language, message.customer_tier, moment(message.sent_at)]
        head.append("  " + " · ".join(fact for fact in facts if fact), style="dim")
        parts.append(head)
        if message.subject:
            parts.append(Padding(Text(plain(message.subject), style="bold"), (0, 0, 0, 2)))
        parts.append(Padding(Text(plain(message.text)), (0, 0, 0, 2)))
        if entry.HasField("analysis"):
            parts.append(analysis_text(entry.analysis))
        if entry.HasField("decision"):
            parts.append(decision_text(entry.decision, message.text))
        else:
            parts.append(Text("not decided yet", style="yellow"))
        parts.append(Text())
    return Group(*parts)


def conversation_text(entries: Iterable[pb.TicketEntry], conversation: pb.Conversation) -> RenderableType:
    """The messages, and below them where the conversation stands."""
    state = Text("conversation", style="bold")
    state.append(f"  frustration {conversation.level:.2f}")
    if conversation.escalated:
        state.append(f" · with a person since {moment(conversation.escalated_at)}", style="bold red")
    elif conversation.released_at.seconds:
        state.append(f" · released {moment(conversation.released_at)}")
    if conversation.held_by:
        state.append(f" · held by {conversation.held_by} until {moment(conversation.held_until)}", style="yellow")
    return Group(entries_text(entries), state)
