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
    """Where the store is: as configured, else the embedded server if one runs, else the default.

    Raises ConfigError where the configured URL has options that the client of the store does not know.
    """
    if is_given("platform.redis_url"):
        if "?" in settings.platform.redis_url:
            _require_known_options(settings.platform.redis_url)
        return settings.platform.redis_url
    return running_url(state_of(settings)) or settings.platform.redis_url


def _require_known_options(url: str) -> None:
    from redis.asyncio import ConnectionPool

    try:
        # Opens nothing, and finds an unknown option, which else the first command would stumble over.
        ConnectionPool.from_url(url).make_connection()  # type: ignore[no-untyped-call]
    except (TypeError, ValueError):
        # Not in the client's words: they quote the option.
        raise ConfigError(
            "platform.redis_url: has an option after ? that is unknown or holds a wrong value; correct it"
        ) from None


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
