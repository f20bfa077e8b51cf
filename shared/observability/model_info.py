"""Which model and lexicon serve, as a metric that is read when it is asked for: a reload needs to tell nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector


class ModelInfo(Collector):
    """``switchyard_model_info{model="<task>@<version>", lexicon="<version>"}``, always 1; ``serving`` gives the
    labels. The lexicon's is empty where the pack has none.
    """

    def __init__(self, registry: CollectorRegistry, serving: Callable[[], Mapping[str, str]]) -> None:
        self._serving = serving
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """As the registry asks for it."""
        yield InfoMetricFamily("switchyard_model", "The model that serves.", dict(self._serving()))
