"""Builds an analysis service: the three differ in their model and their protobuf face alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from prometheus_client import CollectorRegistry

from shared.clock import SystemClock
from shared.config import AnalysisConfig, ConsumerSection, PlatformConfig
from shared.domain.analysis import Part
from shared.inference.host import ModelHost
from shared.inference.lexicon_store import LexiconStore
from shared.lifecycle import Loops, Service
from shared.observability.model_info import ModelInfo
from shared.observability.rpc_metrics import RpcMetrics
from shared.observability.stage_metrics import StageMetrics
from shared.rpc.server import RpcServer, Servicer
from shared.streams.backlog import BacklogKeeper
from shared.streams.consumer import Consumer, ConsumerSettings, consumer_name
from shared.streams.names import Keys, Stream
from shared.streams.part_stage import PartStage, PartT
from shared.streams.store import connect


@dataclass(frozen=True, slots=True)
class AnalysisParts(Generic[PartT]):
    """What one of the three has: its part, its model with the lexicon, its face, and what stands in when it fails."""

    part: Part
    host: ModelHost[PartT]
    lexicon: LexiconStore
    servicer: Callable[[ModelHost[PartT]], Servicer]
    failed: PartT


def settings_of(section: ConsumerSection) -> ConsumerSettings:
    """The model runs messages one by one in any case, so pieces cost nothing but their commits."""
    return ConsumerSettings(section.batch, section.block_ms, section.lease_ms, section.max_deliveries, pieces=4)


def build_analysis_service(
    platform: PlatformConfig,
    config: AnalysisConfig,
    registry: CollectorRegistry,
    metrics: StageMetrics,
    parts: AnalysisParts[PartT],
) -> Service:
    """Wire consumers for every shard, the direct face, and the reloading of model and lexicon."""
    redis, keys, clock = connect(platform.redis_url), Keys(platform.shards), SystemClock()
    name = consumer_name(parts.part.value)
    consumers = [
        Consumer(
            redis,
            keys.stream(Stream.TICKETS, shard),
            parts.part.value,
            name,
            PartStage(redis, keys, shard, parts.part, parts.host.analyse, parts.failed),
            settings_of(config.consumer),
            metrics,
            clock,
        )
        for shard in keys.every_shard()
    ]
    keeper = BacklogKeeper(redis, keys, Stream.TICKETS, parts.part.value, metrics)
    ModelInfo(registry, lambda: {"model": parts.host.model, "lexicon": parts.lexicon.version})
    server = RpcServer(
        f"{platform.host}:{config.port}",
        [parts.servicer(parts.host)],
        RpcMetrics(registry),
        platform.max_request_bytes,
    )
    return Service(
        parts.part.value,
        server,
        registry,
        redis,
        keys,
        platform.host,
        config.metrics_port,
        Loops(consumers, [keeper.run, parts.host.watch, parts.lexicon.watch]),
        close=parts.host.close,
    )
