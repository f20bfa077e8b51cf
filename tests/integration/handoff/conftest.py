"""The human queue on a real store, with decisions put in as intake and the router store them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import grpc
import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from services.handoff.app import build
from services.handoff.claims import Claims
from services.handoff.config import HandoffConfig
from services.handoff.depth import DepthProbe
from services.handoff.handover import Handovers
from services.handoff.item import QueueItem
from services.handoff.lease import Leases
from services.handoff.metrics import HandoffMetrics
from services.handoff.order import Offer
from services.handoff.queue import HumanQueue
from services.handoff.queue_keys import QueueKeys
from services.handoff.worker import HandoffStage
from services.intake.submit import Submitter, digest
from shared.config import ConsumerSection, PlatformConfig
from shared.convert import encode_decision, encode_part
from shared.domain.analysis import Evidence, Sentiment, SentimentAnalysis
from shared.domain.decision import Decision, Outcome, Priority, Reason, Rule
from shared.domain.ticket import Message, MessageKey
from shared.lifecycle import Service
from shared.pb.switchyard.v1 import handoff_pb2 as pb
from shared.pb.switchyard.v1.handoff_pb2_grpc import HumanQueueServiceStub
from shared.streams.entry import Entry, parse_entry
from shared.streams.names import Group, Keys, Stream, reference
from shared.streams.records import Records
from shared.streams.store import prepare
from tests.harness.store_process import StoreProcess

TENANT = "acme"
LEASE_MS = 60_000
EVENTS_KEPT = 1000
RECORD_TTL_S = 1000
EVERYTHING = Offer()
PATIENCE = 10.0


def decided(ticket: str, sequence: int = 1, outcome: Outcome = Outcome.ESCALATED, **changes: Any) -> Decision:
    """A decision on the message ``m<sequence>`` of a ticket; ``changes`` are fields of `Decision`."""
    fields: dict[str, Any] = {
        "key": MessageKey(changes.pop("tenant", TENANT), ticket, f"m{sequence}"),
        "queue": "escalations" if outcome.needs_person else "billing",
        "priority": Priority.HIGH,
        "reasons": (Reason(Rule.FRUSTRATION_LEVEL, value=0.9, threshold=0.7),),
        "level_before": 0.0,
        "level_after": 0.9,
        "policy_version": "1",
    }
    return Decision(sequence=sequence, outcome=outcome, **{**fields, **changes})


class World:
    """One handoff service's parts, without its loops: tests move them by hand."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis, self.keys = redis, keys
        self.registry = CollectorRegistry()
        self.metrics = HandoffMetrics(self.registry)
        self.queue_keys = QueueKeys(self.keys)
        self.records = Records(self.redis, self.keys)
        self.leases = Leases(self.redis, self.queue_keys, self.metrics, RECORD_TTL_S, EVENTS_KEPT)
        self.queue = HumanQueue(self.redis, self.queue_keys)
        self.claims = Claims(self.queue, self.leases, Handovers(self.records))
        self.probe = DepthProbe(self.redis, self.queue_keys, self.metrics, 60.0)

    def shard(self, ticket: str, tenant: str = TENANT) -> int:
        return self.keys.shard(tenant, ticket)

    def stage(self, shard: int) -> HandoffStage:
        return HandoffStage(
            self.redis, self.queue_keys, shard, self.records, self.metrics, RECORD_TTL_S, EVENTS_KEPT
        )

    async def say(self, decision: Decision, text: str, frustration: float = 0.9, language: str = "en") -> None:
        """Let the customer have written the message that the decision is on, all of it telling."""
        message = Message(decision.key, text, language=language, sent_at_ms=1_700_000_000_000 + decision.sequence)
        await Submitter(self.redis, self.keys, 10_000, 60_000, 60_000).submit([message], [digest(message)])
        part = SentimentAnalysis(Sentiment.NEGATIVE, 0.9, frustration, Evidence(0, len(text), 1.0))
        fields: dict[Any, Any] = {
            "sentiment": encode_part(part), "x": encode_decision(decision), "da": 1, "r": decision.revision, "s": "d",
        }  # fmt: skip
        await self.redis.hset(self.keys.message(decision.key), mapping=fields)

    async def publish(self, decision: Decision, at_ms: int = 0, group: str = "") -> str:
        """Put the decision into the decided stream; returns the item id that it would open."""
        shard = self.shard(decision.key.ticket, decision.key.tenant)
        seconds, micros = await self.redis.time()
        fields: dict[Any, Any] = {
            "v": "1", "k": reference(decision.key), "d": encode_decision(decision),
            "at": at_ms or seconds * 1000 + micros // 1000,
        }  # fmt: skip
        if group:
            fields["g"] = group
        raw = await self.redis.xadd(self.keys.stream(Stream.DECIDED, shard), fields)
        return f"{shard}-{raw.decode()}"

    async def read(self, shard: int, consumer: str = "one") -> list[Entry]:
        """New entries of a shard's decided stream, delivered to a consumer."""
        stream = self.keys.stream(Stream.DECIDED, shard)
        answer: Any = await self.redis.xreadgroup(Group.HANDOFF.value, consumer, {stream: ">"}, count=1000)
        return [parse_entry(raw, fields) for _, rows in answer for raw, fields in rows]

    async def file(self) -> list[str]:
        """Run the stage over everything published; returns the statuses."""
        statuses: list[str] = []
        for shard in self.keys.every_shard():
            entries = await self.read(shard)
            if entries:
                stage = self.stage(shard)
                statuses += await stage.commit(entries, await stage.process(entries))
        return statuses

    async def enqueue(self, *decisions: Decision) -> list[str]:
        """Publish and file; returns the statuses."""
        for decision in decisions:
            await self.publish(decision)
        return await self.file()

    async def items(self, tenant: str = TENANT) -> Sequence[QueueItem]:
        """The tenant's open items in order."""
        return (await self.queue.listing(tenant, "", None, 1000)).items

    async def only(self) -> QueueItem:
        """The one open item."""
        (item,) = await self.items()
        return item

    async def claim(self, agent: str, offer: Offer = EVERYTHING, lease_ms: int = LEASE_MS) -> QueueItem | None:
        handover = await self.claims.claim_next(TENANT, agent, offer, lease_ms)
        return handover.item if handover else None

    async def must_claim(self, agent: str, lease_ms: int = LEASE_MS) -> QueueItem:
        item = await self.claim(agent, lease_ms=lease_ms)
        assert item is not None
        return item

    async def expire(self) -> int:
        """Run the lease sweeper once over all shards; returns how many items went back."""
        return sum([await self.leases.expire(shard) for shard in self.keys.every_shard()])

    async def pending(self) -> int:
        """Entries delivered and not ended."""
        total = 0
        for shard in self.keys.every_shard():
            stream = self.keys.stream(Stream.DECIDED, shard)
            total += (await self.redis.xpending(stream, Group.HANDOFF.value))["pending"]
        return total

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
async def world(redis: Redis) -> AsyncIterator[World]:
    """A queue on two shards, empty."""
    keys = Keys(2)
    await prepare(redis, keys)
    yield World(redis, keys)


