"""Which model serves, as a metric that is read when it is asked for: a reload needs to tell nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector


class ModelInfo(Collector):
    """``switchyard_model_info{model="<task>@<version>"}``, always 1, of the model that ``serving`` names."""

    def __init__(self, registry: CollectorRegistry, serving: Callable[[], str]) -> None:
        self._serving = serving
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """As the registry asks for it."""
        yield InfoMetricFamily("switchyard_model", "The model that serves.", {"model": self._serving()})
