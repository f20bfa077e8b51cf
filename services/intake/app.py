"""Wires the intake service."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from services.intake.config import IntakeConfig
from services.intake.decisions import DecidedStreams, DecisionWaiter
from services.intake.metrics import IntakeMetrics
from services.intake.quota import StoreHeadroom
from services.intake.servicer import IntakeServicer, servicer
from services.intake.submit import Submitter
from shared.config import PlatformConfig
from shared.inference.model import load_pack
from shared.language import LanguageIdentifier
from shared.lifecycle import Loops, Service
from shared.observability.rpc_metrics import RpcMetrics
from shared.rpc.server import RpcServer
from shared.streams.names import Keys
from shared.streams.records import Records
from shared.streams.store import connect
from shared.tenants import Tenants


def build(platform: PlatformConfig, config: IntakeConfig) -> Service:
    """Raises ModelError where the pack cannot be read."""
    registry = CollectorRegistry()
    metrics = IntakeMetrics(registry)
    redis, keys = connect(platform.redis_url), Keys(platform.shards)
    languages = LanguageIdentifier(load_pack(platform.pack).languages[0])
    headroom = StoreHeadroom(redis, keys, config.memory_ceiling, config.retry_after_ms, metrics)
    # Whoever follows decisions waits on a connection: they have their own, so that they never keep submits waiting.
    following = connect(platform.redis_url, config.watchers + 1)
    streams = DecidedStreams(following, keys)
    waiter = DecisionWaiter(streams)
    implementation = IntakeServicer(
        Tenants(platform.tenants),
        languages,
        Submitter(redis, keys, config.backlog, config.decide_within_ms, config.review_within_ms),
        headroom,
        Records(redis, keys),
        streams,
        waiter,
        metrics,
        config.retry_after_ms,
        config.heartbeat_s,
        config.watchers,
    )
    server = RpcServer(
        f"{platform.host}:{config.port}", [servicer(implementation)], RpcMetrics(registry), platform.max_request_bytes
    )
    return Service(
        "intake", server, registry, redis, keys, platform.host, config.metrics_port,
        Loops(background=[headroom.watch, waiter.run]),
        ready=lambda: languages.loaded,
        close=following.aclose,
    )
