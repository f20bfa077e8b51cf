"""Messages and utterances survive being sent and stored."""

from __future__ import annotations

from dataclasses import fields, replace

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from shared.convert import (
    decode_message,
    decode_utterance,
    encode_message,
    message_from_new,
    message_from_pb,
    message_to_pb,
    milliseconds,
    timestamp,
    utterance_from_pb,
    utterance_to_pb,
)
from shared.domain.ticket import Author, Channel, Message, MessageKey, Utterance
from shared.pb.switchyard.v1 import ticket_pb2 as pb
from shared.pb.switchyard.v1 import utterance_pb2

# Everything that UTF-8 can carry: a lone surrogate is not text.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
TIMES = st.integers(0, 4_000_000_000_000)
MESSAGES = st.builds(
    Message,
    key=st.builds(MessageKey, TEXTS, TEXTS, TEXTS),
    text=TEXTS,
    author=st.sampled_from(Author),
    channel=st.sampled_from(Channel),
    language=TEXTS,
    region=TEXTS,
    customer_tier=TEXTS,
    subject=TEXTS,
    sent_at_ms=TIMES,
    accepted_at_ms=TIMES,
    sequence=st.integers(0, 2**62),
    attributes=st.dictionaries(TEXTS, TEXTS, max_size=4).map(lambda labels: tuple(sorted(labels.items()))),
    traceparent=TEXTS,
)
UTTERANCES = st.builds(
    Utterance, text=TEXTS, language=TEXTS.filter(bool), tenant=TEXTS, region=TEXTS, sent_at_ms=st.integers(1, 2**41)
)
FULL = Message(
    key=MessageKey("acme", "T-1", "m1"),
    text="Mein Paket fehlt 📦",
    author=Author.AGENT,
    channel=Channel.EMAIL,
    language="de",
    region="DE",
    customer_tier="gold",
    subject="Paket",
    sent_at_ms=1_790_000_000_123,
    accepted_at_ms=1_790_000_000_456,
    sequence=3,
    attributes=(("brand", "north"), ("shop", "7")),
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)


@given(MESSAGES)
def test_what_is_stored_comes_back(message: Message) -> None:
    assert decode_message(encode_message(message)) == message
    assert message_from_pb(message_to_pb(message)) == message


@given(MESSAGES)
def test_the_same_message_is_always_the_same_bytes(message: Message) -> None:
    """Digests rest on it; the order in which a helpdesk lists its labels must not matter."""
    other_order = replace(message, attributes=message.attributes[::-1])
    assert encode_message(other_order) == encode_message(message)


def test_every_field_of_a_message_makes_a_difference_to_its_bytes() -> None:
    encoded = encode_message(FULL)
    fresh = Message(MessageKey("acme", "T-1", "m1"), "")
    for field in fields(Message):
        if field.name != "key":
            bare = replace(FULL, **{field.name: getattr(fresh, field.name)})
            assert encode_message(bare) != encoded, f"{field.name} is lost"
    for part in fields(MessageKey):
        assert encode_message(replace(FULL, key=replace(FULL.key, **{part.name: "other"}))) != encoded, part.name


@given(TIMES)
def test_times_survive_to_the_millisecond(ms: int) -> None:
    value = timestamp(ms)
    assert (0 if value is None else milliseconds(value)) == ms
    assert value is None or value.ToMilliseconds() == ms  # as protobuf itself reads it


def test_an_unset_time_stays_unset() -> None:
    assert timestamp(0) is None
    assert not message_to_pb(replace(FULL, sent_at_ms=0)).HasField("sent_at")
    assert milliseconds(Timestamp()) == 0


def test_what_a_helpdesk_posts_becomes_a_message_not_yet_accepted() -> None:
    new = pb.NewMessage(
        ticket_id="T-1",
        message_id="m1",
        text="Mein Paket fehlt 📦",
        author=pb.AUTHOR_AGENT,
        channel=pb.CHANNEL_EMAIL,
        sent_at=timestamp(1_790_000_000_123),
        language="fr",
        region="DE",
        customer_tier="gold",
        subject="Paket",
        attributes={"shop": "7", "brand": "north"},
    )
    expected = replace(FULL, accepted_at_ms=0, sequence=0, traceparent="")
    assert message_from_new("acme", new, "de") == expected
    new.ClearField("sent_at")
    assert message_from_new("acme", new, "de").sent_at_ms == 0
    assert message_from_new("acme", new, "de", 5).sent_at_ms == 5


def test_who_and_how_are_the_customer_and_unknown_where_not_said() -> None:
    message = message_from_new("acme", pb.NewMessage(ticket_id="T", message_id="m", text="Hi"), "en")
    assert (message.author, message.channel) == (Author.CUSTOMER, Channel.UNSPECIFIED)


@given(UTTERANCES)
def test_utterances_survive_the_wire(utterance: Utterance) -> None:
    assert utterance_from_pb(utterance_to_pb(utterance), now_ms=0) == utterance


def test_an_utterance_without_language_or_time_is_english_and_of_now() -> None:
    read = utterance_from_pb(utterance_pb2.Utterance(text="Hi"), now_ms=7)
    assert (read.language, read.sent_at_ms) == ("en", 7)


@given(MESSAGES, TIMES)
def test_models_read_of_a_stored_message_what_the_whole_says(message: Message, accepted_at_ms: int) -> None:
    assert decode_utterance(encode_message(message), accepted_at_ms) == Utterance(
        text=message.text,
        language=message.language,
        tenant=message.key.tenant,
        region=message.region,
        sent_at_ms=message.sent_at_ms or accepted_at_ms,
    )
