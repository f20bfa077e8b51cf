"""Reading the files of a published set, with errors that say which file and row to look at."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from shared.errors import DataFormatError


def file_text(path: Path) -> str:
    """The whole file; line ends are left as they are, since sets quote them."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DataFormatError(f"{path}: does not exist; fetch the set as its SOURCE.txt says") from None
    except OSError as error:
        raise DataFormatError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise DataFormatError(f"{path}: is not UTF-8 at byte {error.start}") from None


def json_document(path: Path) -> Any:
    """The file's JSON."""
    try:
        return json.loads(file_text(path))
    except json.JSONDecodeError as error:
        raise DataFormatError(f"{path}: line {error.lineno}: is not valid JSON: {error.msg}") from None


def json_objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON list, each with where it stands."""
    document = json_document(path)
    if not isinstance(document, list):
        raise DataFormatError(f"{path}: must be a list of examples")
    for number, row in enumerate(document):
        if not isinstance(row, dict):
            raise DataFormatError(f"{path}: example {number}: must be an object")
        yield f"{path}: example {number}", row


def csv_rows(path: Path, columns: Collection[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of a CSV file with a header that has at least ``columns``, each with where it stands."""
    reader = csv.DictReader(file_text(path).splitlines(keepends=True), strict=True)
    if missing := sorted(set(columns) - set(reader.fieldnames or ())):
        raise DataFormatError(f"{path}: has no column {missing[0]!r}")
    try:
        for row in reader:
            where = f"{path}: line {reader.line_num}"
            if None in row or None in row.values():
                raise DataFormatError(f"{where}: has not as many fields as the header")
            yield where, row
    except csv.Error as error:
        raise DataFormatError(f"{path}: line {reader.line_num}: {error}") from None


def tab_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Fields of the lines of a file without quoting, with their line numbers; empty lines are passed over."""
    # split by "\n" alone: texts hold other characters that splitlines() takes for line ends
    for number, line in enumerate(file_text(path).split("\n"), start=1):
        if line := line.rstrip("\r"):
            yield number, line.split("\t")
