"""Configuration of the slots service."""

from __future__ import annotations

from pydantic import Field

from shared.config import AnalysisConfig


class SlotsConfig(AnalysisConfig):
    """Section `slots`."""

    port: int = Field(7072, ge=0, le=65_535, description="gRPC port; 0 picks a free one.")
    metrics_port: int = Field(9072, ge=0, le=65_535, description="Prometheus port; 0 picks a free one.")
