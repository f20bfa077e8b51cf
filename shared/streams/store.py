"""The connection to Redis, and the agreement on how many shards there are."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from shared.errors import ConfigError
from shared.streams.backlog import ensure_groups
from shared.streams.connection import PromptPool
from shared.streams.names import Keys

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 5.0
MOST_CONNECTIONS = 256


def connect(url: str, most: int = MOST_CONNECTIONS) -> Redis:
    """A client for one service, of at most so many connections. Calls fail fast: the pipeline's loops do
    their own retrying.
    """
    pool = PromptPool.from_url(
        url,
        max_connections=most,
        patience_s=ANSWER_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 1),
    )
    return Redis.from_pool(pool)


async def prepare(redis: Redis, keys: Keys) -> None:
    """Agree on the number of shards and create the consumer groups.

    Raises ConfigError where the store was laid out with another number of shards: the same ticket
    would be looked for in two places.
    """
    await redis.setnx(keys.layout(), keys.shards)
    stored = int(await redis.get(keys.layout()) or keys.shards)
    if stored != keys.shards:
        raise ConfigError(
            f"platform.shards is {keys.shards}, but this store was laid out with {stored}; "
            f"set it to {stored}, or drain the store and delete the key {keys.layout()}"
        )
    await ensure_groups(redis, keys)
