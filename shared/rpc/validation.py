"""Requests are held against the constraints that stand in the protos (protovalidate)."""

from __future__ import annotations

import protovalidate
from google.protobuf.message import Message

MOST_VIOLATIONS = 10


def violations(request: Message) -> list[tuple[str, str]]:
    """What is wrong with a request: (field path, problem and mend); empty where nothing is.

    The problem never quotes the value: it may be the customer's.
    """
    found = []
    for violation in protovalidate.collect_violations(request)[:MOST_VIOLATIONS]:
        path, problem = "", violation.proto.message or violation.proto.rule_id
        for element in violation.proto.field.elements if violation.proto.field else ():
            path += ("." if path else "") + element.field_name
            subscript = element.subscript
            if subscript is not None and subscript.field == "index":
                path += f"[{subscript.value}]"
            elif subscript is not None:  # of a map: its key stays unnamed, being the caller's words
                problem = f"a {'key' if violation.proto.for_key else 'value'} {problem}"
        found.append((path, problem))
    return found
