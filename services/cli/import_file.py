"""Reads the files that `switchyard import` takes: one submission or rejection after the other."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.cli.new_message import from_json, from_row
from shared.errors import DataFormatError, FieldError
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage


@dataclass(frozen=True, slots=True)
class Row:
    """A message and the line of the file that it came from (a record's last line, for CSV)."""

    line: int
    message: NewMessage


@dataclass(frozen=True, slots=True)
class Rejection:
    """A line that was not taken, and why; never quotes the customer."""

    line: int
    reason: str
    ticket_id: str = ""
    message_id: str = ""

    def as_dict(self) -> dict[str, str | int]:
        return {
            "line": self.line,
            "ticket_id": self.ticket_id,
            "message_id": self.message_id,
            "reason": self.reason,
        }


def read_rows(path: Path, advance: Callable[[int], None] = lambda _: None) -> Iterator[Row | Rejection]:
    """Messages of a JSON Lines or CSV file (by its name's end), in the file's order.

    ``advance`` is told of the bytes read as they are. Raises OSError, and DataFormatError where the file as
    a whole cannot be understood.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv_rows(path, advance)
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _json_rows(path, advance)
    raise DataFormatError(f"{path}: the name must end in .jsonl or .csv, which says how it is read")


def _json_rows(path: Path, advance: Callable[[int], None]) -> Iterator[Row | Rejection]:
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            advance(len(raw))
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if not raw.strip():
                continue
            try:
                for message in from_json(raw.decode("utf-8")):
                    yield Row(number, message)
            except UnicodeDecodeError:
                yield Rejection(number, "is not valid UTF-8")
            except FieldError as error:
                yield Rejection(number, _reason(error), *_ids(raw))


def _csv_rows(path: Path, advance: Callable[[int], None]) -> Iterator[Row | Rejection]:
    with path.open("rb") as file:

        def lines() -> Iterator[str]:
            for raw in file:
                advance(len(raw))
                # Bytes that are not UTF-8 become lone surrogates, which the message then refuses.
                yield raw.decode("utf-8-sig" if file.tell() == len(raw) else "utf-8", errors="surrogateescape")

        reader = csv.DictReader(lines(), strict=True)
        header = reader.fieldnames or ()
        missing = [name for name in ("ticket_id", "message_id", "text") if name not in header]
        if missing:
            raise DataFormatError(
                f"{path}: line 1 must name the columns, and {', '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not among them"
            )
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Rejection(reader.line_num, f"is not valid CSV: {error}")
                continue
            try:
                if None in row:
                    raise FieldError("", "has more values than the header has columns")
                yield Row(reader.line_num, from_row(row))
            except FieldError as error:
                ids = (row.get("ticket_id") or "", row.get("message_id") or "")
                yield Rejection(reader.line_num, _reason(error), *ids)


def _reason(error: FieldError) -> str:
    return f"{error.field}: {error.problem}" if error.field else error.problem


def _ids(raw: bytes) -> tuple[str, str]:
    """Ticket and message id of a line that was refused, as far as it has them."""
    try:
        content = json.loads(raw)
    except ValueError:
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    found = (content.get(name, content.get(other, "")) for name, other in (("ticket_id", "id"), ("message_id", "")))
    ticket, message = (one if isinstance(one, str) else "" for one in found)
    return ticket, message
