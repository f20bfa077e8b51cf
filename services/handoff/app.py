"""Wires the human queue."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from services.handoff.claims import Claims
from services.handoff.config import HandoffConfig
from services.handoff.depth import DepthProbe
from services.handoff.events import EventFeed, ItemWatcher
from services.handoff.handover import Handovers
from services.handoff.lease import Leases, LeaseSweeper
from services.handoff.metrics import HandoffMetrics
from services.handoff.queue import HumanQueue
from services.handoff.queue_keys import QueueKeys
from services.handoff.servicer import HumanQueueServicer, servicer
from services.handoff.worker import HandoffStage
from shared.clock import SystemClock
from shared.config import PlatformConfig
from shared.lifecycle import Loops, Service
from shared.observability.rpc_metrics import RpcMetrics
from shared.observability.stage_metrics import StageMetrics
from shared.rpc.server import RpcServer
from shared.streams.backlog import BacklogKeeper
from shared.streams.consumer import Consumer, ConsumerSettings, consumer_name
from shared.streams.names import Group, Keys, Stream
from shared.streams.records import Records
from shared.streams.store import connect
from shared.tenants import Tenants


def build(platform: PlatformConfig, config: HandoffConfig) -> Service:
    """The service, not yet started."""
    registry, clock = CollectorRegistry(), SystemClock()
    metrics, stage_metrics = HandoffMetrics(registry), StageMetrics(registry)
    redis, keys = connect(platform.redis_url), Keys(platform.shards)
    queue_keys, records = QueueKeys(keys), Records(redis, keys)
    leases = Leases(redis, queue_keys, metrics, platform.record_ttl_s, config.events_kept)
    queue, handovers = HumanQueue(redis, queue_keys), Handovers(records)
    feed = EventFeed(redis, queue_keys, config.watch_poll_s)
    name, section = consumer_name("handoff"), config.consumer
    settings = ConsumerSettings(section.batch, section.block_ms, section.lease_ms, section.max_deliveries)
    consumers = [
        Consumer(
            redis,
            keys.stream(Stream.DECIDED, shard),
            Group.HANDOFF.value,
            name,
            HandoffStage(
                redis, queue_keys, shard, records, metrics, platform.record_ttl_s, config.events_kept
            ),
            settings,
            stage_metrics,
            clock,
        )
        for shard in keys.every_shard()
    ]
    keeper = BacklogKeeper(
        redis, keys, Stream.DECIDED, Group.HANDOFF.value, stage_metrics, config.decisions_kept_s * 1000
    )
    sweeper = LeaseSweeper(leases, queue_keys, config.sweep_s)
    probe = DepthProbe(redis, queue_keys, metrics, config.measure_s)
    implementation = HumanQueueServicer(
        Tenants(platform.tenants),
        queue,
        Claims(queue, leases, handovers),
        leases,
        handovers,
        feed,
        lambda tenant, queue: ItemWatcher(redis, queue_keys, feed, tenant, queue),
        metrics,
        config.default_lease_s,
        config.heartbeat_s,
    )
    server = RpcServer(
        f"{platform.host}:{config.port}", [servicer(implementation)], RpcMetrics(registry), platform.max_request_bytes
    )
    return Service(
        "handoff", server, registry, redis, keys, platform.host, config.metrics_port,
        Loops([*consumers, feed], [keeper.run, sweeper.run, probe.run]),
    )  # fmt: skip
