"""Configuration of the human queue."""

from __future__ import annotations

from pydantic import Field

from shared.config import ConsumerSection, ServiceSection


class HandoffConfig(ServiceSection):
    """Section `handoff`."""

    port: int = Field(7075, ge=0, le=65_535, description="gRPC port; 0 picks a free one.")
    metrics_port: int = Field(9075, ge=0, le=65_535, description="Prometheus port; 0 picks a free one.")
    consumer: ConsumerSection = ConsumerSection(batch=64)
    default_lease_s: int = Field(
        300, ge=5, le=7200, description="How long an agent holds an item who does not say, in seconds."
    )
    sweep_s: float = Field(0.5, gt=0, description="How often leases that are over are looked for, in seconds.")
    measure_s: float = Field(5.0, gt=0, description="How often the queue's depth and age are measured, in seconds.")
    heartbeat_s: float = Field(15.0, gt=0, description="How often an idle WatchItems stream says so, in seconds.")
    watch_poll_s: float = Field(
        0.2, gt=0, description="How often changes are looked for while somebody watches, in seconds."
    )
    events_kept: int = Field(
        10_000, ge=100, description="Changes kept a shard; a watcher further behind has to start anew."
    )
    decisions_kept_s: int = Field(
        86_400, ge=0, description="How long WatchDecisions can be resumed: age of the decisions kept, in seconds."
    )
