"""The screen of `switchyard run`, and texts on a terminal."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from services.cli.board import Board
from services.cli.render import decision_text, excerpt, plain, reason
from services.cli.sample_inbox import SAMPLE_TENANT, read_sample
from shared.pb.switchyard.v1 import intake_pb2, ticket_pb2

LEVEL = ticket_pb2.Reason(rule="frustration_level", value=0.72, threshold=0.62)


def decision(message: str, revision: int = 1, **fields: object) -> ticket_pb2.Decision:
    values: dict[str, object] = {
        "tenant": "shop-demo", "ticket_id": "T-1", "message_id": message, "sequence": 1, "revision": revision,
        "outcome": ticket_pb2.OUTCOME_ROUTED, "queue": "returns", "priority": ticket_pb2.PRIORITY_NORMAL,
        "intents": ["return_item"], "reasons": [LEVEL], "level_after": 0.72,
    }  # fmt: skip
    return ticket_pb2.Decision(**{**values, **fields})  # type: ignore[arg-type]


def board(width: int, expected: int = 1) -> tuple[Board, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, width=width, height=30, force_terminal=width > 0, color_system=None)
    return Board(console, [Text("gRPC 127.0.0.1")], expected, time.monotonic()), out


def submitted(message: str) -> tuple[str, ticket_pb2.NewMessage, intake_pb2.Acknowledgement]:
    new = ticket_pb2.NewMessage(ticket_id="T-1", message_id=message, text="I want to return the kettle")
    return "shop-demo", new, intake_pb2.Acknowledgement(ticket_id="T-1", message_id=message)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 220])
def test_the_table_fits_the_terminal_and_shows_where_messages_go(width: int) -> None:
    screen, out = board(width)
    screen.open()
    screen.submitted(*submitted("m1"))
    screen.decided(decision("m1"))
    screen.close()
    last = out.getvalue().rpartition("Switchyard")[2]
    assert "routed → returns normal" in last
    assert "1 decided · 0 with a person" in last
    assert ("I want to return the kettle" in last) is (width >= 160)


def test_a_decision_may_come_before_its_acknowledgement() -> None:
    screen, _ = board(160)
    screen.decided(decision("m1"))
    assert not screen.complete
    screen.submitted(*submitted("m1"))
    assert screen.complete


def test_a_revision_takes_the_place_of_what_it_replaces() -> None:
    screen, _ = board(120)
    screen.decided(decision("m1"))
    screen.decided(decision("m1", revision=2, outcome=ticket_pb2.OUTCOME_ESCALATED, queue="people"))
    screen.decided(decision("m1"))
    assert screen.summary().startswith("1 decided · 1 with a person")


def test_thousands_of_decisions_are_counted_and_not_kept() -> None:
    screen, _ = board(120)
    for number in range(2000):
        screen.decided(decision(f"m{number}"))
    assert screen.summary().startswith("2000 decided")


def test_reasons_say_on_which_side_of_the_threshold_the_value_lies() -> None:
    assert reason(LEVEL) == "frustration level 0.72 ≥ 0.62"
    low = ticket_pb2.Reason(rule="low_confidence", subject="return_item", value=0.3, threshold=0.5)
    assert reason(low) == "low confidence return_item 0.30 < 0.50"


def test_evidence_is_quoted_by_code_points() -> None:
    text = "😀 Fine. This is a disgrace! Bye."
    start = text.index("This")
    evidence = ticket_pb2.Evidence(start=start, end=text.index(" Bye"), share=0.9)
    told = decision("m1", reasons=[ticket_pb2.Reason(rule="frustration_level", evidence=evidence)])
    out = io.StringIO()
    Console(file=out, width=100).print(decision_text(told, text))
    assert "“This is a disgrace!”" in out.getvalue()


@given(st.text(), st.integers(2, 80))
def test_customers_cannot_drive_the_terminal(text: str, width: int) -> None:
    shown = excerpt(text, width)
    assert len(shown) <= width
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not {"\x1b", "\u202e"} & set(plain(text))


def test_the_sample_inbox_is_twelve_messages_of_five_conversations() -> None:
    messages = read_sample()
    assert len(messages) == 12
    assert len({message.ticket_id for message in messages}) == 5
    assert SAMPLE_TENANT == "shop-demo"
