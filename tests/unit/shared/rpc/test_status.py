"""Each error has its gRPC status, and only errors raised on purpose say what they say."""

from __future__ import annotations

import inspect

import grpc
import pytest
import redis.exceptions
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from shared import errors
from shared.errors import BacklogFullError, FieldError, SwitchyardError
from shared.rpc.status import STATUS_DETAILS, STORE_RETRY_MS, Failure, failure_of, invalid

CUSTOMER = "my card is 4111 1111 1111 1111"
Code = grpc.StatusCode
TOLD = {
    errors.PolicyError: Code.INVALID_ARGUMENT,
    errors.TenantError: Code.PERMISSION_DENIED,
    errors.NotFoundError: Code.NOT_FOUND,
    errors.ConflictError: Code.FAILED_PRECONDITION,
    errors.ResumeTokenError: Code.OUT_OF_RANGE,
    errors.UnavailableError: Code.UNAVAILABLE,
}
# Those that need arguments of their own, each tested below.
SPECIAL = {FieldError, BacklogFullError}
# Raised while a service starts or works by itself, never by a call: a caller could do nothing about them.
NOT_FOR_CALLERS = {
    SwitchyardError,
    errors.ModelError,
    errors.ModelCardError,
    errors.ModelIntegrityError,
    errors.DataFormatError,
    errors.ConfigError,
    errors.LoopError,
    errors.EmbeddedServerError,
}


def unpack(failure: Failure, into: Message) -> list[str]:
    """The one detail in the trailers, read into ``into``; gives the names of their keys."""
    ((key, value),) = failure.trailers
    status = status_pb2.Status.FromString(value)
    assert status.code == failure.code.value[0]
    assert status.message == failure.message
    (detail,) = status.details
    assert detail.Unpack(into)
    return [key]


def test_every_error_of_ours_is_mapped_or_known_not_to_reach_callers() -> None:
    defined = {
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SwitchyardError)
    }
    assert defined == {*TOLD, *SPECIAL, *NOT_FOR_CALLERS}


@pytest.mark.parametrize(("kind", "code"), TOLD.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_errors_raised_on_purpose_tell_the_caller_what_they_say(
    kind: type[SwitchyardError], code: grpc.StatusCode
) -> None:
    assert failure_of(kind("ticket_id: mend it so")) == Failure(code, "ticket_id: mend it so")


def test_a_subclass_has_the_status_of_its_kind() -> None:
    class DraftError(errors.PolicyError):
        pass

    assert failure_of(DraftError("routes[0]: has no queue")).code is Code.INVALID_ARGUMENT


def test_a_field_error_names_the_field_in_text_and_details() -> None:
    failure = failure_of(FieldError("resume_token", "is not a token of this service"))
    assert failure.code is Code.INVALID_ARGUMENT
    assert failure.message == "resume_token: is not a token of this service"
    detail = error_details_pb2.BadRequest()
    assert unpack(failure, detail) == [STATUS_DETAILS]
    (violation,) = detail.field_violations
    assert (violation.field, violation.description) == ("resume_token", "is not a token of this service")


def test_every_violation_is_told() -> None:
    failure = invalid([("tenant", "is empty"), ("", "is not readable")])
    assert failure.message == "tenant: is empty; is not readable"
    detail = error_details_pb2.BadRequest()
    unpack(failure, detail)
    assert [violation.field for violation in detail.field_violations] == ["tenant", ""]


@pytest.mark.parametrize("after_ms", [1, 999, 1000, 2500, 86_400_001])
def test_a_full_backlog_says_when_to_try_again(after_ms: int) -> None:
    failure = failure_of(BacklogFullError("the backlog is full", after_ms))
    assert (failure.code, failure.message) == (Code.RESOURCE_EXHAUSTED, "the backlog is full")
    info = error_details_pb2.RetryInfo()
    unpack(failure, info)
    assert info.retry_delay.ToMilliseconds() == after_ms


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (redis.exceptions.ConnectionError(CUSTOMER), Code.UNAVAILABLE),
        (redis.exceptions.TimeoutError(CUSTOMER), Code.UNAVAILABLE),
        (redis.exceptions.ResponseError(CUSTOMER), Code.UNAVAILABLE),
        (ConnectionResetError(CUSTOMER), Code.UNAVAILABLE),
        (redis.exceptions.OutOfMemoryError(CUSTOMER), Code.RESOURCE_EXHAUSTED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_trouble_with_the_store_asks_for_another_try_and_quotes_nothing(
    error: Exception, code: grpc.StatusCode
) -> None:
    failure = failure_of(error)
    assert failure.code is code
    assert "4111" not in failure.message
    info = error_details_pb2.RetryInfo()
    unpack(failure, info)
    assert info.retry_delay.ToMilliseconds() == STORE_RETRY_MS


def test_time_that_is_over_is_a_deadline_and_not_the_store() -> None:
    assert failure_of(TimeoutError(CUSTOMER)) == Failure(
        Code.DEADLINE_EXCEEDED, "the deadline passed before the answer was ready"
    )


@pytest.mark.parametrize(
    "error",
    [ValueError(CUSTOMER), KeyError(CUSTOMER), errors.ConfigError(CUSTOMER), errors.ModelError(CUSTOMER)],
    ids=lambda error: type(error).__name__,
)
def test_what_nobody_meant_to_tell_is_not_told(error: Exception) -> None:
    failure = failure_of(error)
    assert failure.code is Code.INTERNAL
    assert type(error).__name__ in failure.message
    assert "4111" not in failure.message
    assert failure.trailers == ()
