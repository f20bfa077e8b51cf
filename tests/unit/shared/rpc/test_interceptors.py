"""What the guard makes of bytes and of errors, and what it leaves in the log."""

from __future__ import annotations

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from hypothesis import example, given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from shared.errors import NotFoundError
from shared.pb.switchyard.v1 import intake_pb2, ticket_pb2
from shared.rpc.interceptors import _explain, _read
from shared.rpc.status import Failure

CUSTOMER = "my card is 4111 1111 1111 1111"
IDS = {"tenant": "acme", "ticket": "T-1", "trace_id": "4bf9"}
GOOD = intake_pb2.SubmitMessageRequest(
    tenant="acme", message=ticket_pb2.NewMessage(ticket_id="T-1", message_id="m1", text="Where is it?")
)


def parse(raw: bytes) -> Message:
    return intake_pb2.SubmitMessageRequest.FromString(raw)


def test_a_good_request_is_read() -> None:
    assert _read(parse, GOOD.SerializeToString()) == (GOOD, None)


def test_a_request_against_the_constraints_is_refused_field_by_field() -> None:
    bad = intake_pb2.SubmitMessageRequest(tenant="acme", message=ticket_pb2.NewMessage(text=CUSTOMER))
    _, failure = _read(parse, bad.SerializeToString())
    assert failure is not None
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    (detail,) = failure.details
    assert isinstance(detail, error_details_pb2.BadRequest)
    assert {violation.field for violation in detail.field_violations} == {"message.ticket_id", "message.message_id"}
    assert "4111" not in failure.message


@given(st.binary(max_size=200))
@example(b"\xff")
@example(b"\x0a\x02\xc3\x28")  # field 1 (tenant) with bytes that are not UTF-8
@example(GOOD.SerializeToString()[:-1])
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    request, failure = _read(parse, raw)
    if failure is None:
        assert request is not None
    else:
        assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
        assert failure.message


def test_bytes_that_are_no_message_are_told_apart_from_a_bad_field() -> None:
    for raw in (b"\xff", b"\x0a\x02\xc3\x28"):
        request, failure = _read(parse, raw)
        assert request is None
        assert failure is not None
        assert "valid UTF-8" in failure.message


def test_errors_raised_on_purpose_are_told_and_not_logged() -> None:
    with capture_logs() as logs:
        failure = _explain("GetTicket", NotFoundError("ticket_id: there is none"), IDS)
    assert failure == Failure(grpc.StatusCode.NOT_FOUND, "ticket_id: there is none")
    assert logs == []


def test_unexpected_errors_are_logged_by_type_and_place_without_their_text() -> None:
    def deep() -> None:
        raise ValueError(CUSTOMER)

    with capture_logs() as logs:
        try:
            deep()
        except ValueError as error:
            failure = _explain("Triage", error, IDS)
    assert failure.code is grpc.StatusCode.INTERNAL
    (line,) = logs
    assert (line["method"], line["error"]) == ("Triage", "ValueError")
    assert IDS.items() <= line.items(), "so that the ticket can be found"
    assert line["at"] == f"{__file__}:{deep.__code__.co_firstlineno + 1}"
    assert "4111" not in str(logs) + failure.message


def test_an_unexpected_error_that_was_never_raised_has_no_place() -> None:
    with capture_logs() as logs:
        _explain("Triage", ValueError(CUSTOMER), IDS)
    assert logs[0]["at"] == ""
