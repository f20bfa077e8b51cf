"""A message to submit, from what people write: options of a command, a JSON object, a row of a table."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError

from shared.errors import FieldError
from shared.pb.switchyard.v1.ticket_pb2 import Author, Channel, NewMessage

FIELDS = tuple(field.name for field in NewMessage.DESCRIPTOR.fields)
_CAMEL = {field.json_name: field.name for field in NewMessage.DESCRIPTOR.fields}
_ENUMS = {"author": "AUTHOR_", "channel": "CHANNEL_"}
ATTRIBUTE_COLUMN = "attributes."


def new_message(values: Mapping[str, Any]) -> NewMessage:
    """A NewMessage in its JSON form, with ``email`` as good as ``CHANNEL_EMAIL``.

    Values of None and "" are left out. Raises FieldError, which names the field and never quotes the text;
    the server checks the rest.
    """
    content: dict[str, Any] = {}
    for name, value in values.items():
        field = _CAMEL.get(name, name)
        if field not in FIELDS:
            near = difflib.get_close_matches(field, FIELDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(FIELDS)}"
            raise FieldError(field, f"unknown field{hint}")
        if value is None or value == "":
            continue
        content[field] = _enum(field, value) if field in _ENUMS else value
    for field in ("ticket_id", "message_id", "text"):
        if field not in content:
            raise FieldError(field, "is missing")
    try:
        return ParseDict(content, NewMessage())
    except (ParseError, OverflowError) as error:  # the latter of a number too large for a float (1e400)
        raise _locate(content, error) from None
    except ValueError:
        raise FieldError("text", "is not valid Unicode; save the file as UTF-8") from None


def _enum(field: str, value: Any) -> Any:
    prefix = _ENUMS[field]
    if not isinstance(value, str):
        return value
    name = value.strip().upper()
    full = name if name.startswith(prefix) else prefix + name
    known = Author.keys() if field == "author" else Channel.keys()
    if full not in known:
        names = ", ".join(one.removeprefix(prefix).lower() for one in known if not one.endswith("UNSPECIFIED"))
        raise FieldError(field, f"is none of {names}")
    return full


def _locate(content: Mapping[str, Any], error: Exception) -> FieldError:
    """Which field it was: protobuf's own message would quote the value."""
    for field, value in content.items():
        try:
            ParseDict({field: value}, NewMessage())
        except (ParseError, ValueError, OverflowError):
            kinds = {"sent_at": "a time such as 2026-11-22T09:30:00Z", "attributes": "an object of texts"}
            return FieldError(field, f"must be {kinds.get(field, 'text')}")
    return FieldError("", type(error).__name__)


def from_case(case: Mapping[str, Any]) -> list[NewMessage]:
    """The messages of a labelled case: one conversation with ``id``, ``lang``, ``channel`` and ``messages``.

    Message ids count from 1; labels are not submitted. Raises FieldError.
    """
    messages = case.get("messages")
    if not isinstance(messages, list) or not messages:
        raise FieldError("messages", "must be a list of messages")
    found = []
    for index, message in enumerate(messages, start=1):
        if not isinstance(message, dict):
            raise FieldError(f"messages[{index - 1}]", "must be an object")
        values = {
            "ticket_id": case.get("id"),
            "message_id": str(index),
            "text": message.get("text"),
            "author": message.get("author"),
            "channel": case.get("channel"),
            "language": case.get("lang"),
        }
        try:
            found.append(new_message(values))
        except FieldError as error:
            raise FieldError(f"messages[{index - 1}].{error.field}", error.problem) from None
    return found


def from_json(line: str) -> list[NewMessage]:
    """A line of JSON Lines: a NewMessage, or a whole case. Raises FieldError."""
    try:
        content = json.loads(line)
    except ValueError:
        raise FieldError("", "is not JSON") from None
    except RecursionError:
        raise FieldError("", "is nested too deeply; a message is an object of texts") from None
    if not isinstance(content, dict):
        raise FieldError("", "must be a JSON object")
    if "messages" in content:
        return from_case(content)
    return [new_message(content)]


def from_row(row: Mapping[str, str | None]) -> NewMessage:
    """A row of a CSV file whose header names fields; columns ``attributes.<name>`` become attributes."""
    values: dict[str, Any] = {}
    attributes: dict[str, str] = {}
    for name, value in row.items():
        if name.startswith(ATTRIBUTE_COLUMN):
            if value:
                attributes[name.removeprefix(ATTRIBUTE_COLUMN)] = value
        else:
            values[name] = value
    if attributes:
        values["attributes"] = attributes
    return new_message(values)
