"""Configuration of the intake service."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from shared.config import ServiceSection


class IntakeConfig(ServiceSection):
    """Section `intake`."""

    port: int = Field(7070, ge=0, le=65_535, description="gRPC port; 0 picks a free one.")
    metrics_port: int = Field(9070, ge=0, le=65_535, description="Prometheus port; 0 picks a free one.")
    backlog: int = Field(
        100_000, ge=1, description="Most accepted messages not yet analysed and decided; past it submits are refused for a while."
    )
    retry_after_ms: int = Field(
        2000, ge=1, description="How long refused callers are asked to wait, in milliseconds."
    )
    decide_within_ms: int = Field(
        5000, ge=50, description="After so long a message is decided with the parts that have landed."
    )
    review_within_ms: int = Field(
        60_000, ge=50,
        description="After so long it is decided even where no part has landed: a person reads it.",
    )  # fmt: skip
    memory_ceiling: float = Field(
        0.8, gt=0, le=1, description="Share of Redis' maxmemory above which intake stops admitting."
    )
    heartbeat_s: float = Field(15.0, gt=0, description="How often an idle WatchDecisions stream says so.")
    watchers: int = Field(200, ge=1, description="Most WatchDecisions streams at once; one more is refused.")

    @model_validator(mode="after")
    def _last_deadline_is_last(self) -> Self:
        if self.review_within_ms < self.decide_within_ms:
            raise ValueError(
                f"review_within_ms is {self.review_within_ms} and must be at least decide_within_ms "
                f"({self.decide_within_ms})"
            )
        return self
