"""The contract with the store is held against Redis and against Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from shared.streams.names import Keys
from shared.streams.store import connect, prepare
from tests.conftest import StoreOf
from tests.harness.lane import Lane
from tests.harness.store_process import StoreKind, StoreProcess


@pytest.fixture(scope="session", params=list(StoreKind), ids=lambda kind: kind.value)
def store(request: pytest.FixtureRequest, store_of: StoreOf) -> StoreProcess:
    """One server of each kind, one after the other."""
    return store_of(request.param)


@pytest.fixture
async def redis(store: StoreProcess) -> AsyncIterator[Redis]:
    """An empty store, connected as services are."""
    client = connect(store.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def keys(redis: Redis) -> Keys:
    """Names of one shard, with the consumer groups made."""
    keys = Keys(1)
    await prepare(redis, keys)
    return keys


@pytest.fixture
def lane(redis: Redis, keys: Keys) -> Lane:
    """The one shard of `keys`."""
    return Lane(redis, keys)
