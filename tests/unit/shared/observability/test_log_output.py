"""What log lines look like, and what never stands in them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from shared.observability.logging import configure_logging

SECRET = "my card is 4111 1111 1111 1111"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is set up for the whole process: what was before comes back."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _output(style: str, level: str = "INFO") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level, style, stream)
    return stream


def _fail(text: str) -> None:
    raise ValueError(f"cannot read a text of {len(text)} letters")


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_never_shows_the_variables_of_its_frames(style: str) -> None:
    stream = _output(style)
    try:
        _fail(SECRET)
    except ValueError:
        structlog.get_logger().exception("it_failed")
    assert "ValueError" in stream.getvalue() and "_fail" in stream.getvalue()
    assert "4111" not in stream.getvalue()


def test_a_line_is_one_json_object_with_time_level_and_ids() -> None:
    stream = _output("json")
    with structlog.contextvars.bound_contextvars(trace_id="abc"):
        structlog.get_logger().warning("message_parked", ticket="T-1")
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said.pop("time").endswith("Z")
    assert said == {"event": "message_parked", "level": "warning", "ticket": "T-1", "trace_id": "abc"}


def test_lines_below_the_level_are_left_out() -> None:
    stream = _output("json", "WARNING")
    structlog.get_logger().info("chatter")
    structlog.get_logger().error("trouble")
    assert "chatter" not in stream.getvalue() and "trouble" in stream.getvalue()
