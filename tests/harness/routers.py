"""The router's real stage under a small policy."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from redis.asyncio import Redis

from services.router.metrics import RouterMetrics
from services.router.worker import RouterStage
from shared.clock import SystemClock
from shared.domain.decision import Priority
from shared.domain.policy import AlwaysEscalate, Escalation, Policy, Review, Route
from shared.streams.names import Keys

RECORD_TTL_S = 1000
POLICY = Policy(
    version="harness-1",
    escalation=Escalation(
        escalate_at=0.7, release_at=0.3, cooldown=0.0, minimum_messages=1, carry=0.6, half_life=86_400.0,
        queue="escalations", priority=Priority.HIGH,
    ),
    always_escalate=(AlwaysEscalate("legal_threat", 0.5),),
    review=Review("review", Priority.NORMAL),
    routes=(Route(("refund_request",), "returns", Priority.NORMAL),),
    no_intent=Route((), "general", Priority.LOW),
)  # fmt: skip


def router_stage(redis: Redis, keys: Keys, metrics: RouterMetrics | None = None) -> RouterStage:
    """The stage of shard 0."""
    recorder = metrics or RouterMetrics(CollectorRegistry())
    return RouterStage(redis, keys, 0, lambda: POLICY, RECORD_TTL_S, recorder, SystemClock())
