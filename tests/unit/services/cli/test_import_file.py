"""Files to import: what is taken, what is refused, and with which line number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli.import_file import Rejection, Row, read_rows
from shared.errors import DataFormatError

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
