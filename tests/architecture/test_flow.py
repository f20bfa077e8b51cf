"""The topology against the source: each service touches the streams that it reads or writes, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from services.topology import TOPOLOGY, ServiceTopology
from shared.streams.names import Stream
from tests.architecture.source import REPOSITORY, Module, modules

ANALYSIS = {"intent", "slots", "sentiment"}
# The three analysis services have their stage and wiring in common:
OF_ANALYSIS = ("shared/inference/service.py", "shared/streams/part_stage.py")
# Reading without a group: WatchDecisions and Triage follow the decisions, and acknowledge nothing.
FOLLOWED = {"intake": {Stream.DECIDED}}
# Deleting entries spoils a group's lag; no group reads the dead letters.
MAY_DELETE = {"shared/streams/dead_letter.py", "shared/streams/dead_letter.lua"}


def streams_in(module: Module) -> Iterator[Stream]:
    """Streams that a module names."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Stream":
            yield Stream[node.attr]


def files_of(service: str) -> list[Module]:
    return [
        module
        for module in modules()
        if module.service == service or (service in ANALYSIS and module.path in OF_ANALYSIS)
    ]


@pytest.mark.parametrize("service", TOPOLOGY, ids=lambda service: service.name)
def test_a_service_touches_the_streams_of_the_topology(service: ServiceTopology) -> None:
    named = {stream for module in files_of(service.name) for stream in streams_in(module)} - {Stream.DEAD}
    expected = {*service.produces, *FOLLOWED.get(service.name, set())}
    if service.consumes:
        expected.add(service.consumes)
    assert named == expected


def test_only_consumers_belong_to_a_group() -> None:
    for module in modules():
        text = (REPOSITORY / module.path).read_text(encoding="utf-8")
        reads = re.search(r"xreadgroup|xclaim|xautoclaim|XREADGROUP", text)
        assert not reads or module.path == "shared/streams/consumer.py", module.path


def test_entries_are_never_deleted_from_a_stream_that_a_group_reads() -> None:
    paths = [path for folder in ("services", "shared") for path in (REPOSITORY / folder).rglob("*.lua")]
    for path in [*paths, *(REPOSITORY / module.path for module in modules())]:
        name = path.relative_to(REPOSITORY).as_posix()
        deletes = re.search(r"\bxdel\(|'XDEL'|\"XDEL\"", path.read_text(encoding="utf-8"))
        assert not deletes or name in MAY_DELETE, f"{name}: trim instead"


def test_nothing_changes_where_modules_are_looked_for() -> None:
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute):
                trick = node.attr in ("__path__", "addsitedir") or ast.unparse(node) in ("sys.path", "sys.meta_path")
                assert not trick, f"{module.path}:{node.lineno}"
