"""Nothing that a caller can send is unbounded: every field of every request stands under a constraint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from services.topology import TOPOLOGY
from shared.pb.buf.validate import validate_pb2
from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2, intent_pb2, router_pb2, sentiment_pb2, slots_pb2

FILES = (intake_pb2, intent_pb2, slots_pb2, sentiment_pb2, router_pb2, handoff_pb2)
SERVICES = [service for file in FILES for service in file.DESCRIPTOR.services_by_name.values()]
INTEGERS = {
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}
NUMBERS = {**INTEGERS, FieldDescriptor.TYPE_DOUBLE: "double", FieldDescriptor.TYPE_FLOAT: "float"}
# Well-known types that hold a value, with the rules that bound it.
VALUES = {"google.protobuf.Timestamp": "timestamp", "google.protobuf.Duration": "duration"}


def request_messages() -> dict[str, Descriptor]:
    """Request messages and all messages inside them, by full name."""
    found: dict[str, Descriptor] = {}
    waiting = [method.input_type for service in SERVICES for method in service.methods]
    while waiting:
        message = waiting.pop()
        if message.full_name in found or message.full_name in VALUES:
            continue
        found[message.full_name] = message
        waiting += [
            field.message_type for field in message.fields if field.message_type and not is_map(field)
        ]
    return found


def is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def fields() -> list[FieldDescriptor]:
    return [field for message in request_messages().values() for field in message.fields]


def constraints(field: FieldDescriptor) -> Any:
    return field.GetOptions().Extensions[validate_pb2.field]


def missing(field: FieldDescriptor, rules: Any) -> Iterator[str]:
    """What is left open of a field under these rules."""
    entry = field.message_type
    if field.is_repeated and entry and is_map(field):
        key, value = (entry.fields_by_name[name] for name in ("key", "value"))
        if not rules.map.HasField("max_pairs"):
            yield "map.max_pairs"
        yield from (f"map.keys: {what}" for what in missing(key, rules.map.keys))
        yield from (f"map.values: {what}" for what in missing(value, rules.map.values))
    elif field.is_repeated:
        if not rules.repeated.HasField("max_items"):
            yield "repeated.max_items"
        yield from (f"repeated.items: {what}" for what in missing_of_one(field, rules.repeated.items))
    else:
        yield from missing_of_one(field, rules)


def missing_of_one(field: FieldDescriptor, rules: Any) -> Iterator[str]:
    if field.type == FieldDescriptor.TYPE_STRING:
        if not (rules.string.HasField("max_len") or is_bounded(rules.string.pattern)):
            yield "string.max_len, or a pattern that bounds the length"
    elif field.type == FieldDescriptor.TYPE_BYTES:
        if not rules.bytes.HasField("max_len"):
            yield "bytes.max_len"
    elif field.type == FieldDescriptor.TYPE_ENUM:
        if not rules.enum.defined_only:
            yield "enum.defined_only"
    elif field.type in NUMBERS:
        of_type = getattr(rules, NUMBERS[field.type])
        for bounds in (("gt", "gte"), ("lt", "lte")):
            if not any(of_type.HasField(bound) for bound in bounds):
                yield f"{NUMBERS[field.type]}.{' or '.join(bounds)}"
    elif field.message_type and field.message_type.full_name in VALUES:
        kind = VALUES[field.message_type.full_name]
        if not rules.HasField(kind):
            yield f"a rule of {kind}"
    elif field.message_type and not field.is_repeated and not rules.required:
        yield "required, or its absence must be provided for"


def is_bounded(pattern: str) -> bool:
    """Whether a pattern bounds the length of what it matches: anchored, and nothing repeats for ever."""
    outside = re.sub(r"\[[^]]*\]", "c", pattern)  # in a character class, * and + stand for themselves
    return pattern.startswith("^") and pattern.endswith("$") and not re.search(r"[*+]|\{\d+,\}", outside)


def test_every_service_of_the_topology_was_looked_at() -> None:
    served = {name for service in TOPOLOGY for name in service.rpc_services}
    assert {service.full_name for service in SERVICES} == served
    assert {"switchyard.v1.NewMessage", "switchyard.v1.Utterance"} <= set(request_messages())


@pytest.mark.parametrize("field", fields(), ids=lambda field: str(field.full_name).removeprefix("switchyard.v1."))
def test_every_request_field_is_bounded(field: FieldDescriptor) -> None:
    if field.type == FieldDescriptor.TYPE_BOOL:
        return  # both values are fine
    assert not list(missing(field, constraints(field)))


def test_the_walk_sees_an_unbounded_field() -> None:
    """Responses have no constraints, so each of their fields must be found wanting."""
    fields = intake_pb2.SubmitError.DESCRIPTOR.fields_by_name
    assert list(missing(fields["message"], constraints(fields["message"])))
    assert list(missing(fields["code"], constraints(fields["code"])))
    repeated = intake_pb2.GetTicketResponse.DESCRIPTOR.fields_by_name["entries"]
    assert list(missing(repeated, constraints(repeated)))


@pytest.mark.parametrize(
    ("pattern", "bounded"),
    [
        ("^[a-z]{2}$", True),
        ("^([a-z+*]{1,3}|mul)?$", True),
        ("[a-z]{2}", False),
        ("^a*$", False),
        ("^[ab]+$", False),
        ("^a{2,}$", False),
        ("", False),
    ],
)
def test_what_counts_as_a_bounding_pattern(pattern: str, bounded: bool) -> None:
    assert is_bounded(pattern) is bounded
