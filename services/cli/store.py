"""The store, for the commands that look into it themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.settings import Settings, is_given
from shared.embedded import running_url, state_folder
from shared.errors import ConfigError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.streams.names import Keys


def state_of(settings: Settings, chosen: Path | None = None) -> Path:
    """The folder of the embedded server."""
    return (chosen or settings.embedded.state or state_folder()).absolute()


def store_url(settings: Settings) -> str:
    """Where the store is: as configured, else the embedded server if one runs, else the default."""
    if is_given("platform.redis_url"):
        return settings.platform.redis_url
    return running_url(state_of(settings)) or settings.platform.redis_url


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[tuple[Redis, Keys]]:
    """A connection and the names of the keys.

    Raises RedisError where the store is away, ConfigError where it was laid out with other shards.
    """
    from shared.streams.names import Keys
    from shared.streams.store import connect

    redis, keys = connect(store_url(settings)), Keys(settings.platform.shards)
    try:
        stored = int(await redis.get(keys.layout()) or keys.shards)
        if stored != keys.shards:
            raise ConfigError(f"platform.shards is {keys.shards}, but this store was laid out with {stored}")
        yield redis, keys
    finally:
        await redis.aclose()
