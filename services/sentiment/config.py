"""Configuration of the sentiment service."""

from __future__ import annotations

from pydantic import Field

from shared.config import AnalysisConfig


class SentimentConfig(AnalysisConfig):
    """Section `sentiment`."""

    port: int = Field(7073, ge=0, le=65_535, description="gRPC port; 0 picks a free one.")
    metrics_port: int = Field(9073, ge=0, le=65_535, description="Prometheus port; 0 picks a free one.")
