"""One system for all hostile callers, all services in one process, which must come through unharmed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.store_process import StoreProcess
from tests.harness.system import TOGETHER, System, some_server
from tests.hostile.requests import MARK, TENANT, Requests, valid_requests
from tests.hostile.rpcs import Stranger

SETTINGS: dict[str, object] = {
    "platform.tenants": f"{TENANT},another-shop",
    "intake.heartbeat_s": 0.5,
    "intake.decide_within_ms": 60_000,
    "handoff.heartbeat_s": 0.5,
}


@pytest.fixture(scope="package")
def system() -> Iterator[System]:
    """Running and ready."""
    with StoreProcess(some_server()) as store, System(store.url, TOGETHER, SETTINGS) as running:
        yield running


@pytest.fixture(scope="package")
def stranger(system: System) -> Iterator[Stranger]:
    with Stranger(system) as caller:
        yield caller


@pytest.fixture(scope="package")
def valid(stranger: Stranger) -> Requests:
    """A request that is right, for every RPC; the human queue's name an item that exists."""
    return valid_requests(stranger)


@pytest.fixture(autouse=True)
def unharmed(system: System, stranger: Stranger) -> Iterator[None]:
    """After each test the same process serves, nothing failed inside, and no log quotes a caller."""
    process = system.process_of("intake")
    before, failures = process.pid, len(inner_failures(system))
    yield
    assert process.pid == before, f"the process died;{process.tail()}"
    assert stranger.not_serving() == []
    assert inner_failures(system)[failures:] == []
    assert MARK not in system.logs()


def inner_failures(system: System) -> list[str]:
    """Lines of the log that tell of an error of our own."""
    signs = ("Traceback", '"call_failed"', '"level": "error"', '"level":"error"', '"level": "critical"')
    return [line for line in system.logs().splitlines() if any(sign in line for sign in signs)]
