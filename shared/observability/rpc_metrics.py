"""What every gRPC server reports of its calls."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class RpcMetrics:
    """Counts calls by method and status code, and times them by method."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._handled = Counter(
            "switchyard_rpc_handled", "Calls answered, by method and gRPC status code.", ["method", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "switchyard_rpc_seconds", "From a call's arrival to its answer (streams: to their end).",
            ["method", "code"], buckets=BUCKETS, registry=registry,
        )
        self._running = Gauge("switchyard_rpc_running", "Calls being answered.", ["method"], registry=registry)

    def started(self, method: str) -> None:
        self._running.labels(method).inc()

    def finished(self, method: str, code: str, seconds: float) -> None:
        self._running.labels(method).dec()
        self._handled.labels(method, code).inc()
        self._seconds.labels(method, code).observe(seconds)