@pytest.fixture
async def service(any_store: StoreProcess, world: World) -> AsyncIterator[Service]:
    """The service with all its loops, on free ports."""
    platform = PlatformConfig(redis_url=any_store.url, shards=2, tenants=(TENANT, "globex"), record_ttl_s=100)
    config = HandoffConfig(
        port=0, metrics_port=0, consumer=ConsumerSection(block_ms=20, lease_ms=300), sweep_s=0.05,
        measure_s=0.05, heartbeat_s=0.3, watch_poll_s=0.02, events_kept=100,
    )  # fmt: skip
    service = build(platform, config)
    await service.start()
    yield service
    await service.stop(1.0)


@pytest.fixture
async def stub(service: Service) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as channel:
        yield HumanQueueServiceStub(channel)


async def until(true: Callable[[], Any]) -> Any:
    """Wait for an awaitable condition; returns its value."""
    end = time.monotonic() + PATIENCE
    while True:
        value = await true()
        if value:
            return value
        assert time.monotonic() < end, "the condition did not come true in time"
        await asyncio.sleep(0.02)


async def listed(stub: Any, count: int = 1) -> list[pb.QueueItem]:
    async def enough() -> list[pb.QueueItem]:
        items = list((await stub.ListItems(pb.ListItemsRequest(tenant=TENANT))).items)
        return items if len(items) == count else []

    found: list[pb.QueueItem] = await until(enough)
    return found


async def refusal(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return refused.value.code(), refused.value.details() or ""
