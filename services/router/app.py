"""Wires the router."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from services.router.config import RouterConfig
from services.router.deadlines import DeadlineSweeper
from services.router.metrics import RouterMetrics
from services.router.policy_store import PolicyStore
from services.router.preview import AnalysisClients
from services.router.servicer import RouterServicer, servicer
from services.router.worker import RouterStage
from shared.clock import SystemClock
from shared.config import PlatformConfig
from shared.inference.model import load_pack
from shared.lifecycle import Loops, Service
from shared.observability.rpc_metrics import RpcMetrics
from shared.observability.stage_metrics import StageMetrics
from shared.rpc.server import RpcServer
from shared.streams.backlog import BacklogKeeper
from shared.streams.consumer import Consumer, ConsumerSettings, consumer_name
from shared.streams.names import Group, Keys, Stream
from shared.streams.store import connect
from shared.tenants import Tenants


def build(platform: PlatformConfig, config: RouterConfig) -> Service:
    """Raises ModelError where the pack cannot be read, PolicyError where its policy does not hold."""
    registry, clock = CollectorRegistry(), SystemClock()
    metrics, stage_metrics = RouterMetrics(registry), StageMetrics(registry)
    redis, keys = connect(platform.redis_url), Keys(platform.shards)
    policies = PolicyStore(platform.pack, config.policy_reload_s)
    clients = AnalysisClients(config.intent_address, config.slots_address, config.sentiment_address)
    name = consumer_name("router")
    section = config.consumer
    settings = ConsumerSettings(section.batch, section.block_ms, section.lease_ms, section.max_deliveries)
    consumers = [
        Consumer(
            redis,
            keys.stream(Stream.ANALYZED, shard),
            Group.ROUTER.value,
            name,
            RouterStage(redis, keys, shard, policies.live, platform.record_ttl_s, metrics, clock),
            settings,
            stage_metrics,
            clock,
        )
        for shard in keys.every_shard()
    ]
    keeper = BacklogKeeper(
        redis, keys, Stream.ANALYZED, Group.ROUTER.value, stage_metrics,
        dead_kept_ms=2 * platform.record_ttl_s * 1000,  # by then the message is gone, and nothing could be replayed
    )  # fmt: skip
    sweeper = DeadlineSweeper(redis, keys, config.sweep_ms, metrics)
    default_language = load_pack(platform.pack).languages[0]
    implementation = RouterServicer(Tenants(platform.tenants), policies, clients, default_language, clock)
    server = RpcServer(
        f"{platform.host}:{config.port}", [servicer(implementation)], RpcMetrics(registry), platform.max_request_bytes
    )
    return Service(
        "router", server, registry, redis, keys, platform.host, config.metrics_port,
        Loops(consumers, [keeper.run, sweeper.run, policies.watch]),
        close=clients.close,
    )
