"""Each service a process of its own, on a store that writes to disk before it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from shared.streams.names import Keys
from shared.streams.store import connect
from tests.harness.store_process import StoreProcess
from tests.harness.system import APART, SERVICES, System, some_server

LEASE_MS = 1000
REPLICATED = ("slots", "router", "handoff")
TENANTS = (
    *(f"victim-{name}" for name in (*SERVICES, "store", "everything")), *(f"replica-{name}" for name in REPLICATED)
)
SETTINGS: dict[str, object] = {
    "platform.tenants": ",".join(TENANTS),
    # Short enough that an absent analysis service makes decisions partial, which are then revised.
    "intake.decide_within_ms": 4000,
    **{f"{name}.consumer.lease_ms": LEASE_MS for name in SERVICES if name != "intake"},
}


@pytest.fixture(scope="session")
def durable_store() -> Iterator[StoreProcess]:
    """Acknowledged means on disk."""
    with StoreProcess(some_server(), "--appendfsync", "always") as store:
        yield store


@pytest.fixture(scope="session")
def system(durable_store: StoreProcess) -> Iterator[System]:
    """Running and ready; each test leaves it so."""
    with System(durable_store.url, APART, SETTINGS) as running:
        yield running


@pytest.fixture
async def observer(durable_store: StoreProcess) -> AsyncIterator[Redis]:
    """The test's own connection."""
    client = connect(durable_store.url)
    yield client
    await client.aclose()


@pytest.fixture
def keys() -> Keys:
    return Keys(2)
