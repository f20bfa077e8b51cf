"""A message that breaks a rule is refused by every RPC that takes one, with the field and the mend named."""

from __future__ import annotations

import time

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from shared.pb.switchyard.v1 import intake_pb2, router_pb2
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage
from tests.harness.letters import THANKS
from tests.hostile.requests import MARK, TENANT, Requests, new_message
from tests.hostile.rpcs import RPCS, Rpc, Stranger, rpc

INVALID = grpc.StatusCode.INVALID_ARGUMENT
LONG_ID = "a" * 129
BAD: dict[str, tuple[dict[str, object], str, str]] = {
    "empty text": ({"text": ""}, "text", "at least 1 character"),
    "blank text": ({"text": " \t\r\n\v\f "}, "text", "one character that is not white space"),
    "blank text of foreign spaces": ({"text": "\x85\xa0\u2003\u2028\u3000"}, "text", "that is not white space"),
    "text of 1 MB": ({"text": MARK + "x" * 1_000_000}, "text", "at most 20000 characters"),
    "text of 20,001 characters": ({"text": "😀" * 20_001}, "text", "at most 20000 characters"),
    "NUL in the text": ({"text": f"{MARK}\0"}, "text", "must not hold NUL characters; remove them"),
    "NUL in the subject": ({"subject": f"{MARK}\0"}, "subject", "must not hold NUL characters; remove them"),
    "NUL in an attribute": ({"attributes": {"brand": "\0"}}, "attributes", "must not hold NUL characters; remove them"),
    "NUL in the name of an attribute": ({"attributes": {"\0": "x"}}, "attributes", "must not hold NUL characters"),
    "NUL in an id": ({"message_id": "m\0"}, "message_id", "does not match"),
    "unknown author": ({"author": 99}, "author", "one of the defined"),
    "unknown channel": ({"channel": -1}, "channel", "one of the defined"),
    "largest channel": ({"channel": 2**31 - 1}, "channel", "one of the defined"),
    "before 2000": ({"sent_at": Timestamp(seconds=946_684_799)}, "sent_at", "2000-01-01"),
    "1970": ({"sent_at": Timestamp()}, "sent_at", "2000-01-01"),
    "before all time": ({"sent_at": Timestamp(seconds=-(2**62))}, "sent_at", "2000-01-01"),
    "the year 9999": ({"sent_at": Timestamp(seconds=253_402_300_799)}, "sent_at", "two hours in the future"),
    "after all time": ({"sent_at": Timestamp(seconds=2**62)}, "sent_at", "check the sender's clock and time zone"),
    "empty ticket id": ({"ticket_id": ""}, "ticket_id", "does not match"),
    "empty message id": ({"message_id": ""}, "message_id", "does not match"),
    "blank in an id": ({"ticket_id": "T 1"}, "ticket_id", "does not match"),
    "line break in an id": ({"ticket_id": "T-1\n"}, "ticket_id", "does not match"),
    "separator in an id": ({"message_id": "a|b"}, "message_id", "does not match"),
    "hash tag in an id": ({"ticket_id": "{1}"}, "ticket_id", "does not match"),
    "foreign letters in an id": ({"ticket_id": "é"}, "ticket_id", "does not match"),
    "id of 129 characters": ({"message_id": LONG_ID}, "message_id", "{0,127}"),
    "language by name": ({"language": "english"}, "language", "[a-z]{2}"),
    "language in capitals": ({"language": "EN"}, "language", "[a-z]{2}"),
    "region in small letters": ({"region": "gb"}, "region", "[A-Z]{2}"),
    "tier with a blank": ({"customer_tier": "gold plus"}, "customer_tier", "does not match"),
    "subject of 501 characters": ({"subject": "x" * 501}, "subject", "at most 500 characters"),
    "17 attributes": ({"attributes": {str(number): "" for number in range(17)}}, "attributes", "at most 16"),
    "name of an attribute too long": ({"attributes": {MARK + "x" * 64: ""}}, "attributes", "a key must be at most 64"),
    "attribute without a name": ({"attributes": {"": "x"}}, "attributes", "a key must be at least 1"),
    "attribute too long": ({"attributes": {"brand": "x" * 513}}, "attributes", "a value must be at most 512"),
}


def spoiled(fields: dict[str, object]) -> NewMessage:
    """A right message but for these fields."""
    right = new_message(ticket="T-bad", text=f"{MARK}: {THANKS}")
    kept = {field.name: value for field, value in right.ListFields() if field.name not in fields}
    return NewMessage(**kept, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("fields", "field", "mend"), BAD.values(), ids=BAD)
