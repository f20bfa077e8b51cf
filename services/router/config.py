"""Configuration of the router."""

from __future__ import annotations

from pydantic import Field

from shared.config import ConsumerSection, ServiceSection


class RouterConfig(ServiceSection):
    """Section `router`."""

    port: int = Field(7074, ge=0, le=65_535, description="gRPC port; 0 picks a free one.")
    metrics_port: int = Field(9074, ge=0, le=65_535, description="Prometheus port; 0 picks a free one.")
    consumer: ConsumerSection = ConsumerSection(batch=64)
    sweep_ms: int = Field(200, ge=10, description="How often passed deadlines are looked for.")
    policy_reload_s: float = Field(1.0, gt=0, description="How often the policy document is looked at.")
    intent_address: str = Field("127.0.0.1:7071", description="Where Preview finds the intent service.")
    slots_address: str = Field("127.0.0.1:7072", description="Where Preview finds the slots service.")
    sentiment_address: str = Field("127.0.0.1:7073", description="Where Preview finds the sentiment service.")
