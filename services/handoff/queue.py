"""Reads the human queue: what waits, in order, across shards and queues."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from services.handoff.item import ItemState, QueueItem, decode_item, decode_skills
from services.handoff.order import Offer, Place
from services.handoff.queue_keys import QueueKeys
from shared.errors import NotFoundError

PAGE = 32
OPEN_STATES = (ItemState.WAITING, ItemState.CLAIMED)


@dataclass(frozen=True, slots=True)
class Listing:
    """Items in order, and how many wait and are claimed in all."""

    items: tuple[QueueItem, ...]
    waiting: int
    claimed: int


@dataclass(slots=True)
class _Lane:
    """One queue's waiting items on one shard, read page by page.

    A page begins at the score of the last item seen, so that items taken out meanwhile shift
    nothing; ``ties`` are the ids already seen at that score.
    """

    shard: int
    key: str
    floor: str = "-inf"
    ties: set[str] = field(default_factory=set)
    page: deque[Place] = field(default_factory=deque)
    ended: bool = False

    def take(self, rows: Sequence[tuple[bytes, float]], asked: int) -> list[Place]:
        """The places that are new among the rows read; moves on behind them."""
        places = [Place(score, member.decode()) for member, score in rows]
        self.ended = len(places) < asked
        fresh = [place for place in places if place.item_id not in self.ties]
        if places:
            floor = f"{int(places[-1].score)}"
            if floor != self.floor:
                self.floor, self.ties = floor, set()
            self.ties.update(place.item_id for place in places if int(place.score) == int(floor))
        return fresh


class HumanQueue:
    """Lists items, reads them, and says who is next."""

    def __init__(self, redis: Redis, keys: QueueKeys) -> None:
        self._redis, self._keys = redis, keys

    async def get(self, tenant: str, item_id: str) -> QueueItem:
        """Raises NotFoundError where the tenant has no such item, or not any more."""
        found = await self.read([item_id])
        if not found or found[0].tenant != tenant:
            raise NotFoundError(
                f"item_id: tenant {tenant!r} has no item {item_id}, or it has expired; "
                "list the queue to see what is there"
            )
        return found[0]

    async def read(self, item_ids: Iterable[str]) -> list[QueueItem]:
        """Items as they stand now; those that are gone are left out."""
        wanted = [(item_id, shard) for item_id in item_ids if (shard := self._keys.shard_of(item_id)) is not None]
        pipeline: Any = self._redis.pipeline(transaction=False)
        for item_id, shard in wanted:
            pipeline.hgetall(self._keys.item(shard, item_id))
        answers = await pipeline.execute()
        return [decode_item(item_id, fields) for (item_id, _), fields in zip(wanted, answers, strict=True) if fields]

    async def listing(self, tenant: str, queue: str, state: ItemState | None, limit: int) -> Listing:
        """Items of a tenant, of one queue or ("") all, in one state or (None) open, at most ``limit``.

        Open items come most urgent first, then oldest first; completed ones last completed first.
        """
        pairs = await self._pairs(tenant, frozenset({queue} if queue else ()))
        states = OPEN_STATES if state is None else (state,)
        pipeline: Any = self._redis.pipeline(transaction=False)
        for shard, name in pairs:
            for counted in OPEN_STATES:
                pipeline.zcard(self._keys.index(shard, counted, tenant, name))
            for wanted in states:
                latest_first = wanted is ItemState.COMPLETED
                index = self._keys.index(shard, wanted, tenant, name)
                pipeline.zrange(index, 0, limit - 1, desc=latest_first, withscores=True)
        answers = await pipeline.execute()
        places: list[Place] = []
        width = len(OPEN_STATES) + len(states)
        for start in range(0, len(answers), width):
            for rows in answers[start + len(OPEN_STATES) : start + width]:
                places += [Place(score, member.decode()) for member, score in rows]
        places.sort(reverse=state is ItemState.COMPLETED)
        items = await self.read(place.item_id for place in places[:limit])
        return Listing(tuple(items), sum(answers[0::width]), sum(answers[1::width]))

    async def _pairs(self, tenant: str, queues: frozenset[str]) -> list[tuple[int, str]]:
        """Shard and queue of every part of the tenant's queues, of these or (empty) of all."""
        shards = self._keys.every_shard()
        if queues:
            return [(shard, queue) for shard in shards for queue in sorted(queues)]
        pipeline: Any = self._redis.pipeline(transaction=False)
        for shard in shards:
            pipeline.smembers(self._keys.queues(shard, tenant))
        answers = await pipeline.execute()
        return [(shard, name.decode()) for shard, names in zip(shards, answers, strict=True) for name in names]

    async def waiting(self, tenant: str, offer: Offer) -> AsyncIterator[Place]:
        """Waiting items that fit, best first over all shards and queues, read no further than asked for."""
        lanes = [
            _Lane(shard, self._keys.index(shard, ItemState.WAITING, tenant, queue))
            for shard, queue in await self._pairs(tenant, offer.queues)
        ]
        while True:
            # The best of all lanes is known only while every lane shows its next item.
            while empty := [lane for lane in lanes if not lane.page and not lane.ended]:
                await self._read_on(empty, offer)
            lanes = [lane for lane in lanes if lane.page]
            if not lanes:
                return
            yield min(lanes, key=lambda lane: lane.page[0]).page.popleft()

    async def _read_on(self, lanes: Sequence[_Lane], offer: Offer) -> None:
        """The next page of each lane, without what does not fit."""
        pipeline: Any = self._redis.pipeline(transaction=False)
        asked = [PAGE + len(lane.ties) for lane in lanes]
        for lane, count in zip(lanes, asked, strict=True):
            pipeline.zrangebyscore(lane.key, lane.floor, "+inf", start=0, num=count, withscores=True)
        found = [
            (lane, place)
            for lane, rows, count in zip(lanes, await pipeline.execute(), asked, strict=True)
            for place in lane.take(rows, count)
        ]
        if not offer.takes_all:
            for lane, place in found:
                pipeline.hmget(self._keys.item(lane.shard, place.item_id), ["language", "skills"])
            answers = await pipeline.execute()
            found = [
                pair
                for pair, (language, skills) in zip(found, answers, strict=True)
                if offer.fits((language or b"").decode(), decode_skills(skills))
            ]
        for lane, place in found:
            lane.page.append(place)
