"""How messages and decisions look: for people on a terminal, and as JSON for machines."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from shared.pb.switchyard.v1 import ticket_pb2 as pb

OUTCOME_STYLES = {"routed": "green", "escalated": "bold red", "review": "yellow", "recorded": "dim"}
PRIORITY_STYLES = {"urgent": "bold red", "high": "yellow", "normal": "", "low": "dim"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def json_line(message: ProtoMessage | dict[str, Any]) -> str:
    """One line of JSON, with the field names of the protos (the mapping of ProtoJSON otherwise)."""
    content = (
        message if isinstance(message, dict) else MessageToDict(message, preserving_proto_field_name=True)
    )
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def plain(text: str) -> str:
    """A customer's text, safe to print: control characters could drive the terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def excerpt(text: str, width: int) -> str:
    """The beginning of a text on one line, at most ``width`` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def outcome(decision: pb.Decision) -> str:
    """``routed``, ``escalated``, ``review`` or ``recorded``."""
    return pb.Outcome.Name(decision.outcome).removeprefix("OUTCOME_").lower()


def priority(value: pb.Priority.ValueType) -> str:
    """``low`` to ``urgent``."""
    return pb.Priority.Name(value).removeprefix("PRIORITY_").lower()


def moment(at: Timestamp) -> str:
    """Local date and time to the second; "" where unset."""
    if not at.seconds:
        return ""
    return at.ToDatetime(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def reason(value: pb.Reason) -> str:
    """A rule with what it looked at and the value against its threshold: ``frustration_level 0.72 ≥ 0.65``."""
    text = value.rule.replace("_", " ")
    if value.subject:
        text += f" {value.subject}"
    if value.threshold:
        text += f" {value.value:.2f} {'≥' if value.value >= value.threshold else '<'} {value.threshold:.2f}"
    return text


def level_bar(level: float, width: int = 6) -> Text:
    """A level in [0, 1] as a bar with its number."""
    filled = round(level * width)
    style = "red" if level >= 0.65 else "yellow" if level >= 0.35 else "green"
    bar = Text("━" * filled, style=style)
    bar.append("━" * (width - filled), style="bright_black")
    bar.append(f" {level:.2f}")
    return bar


def decision_text(decision: pb.Decision, text: str = "") -> RenderableType:
    """A decision on a few lines; evidence is quoted where the message's text is given."""
    name = outcome(decision)
    head = Text(name, style=OUTCOME_STYLES.get(name, ""))
    if decision.queue:
        head.append(f" → {decision.queue}", style="default")
    if decision.outcome != pb.OUTCOME_RECORDED:
        level = priority(decision.priority)
        head.append(" · ", style="default").append(level, style=PRIORITY_STYLES.get(level) or "default")
        head.append(f" · frustration {decision.level_before:.2f} → {decision.level_after:.2f}", style="default")
    if decision.revision > 1:
        head.append(f" · revision {decision.revision}", style="dim")
    if decision.partial:
        head.append(f" · partial, without {', '.join(decision.missing_parts)}", style="yellow")
    lines = []
    for one in decision.reasons:
        why = Text(reason(one))
        if text and one.HasField("evidence"):
            why.append(f"  “{excerpt(text[one.evidence.start : one.evidence.end], 100)}”", style="italic")
        lines.append(("why", why))
    versions = [f"policy {decision.policy_version}"] if decision.policy_version else []
    if versions or decision.models:
        lines.append(("by", Text(" · ".join([*versions, *decision.models]), style="dim")))
    return Group(head, _facts(lines))


def _facts(lines: Sequence[tuple[str, Text]]) -> Table:
    """Names and values in two columns, so that long values wrap below themselves."""
    table = Table.grid(padding=(0, 0, 0, 2))
    table.add_column(width=8, style="dim")
    table.add_column(ratio=1)
    for name, value in lines:
        table.add_row(name, value)
    return table


def decision_line(decision: pb.Decision) -> str:
    """A decision on one line of plain text."""
    why = reason(decision.reasons[0]) if decision.reasons else ""
    place = f" → {decision.queue} ({priority(decision.priority)})" if decision.queue else ""
    revision = f" rev. {decision.revision}" if decision.revision > 1 else ""
    return (
        f"{moment(decision.decided_at)}  {decision.ticket_id} #{decision.sequence}{revision}  "
        f"{outcome(decision)}{place}  {', '.join(decision.intents) or '-'}  "
        f"frustration {decision.level_after:.2f}  {why}"
    )


def analysis_text(analysis: pb.Analysis) -> RenderableType:
    """What was found in a message, a line a part."""
    lines = []
    if analysis.HasField("intent"):
        lines.append(("intents", Text(intents_of(analysis.intent))))
    if analysis.HasField("slots"):
        lines.append(("slots", Text(slots_of(analysis.slots))))
    if analysis.HasField("sentiment"):
        lines.append(("mood", Text(sentiment_of(analysis.sentiment))))
    return _facts(lines)


def intents_of(value: pb.IntentAnalysis) -> str:
    if value.HasField("abstention"):
        return abstention(value.abstention)
    accepted = [f"{one.label} {one.probability:.2f}" for one in value.intents if one.accepted]
    others = [f"({one.label} {one.probability:.2f})" for one in value.intents if not one.accepted]
    return ", ".join(accepted) + (" " if accepted and others else "") + " ".join(others) or "none"


def slots_of(value: pb.SlotAnalysis) -> str:
    if value.HasField("abstention"):
        return abstention(value.abstention)
    return ", ".join(f"{slot.type} {plain(slot.value or slot.text)}" for slot in value.slots) or "none"


def sentiment_of(value: pb.SentimentAnalysis) -> str:
    if value.HasField("abstention"):
        return abstention(value.abstention)
    name = pb.Sentiment.Name(value.sentiment).removeprefix("SENTIMENT_").lower().replace("_", " ")
    return f"{name} {value.sentiment_probability:.2f}, frustration {value.frustration:.2f}"


def abstention(value: pb.Abstention) -> str:
    return f"no answer: {value.reason.replace('_', ' ')}"

