"""Decisions and the state of conversations: protobuf to domain and back."""

from __future__ import annotations

from shared.convert.analysis import analysis_to_pb, evidence_from_pb, evidence_to_pb
from shared.convert.ticket import message_to_pb, milliseconds, timestamp
from shared.domain.decision import (
    Conversation,
    Decision,
    Outcome,
    Priority,
    Reason,
    Rule,
    TicketEntry,
)
from shared.domain.ticket import MessageKey
from shared.pb.switchyard.v1 import ticket_pb2 as pb

_OUTCOMES = list(Outcome)
_PRIORITIES = list(Priority)


def priority_to_pb(priority: Priority) -> pb.Priority.ValueType:
    return pb.Priority.ValueType(_PRIORITIES.index(priority) + 1)


def conversation_to_pb(value: Conversation) -> pb.Conversation:
    return pb.Conversation(
        level=value.level,
        updated_at=timestamp(value.updated_at_ms),
        escalated=value.escalated,
        escalated_at=timestamp(value.escalated_at_ms),
        released_at=timestamp(value.released_at_ms),
        evidence_messages=value.evidence_messages,
        decided_sequence=value.decided_sequence,
        held_by=value.held_by,
        held_until=timestamp(value.held_until_ms),
    )


def conversation_from_pb(value: pb.Conversation) -> Conversation:
    return Conversation(
        level=value.level,
        updated_at_ms=milliseconds(value.updated_at),
        escalated=value.escalated,
        escalated_at_ms=milliseconds(value.escalated_at),
        released_at_ms=milliseconds(value.released_at),
        evidence_messages=value.evidence_messages,
        decided_sequence=value.decided_sequence,
        held_by=value.held_by,
        held_until_ms=milliseconds(value.held_until),
    )


def encode_conversation(value: Conversation) -> bytes:
    return conversation_to_pb(value).SerializeToString()


def decode_conversation(data: bytes | None) -> Conversation:
    """A conversation's state; the initial one where there is none yet."""
    return conversation_from_pb(pb.Conversation.FromString(data)) if data else Conversation()


def decision_to_pb(value: Decision) -> pb.Decision:
    return pb.Decision(
        tenant=value.key.tenant,
        ticket_id=value.key.ticket,
        message_id=value.key.message,
        sequence=value.sequence,
        revision=value.revision,
        outcome=pb.Outcome.ValueType(_OUTCOMES.index(value.outcome) + 1),
        queue=value.queue,
        priority=priority_to_pb(value.priority),
        reasons=[
            pb.Reason(
                rule=r.rule.value,
                subject=r.subject,
                value=r.value,
                threshold=r.threshold,
                evidence=evidence_to_pb(r.evidence),
            )
            for r in value.reasons
        ],
        level_before=value.level_before,
        level_after=value.level_after,
        partial=value.partial,
        missing_parts=value.missing_parts,
        policy_version=value.policy_version,
        models=value.models,
        intents=value.intents,
        decided_at=timestamp(value.decided_at_ms),
    )


def decision_from_pb(value: pb.Decision) -> Decision:
    return Decision(
        key=MessageKey(value.tenant, value.ticket_id, value.message_id),
        sequence=value.sequence,
        revision=value.revision,
        outcome=_OUTCOMES[value.outcome - 1],
        queue=value.queue,
        priority=_PRIORITIES[value.priority - 1],
        reasons=tuple(
            Reason(Rule(r.rule), r.subject, r.value, r.threshold, evidence_from_pb(r)) for r in value.reasons
        ),
        level_before=value.level_before,
        level_after=value.level_after,
        partial=value.partial,
        missing_parts=tuple(value.missing_parts),
        policy_version=value.policy_version,
        models=tuple(value.models),
        intents=tuple(value.intents),
        decided_at_ms=milliseconds(value.decided_at),
    )


def encode_decision(value: Decision) -> bytes:
    return decision_to_pb(value).SerializeToString()


def decode_decision_pb(data: bytes, decided_at_ms: int) -> pb.Decision:
    """A stored decision for the wire, with the time at which it was stored."""
    value = pb.Decision.FromString(data)
    if decided_at_ms:
        value.decided_at.FromMilliseconds(decided_at_ms)
    return value


def decode_decision(data: bytes, decided_at_ms: int) -> Decision:
    return decision_from_pb(decode_decision_pb(data, decided_at_ms))


def entry_to_pb(entry: TicketEntry) -> pb.TicketEntry:
    return pb.TicketEntry(
        message=message_to_pb(entry.message),
        analysis=analysis_to_pb(entry.analysis),
        decision=decision_to_pb(entry.decision) if entry.decision else None,
    )
