"""Files to import: what is taken, what is refused, and with which line number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli.import_file import MOST_FIELD_CHARACTERS, SMALL_BYTES, Rejection, Row, read_rows
from shared.errors import DataFormatError
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage
from shared.rpc.validation import violations

GOOD = {"ticket_id": "T-1", "message_id": "1", "text": "Where is it?"}


def rows_of(path: Path, content: bytes) -> list[Row | Rejection]:
    path.write_bytes(content)
    read: list[int] = []
    rows = list(read_rows(path, read.append))
    assert sum(read) == len(content)
    return rows


def test_json_lines_good_and_bad(tmp_path: Path) -> None:
    lines = [
        json.dumps(GOOD).encode(),
        b"",
        b"not json",
        json.dumps({**GOOD, "message_id": "2", "colour": "red"}).encode(),
        b'{"ticket_id": "T-1", "message_id": "3", "text": "\xff\xfe"}',
        json.dumps({"id": "c-1", "messages": [{"text": "a"}, {"text": "b"}]}).encode(),
    ]
    rows = rows_of(tmp_path / "in.jsonl", b"\xef\xbb\xbf" + b"\n".join(lines))
    assert [(type(row).__name__, row.line) for row in rows] == [
        ("Row", 1), ("Rejection", 3), ("Rejection", 4), ("Rejection", 5), ("Row", 6), ("Row", 6),
    ]  # fmt: skip
    refused = rows[2]
    assert isinstance(refused, Rejection)
    assert refused.as_dict()["message_id"] == "2"
    assert "colour: unknown field" in refused.reason


def test_csv_with_quotes_newlines_and_mistakes(tmp_path: Path) -> None:
    content = (
        b"ticket_id,message_id,text,channel\n"
        b'T-1,1,"Hello,\nsecond line",email\n'
        b"T-1,2,,email\n"
        b"T-1,3,Hi,pigeon\n"
        b"T-1,4,Hi,chat,extra\n"
        b"T-1,5,Bye,chat\n"
    )
    rows = rows_of(tmp_path / "in.csv", b"\xef\xbb\xbf" + content)
    taken = [row.message.text for row in rows if isinstance(row, Row)]
    assert taken == ["Hello,\nsecond line", "Bye"]
    assert [(row.line, row.message_id, row.reason.partition(":")[0]) for row in rows if isinstance(row, Rejection)] == [
        (4, "2", "text"),
        (5, "3", "channel"),
        (6, "4", "has more values than the header has columns"),
    ]


def test_csv_that_is_not_utf8_loses_that_line_alone(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "in.csv", b"ticket_id,message_id,text\nT-1,1,caf\xe9\nT-1,2,tea\n")
    assert [type(row).__name__ for row in rows] == ["Rejection", "Row"]


def test_a_header_without_the_needed_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="message_id, text are not among them"):
        rows_of(tmp_path / "in.csv", b"ticket_id,body\nT-1,hello\n")


def test_the_name_says_how_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"must end in \.jsonl or \.csv"):
        rows_of(tmp_path / "in.xlsx", b"")


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"text": ' * 100_000])
def test_a_line_nested_too_deeply_loses_that_line_alone(tmp_path: Path, deep: bytes) -> None:
    rows = rows_of(tmp_path / "in.jsonl", deep + b"\n" + json.dumps(GOOD).encode())
    assert [(type(row).__name__, row.line) for row in rows] == [("Rejection", 1), ("Row", 2)]
    assert isinstance(rows[0], Rejection)
    assert "nested too deeply" in rows[0].reason


def test_a_text_that_cannot_be_accepted_is_refused_as_the_server_would(tmp_path: Path) -> None:
    lines = [json.dumps({**GOOD, "text": "x" * size}) for size in (20_000, 20_001, 17_000_000)]
    rows = rows_of(tmp_path / "in.jsonl", "\n".join(lines).encode())
    assert [type(row).__name__ for row in rows] == ["Row", "Rejection", "Rejection"]
    for row in rows[1:]:
        assert isinstance(row, Rejection)
        assert (row.reason, row.ticket_id) == ("text: must be at most 20000 characters", "T-1")


def test_what_is_left_to_the_server_cannot_make_a_request_too_large() -> None:
    """The text may be as long as this, so everything smaller is small enough by far."""
    longest = NewMessage(ticket_id="T-1", message_id="1", text="x" * SMALL_BYTES)
    assert violations(longest) == []
    longest.text += "x"
    assert violations(longest) != []


def test_a_quote_that_is_never_closed_names_the_line_in_which_it_opens(tmp_path: Path) -> None:
    content = b'ticket_id,message_id,text\nT-1,1,Hi\n\nT-1,2,"never closed\nT-1,3,Hi\nT-1,4,Bye\n'
    taken, refused = rows_of(tmp_path / "in.csv", content)
    assert isinstance(taken, Row)
    assert isinstance(refused, Rejection)
    assert refused.line == 4
    assert "never closed; close it" in refused.reason
    assert "lines 4 to 6 are left out" in refused.reason


def test_a_quote_in_the_wrong_place_loses_the_lines_that_it_joins(tmp_path: Path) -> None:
    content = b'ticket_id,message_id,text\nT-1,1,Hi\nT-1,2,"open\nT-1,3,"closed here\nT-1,4,Bye\n'
    rows = rows_of(tmp_path / "in.csv", content)
    assert [(type(row).__name__, row.line) for row in rows] == [("Row", 2), ("Rejection", 3), ("Row", 5)]


def test_a_quote_that_is_never_closed_in_the_header_names_file_and_line(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"in\.csv: line 1 is not valid CSV: a quote is opened that is never closed"):
        rows_of(tmp_path / "in.csv", b'ticket_id,message_id,"text\nT-1,1,Hi\n')


def test_lines_of_a_text_too_long_for_a_message_are_no_records(tmp_path: Path) -> None:
    text = b"x" * 200_000 + b"\nT-9,1,words of a customer\n"
    rows = rows_of(tmp_path / "in.csv", b'ticket_id,message_id,text\nT-1,1,"' + text + b'"\nT-1,2,Bye\n')
    assert [(type(row).__name__, row.line) for row in rows] == [("Rejection", 4), ("Row", 5)]


def test_a_field_beyond_all_bounds_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(
        b'ticket_id,message_id,text\nT-1,1,"' + b"x" * (MOST_FIELD_CHARACTERS + 1) + b"\nT-9,1,words of a customer\n"
    )
    (refused,) = read_rows(path)
    assert isinstance(refused, Rejection)
    assert (refused.line, refused.ticket_id) == (2, "")
    assert "larger than field limit" in refused.reason
