"""Errors become gRPC statuses here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from redis.exceptions import OutOfMemoryError, RedisError

from shared.errors import (
    BacklogFullError,
    ConflictError,
    FieldError,
    NotFoundError,
    PolicyError,
    ResumeTokenError,
    SwitchyardError,
    TenantError,
    UnavailableError,
)

STATUS_DETAILS = "grpc-status-details-bin"
STORE_RETRY_MS = 1000

_CODES: tuple[tuple[type[BaseException], grpc.StatusCode], ...] = (
    (FieldError, grpc.StatusCode.INVALID_ARGUMENT),
    (PolicyError, grpc.StatusCode.INVALID_ARGUMENT),
    (TenantError, grpc.StatusCode.PERMISSION_DENIED),
    (NotFoundError, grpc.StatusCode.NOT_FOUND),
    (ConflictError, grpc.StatusCode.FAILED_PRECONDITION),
    (BacklogFullError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (ResumeTokenError, grpc.StatusCode.OUT_OF_RANGE),
    (UnavailableError, grpc.StatusCode.UNAVAILABLE),
    (OutOfMemoryError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (RedisError, grpc.StatusCode.UNAVAILABLE),
    (OSError, grpc.StatusCode.UNAVAILABLE),
    (TimeoutError, grpc.StatusCode.DEADLINE_EXCEEDED),
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A status ready for the wire; ``details`` are google.rpc messages."""

    code: grpc.StatusCode
    message: str
    details: tuple[Message, ...] = ()

    @property
    def trailers(self) -> tuple[tuple[str, bytes], ...]:
        """Trailing metadata that carries the details (google.rpc.Status)."""
        if not self.details:
            return ()
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        for detail in self.details:
            packed = any_pb2.Any()
            packed.Pack(detail)
            status.details.append(packed)
        return ((STATUS_DETAILS, status.SerializeToString()),)


def failure_of(error: BaseException) -> Failure:
    """The status of an error. Only errors raised on purpose tell the caller what they say."""
    # TimeoutError is an OSError: look for the exact meaning first.
    if isinstance(error, TimeoutError) and not isinstance(error, RedisError):
        return Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the answer was ready")
    code = next((code for kind, code in _CODES if isinstance(error, kind)), None)
    if code is None:
        return Failure(grpc.StatusCode.INTERNAL, f"internal error ({type(error).__name__}); see the server's log")
    if isinstance(error, FieldError):
        return invalid([(error.field, error.problem)])
    if isinstance(error, BacklogFullError):
        return Failure(code, str(error), (_retry(error.retry_after_ms),))
    if isinstance(error, SwitchyardError):
        return Failure(code, str(error))
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Failure(code, "the store is full; try again later", (_retry(STORE_RETRY_MS),))
    return Failure(code, "the store cannot be reached; try again", (_retry(STORE_RETRY_MS),))


def invalid(violations: list[tuple[str, str]]) -> Failure:
    """INVALID_ARGUMENT that names each field and what is wrong with it."""
    text = "; ".join(f"{field}: {problem}" if field else problem for field, problem in violations)
    detail = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=field, description=problem)
            for field, problem in violations
        ]
    )
    return Failure(grpc.StatusCode.INVALID_ARGUMENT, text, (detail,))


def _retry(after_ms: int) -> error_details_pb2.RetryInfo:
    delay = duration_pb2.Duration(seconds=after_ms // 1000, nanos=after_ms % 1000 * 1_000_000)
    return error_details_pb2.RetryInfo(retry_delay=delay)
