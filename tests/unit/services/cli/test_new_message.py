"""Messages from options, JSON and tables."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.cli.new_message import FIELDS, from_case, from_json, from_row, new_message
from shared.errors import FieldError
from shared.pb.switchyard.v1 import ticket_pb2 as pb

LEAST = {"ticket_id": "T-1", "message_id": "1", "text": "Where is it?"}


@pytest.mark.parametrize("channel", ["email", "EMAIL", "CHANNEL_EMAIL", 1])
def test_enums_are_written_short_or_in_full(channel: str | int) -> None:
    assert new_message({**LEAST, "channel": channel}).channel == pb.CHANNEL_EMAIL


def test_empty_values_are_left_out_and_camel_case_serves_too() -> None:
    message = new_message({**LEAST, "region": "", "subject": None, "customerTier": "gold"})
    assert (message.region, message.subject, message.customer_tier) == ("", "", "gold")


@pytest.mark.parametrize(
    ("values", "field", "problem"),
    [
        ({"ticket": "T-1"}, "ticket", "did you mean ticket_id"),
        ({"text": ""}, "text", "is missing"),
        ({"channel": "pigeon"}, "channel", "is none of email, chat, form, social"),
        ({"author": "robot"}, "author", "is none of customer, agent"),
        ({"sent_at": "yesterday"}, "sent_at", "must be a time such as"),
        ({"attributes": "a=b"}, "attributes", "must be an object of texts"),
        ({"ticket_id": 7}, "ticket_id", "must be text"),
    ],
)
def test_mistakes_name_the_field(values: dict[str, object], field: str, problem: str) -> None:
    with pytest.raises(FieldError) as caught:
        new_message({**LEAST, **values})
    assert caught.value.field == field
    assert problem in caught.value.problem


@given(text=st.text(min_size=1))
def test_any_text_is_taken_as_it_is_or_refused_without_being_quoted(text: str) -> None:
    try:
        message = new_message({**LEAST, "text": text})
    except FieldError as error:
        assert any("\ud800" <= character <= "\udfff" for character in text)
        assert error.field == "text"
    else:
        assert message.text == text


def test_a_case_is_a_conversation() -> None:
    case = {
        "id": "en-7", "lang": "en", "channel": "chat",
        "messages": [
            {"author": "customer", "text": "Hi", "intents": ["order_status"], "frustration": 2},
            {"author": "agent", "text": "Hello"},
        ],
    }  # fmt: skip
    first, second = from_case(case)
    assert (first.ticket_id, first.message_id, first.language) == ("en-7", "1", "en")
    assert (second.message_id, second.author) == ("2", pb.AUTHOR_AGENT)


def test_a_mistake_in_a_case_names_its_place() -> None:
    with pytest.raises(FieldError) as caught:
        from_json(json.dumps({"id": "en-7", "messages": [{"text": "Hi"}, {"text": ""}]}))
    assert caught.value.field == "messages[1].text"


@pytest.mark.parametrize("line", ["{", "[]", "7", '{"id": "x", "messages": []}'])
def test_lines_that_are_no_message_are_refused(line: str) -> None:
    with pytest.raises(FieldError):
        from_json(line)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@given(fields=st.dictionaries(st.sampled_from([*FIELDS, "messages", "id"]), VALUES, max_size=4))
@example(fields={"channel": float("inf")})
@example(fields={"author": 10**400})
def test_any_object_is_taken_or_refused(fields: dict[str, object]) -> None:
    try:
        from_json(json.dumps({**LEAST, **fields}))
    except FieldError as error:
        assert error.problem


def test_columns_of_attributes() -> None:
    message = from_row({**LEAST, "attributes.brand": "north", "attributes.empty": ""})
    assert dict(message.attributes) == {"brand": "north"}
