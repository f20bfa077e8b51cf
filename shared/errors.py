"""The error hierarchy: every error that Switchyard raises on purpose is a SwitchyardError.

A message names the field or file, the problem and the mend, and never quotes customer text.
"""

from __future__ import annotations

from pathlib import Path


class SwitchyardError(Exception):
    """Base of all errors raised on purpose."""


class ModelError(SwitchyardError):
    """A domain pack or a model in it cannot be used."""


class ModelCardError(ModelError):
    """A pack.yaml or card.yaml is missing, malformed or contradicts itself."""


class ModelIntegrityError(ModelError):
    """A model file differs from the hash that its card states."""

    def __init__(self, file: Path, expected: str, actual: str) -> None:
        super().__init__(
            f"{file}: sha256 is {actual}, but the model card expects {expected}; "
            "restore the file, or export the model again so that its card matches"
        )
        self.file = file
        self.expected = expected
        self.actual = actual


class DataFormatError(SwitchyardError):
    """A data file (labelled cases, a public set, a label map) does not have the expected form."""


class FieldError(SwitchyardError):
    """A field of a request holds a value that cannot be used."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class ConfigError(SwitchyardError):
    """Configuration is missing, malformed or contradicts itself."""


class PolicyError(SwitchyardError):
    """A policy document is malformed or contradicts itself."""


class TenantError(SwitchyardError):
    """The caller may not act for this tenant."""


class NotFoundError(SwitchyardError):
    """The thing named does not exist or has expired."""


class ConflictError(SwitchyardError):
    """The thing named exists in a state that forbids the call."""


class BacklogFullError(SwitchyardError):
    """Too much is in flight; try again after ``retry_after_ms``."""

    def __init__(self, message: str, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class ResumeTokenError(SwitchyardError):
    """A resume token points to decisions that are no longer kept."""


class UnavailableError(SwitchyardError):
    """Something that this service needs is away; the call may be tried again."""


class LoopError(SwitchyardError):
    """A loop of a service ended by an error that nobody foresaw; the log tells where."""

    def __init__(self, service: str, cause: BaseException) -> None:
        # The type, not the message: it could quote the customer.
        super().__init__(f"{service} ended by an error of its own ({type(cause).__name__}); see the log line loop_died")


class EmbeddedServerError(SwitchyardError):
    """The embedded Redis-compatible server cannot be found or does not start."""
