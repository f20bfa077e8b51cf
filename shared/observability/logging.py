"""JSON logs with ticket and trace ids. Customer text is never logged: only ids, counts and error types."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

from shared.errors import SwitchyardError

# Tracebacks as data; structlog would add the variables of every frame, and with them the customer's message.
WITHOUT_VARIABLES = ExceptionRenderer(ExceptionDictTransformer(show_locals=False))


def configure_logging(level: str, style: str, stream: TextIO | None = None) -> None:
    """Set up structlog for the whole process; call once, before the first service is built.

    Logs go to standard error, or to ``stream`` where the terminal belongs to somebody else.
    """
    stream = stream or sys.stderr
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.StackInfoRenderer(),
            WITHOUT_VARIABLES if style == "json" else structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=stream, format="%(levelname)s %(name)s %(message)s")


def meant(error: BaseException) -> str:
    """What an error says, where it was raised on purpose: those never quote customer text; "" for any other."""
    return str(error) if isinstance(error, SwitchyardError) else ""


def trace_id(traceparent: str) -> str:
    """The trace id of a W3C traceparent (``00-<32 hex>-<16 hex>-<2 hex>``), "" where there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else ""


def raised_at(error: BaseException) -> str:
    """File and line where an error came up, "" for one that was never raised.

    Logged with the error's type in place of its words, which could quote the customer.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
