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
from shared.rpc.validation import violations

# The longest text that is taken has as many characters, so a smaller message cannot make a request too large:
# the server judges it, as it judges everything. Larger ones are held here against the same constraints.
SMALL_BYTES = 20_000
# Far beyond any text that is taken, so that a quote that is never closed does not draw a whole file into memory.
MOST_FIELD_CHARACTERS = 16 * 1024 * 1024
_FIELD_TOO_LARGE = "field larger than field limit"
_NEVER_CLOSED = "a quote is opened that is never closed; close it, and double a quote that belongs to the text"


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
                    yield _judged(Row(number, message))
            except UnicodeDecodeError:
                yield Rejection(number, "is not valid UTF-8")
            except FieldError as error:
                yield Rejection(number, _reason(error), *_ids(raw))


def _csv_rows(path: Path, advance: Callable[[int], None]) -> Iterator[Row | Rejection]:
    csv.field_size_limit(MOST_FIELD_CHARACTERS)
    with path.open("rb") as file:

        def lines() -> Iterator[str]:
            for raw in file:
                advance(len(raw))
                # Bytes that are not UTF-8 become lone surrogates, which the message then refuses.
                yield raw.decode("utf-8-sig" if file.tell() == len(raw) else "utf-8", errors="surrogateescape")

        records = csv.reader(lines(), strict=True)
        header = _csv_header(path, records)
        while True:
            began = records.line_num + 1
            try:
                values = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                yield Rejection(began, _csv_problem(error, began, records.line_num))
                if str(error).startswith(_FIELD_TOO_LARGE):
                    return  # inside a text: what follows would be taken for records
                continue
            if not values:
                continue
            row: dict[str, str | None] = dict(zip(header, values, strict=False))
            try:
                if len(values) > len(header):
                    raise FieldError("", "has more values than the header has columns")
                yield _judged(Row(records.line_num, from_row(row)))
            except FieldError as error:
                ids = (row.get("ticket_id") or "", row.get("message_id") or "")
                yield Rejection(records.line_num, _reason(error), *ids)


def _csv_header(path: Path, records: Iterator[list[str]]) -> list[str]:
    try:
        header = next(records, [])
    except csv.Error as error:
        raise DataFormatError(f"{path}: line 1 {_csv_problem(error, 1, 1)}") from None
    missing = [name for name in ("ticket_id", "message_id", "text") if name not in header]
    if missing:
        raise DataFormatError(
            f"{path}: line 1 must name the columns, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not among them"
        )
    return header


def _csv_problem(error: csv.Error, first: int, last: int) -> str:
    """What is wrong with a record, and which lines were read with it."""
    said = _NEVER_CLOSED if str(error) == "unexpected end of data" else str(error)
    left_out = f" (lines {first} to {last} are left out)" if last > first else ""
    return f"is not valid CSV: {said}{left_out}"


def _judged(row: Row) -> Row | Rejection:
    """The row, or why its message is larger than any that is taken, in the server's own words."""
    if row.message.ByteSize() <= SMALL_BYTES:
        return row
    found = violations(row.message)
    if not found:
        return row
    reason = "; ".join(f"{field}: {problem}" for field, problem in found)
    return Rejection(row.line, reason, row.message.ticket_id, row.message.message_id)


def _reason(error: FieldError) -> str:
    return f"{error.field}: {error.problem}" if error.field else error.problem


def _ids(raw: bytes) -> tuple[str, str]:
    """Ticket and message id of a line that was refused, as far as it has them."""
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(content, dict):
        return "", ""
    found = (content.get(name, content.get(other, "")) for name, other in (("ticket_id", "id"), ("message_id", "")))
    ticket, message = (one if isinstance(one, str) else "" for one in found)
    return ticket, message