def test_it_is_refused_with_field_and_mend(
    stranger: Stranger, fields: dict[str, object], field: str, mend: str
) -> None:
    message = spoiled(fields)
    requests: dict[str, Message] = {
        "SubmitMessage": intake_pb2.SubmitMessageRequest(tenant=TENANT, message=message),
        "Triage": intake_pb2.TriageRequest(tenant=TENANT, message=message),
        "Preview": router_pb2.PreviewRequest(tenant=TENANT, messages=[message]),
    }
    for method, request in requests.items():
        answer = stranger.call(rpc(method), request)
        where = f"messages[0].{field}" if method == "Preview" else f"message.{field}"
        assert answer.code is INVALID, (method, answer)
        assert set(answer.problems) == {where}
        assert mend in answer.problems[where]
        assert f"{where}: " in answer.text
        assert mend in answer.text, "people who see the text alone are told as much"
        assert MARK not in answer.text

    batch = intake_pb2.SubmitMessagesRequest(tenant=TENANT, messages=[message])
    answer = stranger.call(rpc("SubmitMessages"), batch)
    error = intake_pb2.SubmitMessagesResponse.FromString(answer.body).results[0].error
    assert (error.code, error.retry_after_ms) == (INVALID.value[0], 0)
    assert error.message.startswith(f"messages[0].{field}: ")
    assert mend in error.message
    assert MARK not in error.message


def test_several_faults_are_told_at_once(stranger: Stranger) -> None:
    message = NewMessage(ticket_id="T 1", text=" ", author=9, language="x", region="y")  # type: ignore[arg-type]
    answer = stranger.call(rpc("SubmitMessage"), intake_pb2.SubmitMessageRequest(tenant="SHOP", message=message))

    names = ("ticket_id", "message_id", "text", "author", "language", "region")
    assert set(answer.problems) == {"tenant", *(f"message.{name}" for name in names)}


def test_a_clock_may_run_ahead_by_up_to_two_hours(stranger: Stranger) -> None:
    codes = []
    for minutes in (-1, 115, 125):
        message = new_message(ticket=f"T-ahead-{minutes}")
        message.sent_at.CopyFrom(Timestamp(seconds=int(time.time()) + minutes * 60))
        request = intake_pb2.SubmitMessageRequest(tenant=TENANT, message=message)
        codes.append(stranger.call(rpc("SubmitMessage"), request).code)

    assert codes == [grpc.StatusCode.OK, grpc.StatusCode.OK, INVALID]


def test_the_longest_text_allowed_is_decided(stranger: Stranger) -> None:
    message = new_message(ticket="T-long", text=(f"{MARK} waits for order A-10293. " * 1000)[:20_000])
    request = intake_pb2.TriageRequest(tenant=TENANT, message=message)
    triage = rpc("Triage")

    answer = stranger.send(triage.service, triage.path, request.SerializeToString(), 60)

    assert answer.code is grpc.StatusCode.OK, answer
    assert intake_pb2.TriageResponse.FromString(answer.body).decision.revision == 1


def test_a_refused_message_leaves_nothing_behind(stranger: Stranger) -> None:
    answer = stranger.call(rpc("GetTicket"), intake_pb2.GetTicketRequest(tenant=TENANT, ticket_id="T-bad"))

    assert answer.code is grpc.StatusCode.NOT_FOUND
    assert "'T-bad'" in answer.text


def string_paths(message: Message, path: str = "") -> dict[str, tuple[Message, str]]:
    """Every text field that is set, at any depth: path -> its message and name."""
    found = {}
    for field, value in message.ListFields():
        where = f"{path}.{field.name}".lstrip(".")
        if field.type == field.TYPE_STRING and not field.is_repeated:
            found[where] = (message, field.name)
        elif field.message_type and not field.message_type.GetOptions().map_entry:
            for index, one in enumerate(value if field.is_repeated else (value,)):
                found |= string_paths(one, f"{where}[{index}]" if field.is_repeated else where)
    return found


@pytest.mark.parametrize("method", [one.method for one in RPCS])
def test_text_that_is_not_utf_8_is_refused_in_every_field(method: str, stranger: Stranger, valid: Requests) -> None:
    paths = string_paths(valid.of(method))
    assert paths
    for path in paths:
        request = valid.of(method)
        holder, name = string_paths(request)[path]
        setattr(holder, name, "(placeholder)")
        raw = request.SerializeToString().replace(b"(placeholder)", b"caf\xe9 \xff\xfe\xc3\x28\xed\xa0\x80")

        answer = stranger.call(rpc(method), raw)

        assert answer.code is INVALID, (path, answer)
        assert "strings must be valid UTF-8" in answer.text


@pytest.mark.parametrize("one", RPCS, ids=[one.method for one in RPCS])
def test_a_message_cut_short_is_refused(one: Rpc, stranger: Stranger, valid: Requests) -> None:
    answer = stranger.call(one, valid.of(one.method).SerializeToString() + b"\x0a\x7f")

    assert answer.code is INVALID
    assert "not a readable protobuf message" in answer.text


def test_fields_that_nobody_knows_are_passed_over(stranger: Stranger) -> None:
    """A newer client may send them."""
    request = intake_pb2.SubmitMessageRequest(tenant=TENANT, message=new_message(ticket="T-newer"))
    answer = stranger.call(rpc("SubmitMessage"), request.SerializeToString() + b"\xfa\x7f\x03new")

    assert answer.code is grpc.StatusCode.OK, answer


def test_more_bytes_than_are_taken_at_all(stranger: Stranger) -> None:
    request = intake_pb2.SubmitMessageRequest(tenant=TENANT, message=spoiled({"text": "x" * 17_000_000}))

    answer = stranger.call(rpc("SubmitMessage"), request)

    assert answer.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in answer.text
