"""Times, messages and utterances: protobuf to domain and back."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from shared.domain.ticket import Author, Channel, Message, MessageKey, Utterance
from shared.pb.switchyard.v1 import ticket_pb2 as pb
from shared.pb.switchyard.v1 import utterance_pb2

_CHANNELS = list(Channel)


def timestamp(ms: int) -> Timestamp | None:
    """Unix milliseconds as a Timestamp; None for 0, which means "unset"."""
    return Timestamp(seconds=ms // 1000, nanos=ms % 1000 * 1_000_000) if ms else None


def milliseconds(value: Timestamp) -> int:
    """A Timestamp as Unix milliseconds; 0 where unset."""
    return value.seconds * 1000 + value.nanos // 1_000_000


def message_from_new(tenant: str, new: pb.NewMessage, language: str, sent_at_ms: int = 0) -> Message:
    """A request's message as the domain sees it, not yet accepted; ``sent_at_ms`` where it does not say."""
    return Message(
        key=MessageKey(tenant, new.ticket_id, new.message_id),
        text=new.text,
        author=Author.AGENT if new.author == pb.AUTHOR_AGENT else Author.CUSTOMER,
        channel=_CHANNELS[new.channel],
        language=language,
        region=new.region,
        customer_tier=new.customer_tier,
        subject=new.subject,
        sent_at_ms=milliseconds(new.sent_at) or sent_at_ms,
        attributes=tuple(sorted(new.attributes.items())),
    )


def message_to_pb(message: Message) -> pb.Message:
    return pb.Message(
        tenant=message.key.tenant,
        ticket_id=message.key.ticket,
        message_id=message.key.message,
        text=message.text,
        author=pb.AUTHOR_AGENT if message.author is Author.AGENT else pb.AUTHOR_CUSTOMER,
        channel=_channel(message.channel),
        sent_at=timestamp(message.sent_at_ms),
        accepted_at=timestamp(message.accepted_at_ms),
        language=message.language,
        region=message.region,
        customer_tier=message.customer_tier,
        subject=message.subject,
        attributes=dict(message.attributes),
        sequence=message.sequence,
        traceparent=message.traceparent,
    )


def message_from_pb(value: pb.Message) -> Message:
    return Message(
        key=MessageKey(value.tenant, value.ticket_id, value.message_id),
        text=value.text,
        author=Author.AGENT if value.author == pb.AUTHOR_AGENT else Author.CUSTOMER,
        channel=_CHANNELS[value.channel],
        language=value.language,
        region=value.region,
        customer_tier=value.customer_tier,
        subject=value.subject,
        sent_at_ms=milliseconds(value.sent_at),
        accepted_at_ms=milliseconds(value.accepted_at),
        sequence=value.sequence,
        attributes=tuple(sorted(value.attributes.items())) if value.attributes else (),
        traceparent=value.traceparent,
    )


def encode_message(message: Message) -> bytes:
    return message_to_pb(message).SerializeToString(deterministic=True)


def decode_message(data: bytes) -> Message:
    return message_from_pb(pb.Message.FromString(data))


def utterance_from_pb(value: utterance_pb2.Utterance, now_ms: int) -> Utterance:
    return Utterance(
        text=value.text,
        language=value.language or "en",
        tenant=value.tenant,
        region=value.region,
        sent_at_ms=milliseconds(value.sent_at) or now_ms,
    )


def utterance_to_pb(value: Utterance) -> utterance_pb2.Utterance:
    return utterance_pb2.Utterance(
        text=value.text,
        language=value.language,
        tenant=value.tenant,
        region=value.region,
        sent_at=timestamp(value.sent_at_ms),
    )


def decode_utterance(data: bytes, accepted_at_ms: int) -> Utterance:
    """What the models need of an encoded message, without building the rest.

    A message that does not say when it was written was written when it was accepted.
    """
    value = pb.Message.FromString(data)
    return Utterance(
        text=value.text,
        language=value.language,
        tenant=value.tenant,
        region=value.region,
        sent_at_ms=milliseconds(value.sent_at) or accepted_at_ms,
    )


def _channel(channel: Channel) -> pb.Channel.ValueType:
    return pb.Channel.ValueType(_CHANNELS.index(channel))
