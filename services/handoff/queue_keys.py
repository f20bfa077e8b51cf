"""Names of what the human queue keeps in Redis (what each holds stands in item.lua), and its scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from services.handoff.item import ItemState
from shared.streams.names import SEPARATOR, Keys
from shared.streams.scripts import Script, commit_script

HERE = Path(__file__).parent
ITEM_SCRIPT = HERE / "item.lua"


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """The human queue's part of every shard."""

    keys: Keys

    def every_shard(self) -> range:
        return self.keys.every_shard()

    def base(self, shard: int) -> str:
        """What all names of a shard's human queue begin with."""
        return self.keys.in_shard(shard, "hq:")

    def item(self, shard: int, item_id: str) -> str:
        return f"{self.base(shard)}i:{item_id}"

    def index(self, shard: int, state: ItemState, tenant: str, queue: str) -> str:
        """The sorted set of a queue's items in a state."""
        return f"{self.base(shard)}{state.value}:{tenant}{SEPARATOR}{queue}"

    def queues(self, shard: int, tenant: str) -> str:
        """The set of a tenant's queues."""
        return f"{self.base(shard)}queues:{tenant}"

    def events(self, shard: int) -> str:
        return f"{self.base(shard)}events"

    def shard_of(self, item_id: str) -> int | None:
        """The shard that an item id names; None where there is no such shard."""
        shard = item_id.partition("-")[0]
        return int(shard) if shard.isdecimal() and len(shard) < 6 and int(shard) < self.keys.shards else None


class QueueScript:
    """One of this service's scripts, called on one shard."""

    def __init__(self, redis: Redis, keys: QueueKeys, name: str) -> None:
        self._keys = keys
        self._script = Script(redis, ITEM_SCRIPT, HERE / f"{name}.lua")

    async def __call__(self, shard: int, args: Sequence[str | bytes | int]) -> Any:
        return await self._script([self._keys.base(shard)], args)


def enqueue_script(redis: Redis) -> Script:
    """The commit primitive with this service's part."""
    return commit_script(redis, ITEM_SCRIPT, HERE / "enqueue.lua")
