"""The flow as data hangs together: nothing is written that nobody reads, nothing read that nobody writes."""

from __future__ import annotations

from pathlib import Path

import services
from services.topology import TOPOLOGY
from shared.streams.names import GROUPS_OF, Group, Stream

FOLDER = Path(services.__file__).parent


def test_every_service_with_an_app_is_in_it_once_and_no_other() -> None:
    built = sorted(app.parent.name for app in FOLDER.glob("*/app.py"))
    assert sorted(service.name for service in TOPOLOGY) == built


def test_groups_are_those_of_the_streams() -> None:
    reading: dict[Stream, set[Group]] = {stream: set() for stream in Stream}
    for service in TOPOLOGY:
        assert (service.consumes is None) == (service.group is None), service.name
        if service.consumes and service.group:
            reading[service.consumes].add(service.group)
    assert reading == {stream: set(groups) for stream, groups in GROUPS_OF.items()}


def test_a_group_is_named_as_the_service_that_reads() -> None:
    for service in TOPOLOGY:
        assert service.group is None or service.group.value == service.name


def test_what_is_read_is_written_and_what_is_written_is_read() -> None:
    read = {service.consumes for service in TOPOLOGY if service.consumes}
    written = {stream for service in TOPOLOGY for stream in service.produces}
    assert read == written
    assert Stream.DEAD not in read


def test_services_stand_in_the_order_of_the_flow() -> None:
    """`serve all` starts them so; a message never waits for a service that starts later than its reader."""
    written: set[Stream] = set()
    for service in TOPOLOGY:
        assert service.consumes is None or service.consumes in written, service.name
        written.update(service.produces)


def test_ports_and_names_on_the_wire_are_unique() -> None:
    ports = [port for service in TOPOLOGY for port in (service.port, service.metrics_port)]
    assert len(set(ports)) == len(ports)
    names = [name for service in TOPOLOGY for name in service.rpc_services]
    assert len(set(names)) == len(names)
    assert all(service.rpc_services for service in TOPOLOGY)


def test_the_metrics_port_is_two_thousand_above_the_rpc_port() -> None:
    """So that who knows one knows the other."""
    assert all(service.metrics_port == service.port + 2000 for service in TOPOLOGY)
