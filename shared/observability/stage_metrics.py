"""What every pipeline stage reports of itself; one recorder a service, no globals."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128)
SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
TOKEN_BUCKETS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)


class StageMetrics:
    """Counts what consumers of one service do; gauges of the backlog are set by `BacklogProbe`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._entries = Counter(
            "switchyard_stage_entries", "Stream entries ended, by what became of them.", ["status"],
            registry=registry,
        )
        self._redelivered = Counter(
            "switchyard_stage_redeliveries", "Entries taken over from a silent consumer.", registry=registry
        )
        self._failed = Counter(
            "switchyard_stage_failures", "Entries whose processing raised; they are tried again.",
            registry=registry,
        )
        self._dead = Counter(
            "switchyard_stage_dead_letters", "Entries given up after the delivery limit.", registry=registry
        )
        self._batch = Histogram(
            "switchyard_stage_batch_entries", "Entries processed together.", buckets=BATCH_BUCKETS,
            registry=registry,
        )
        self._tokens = Histogram(
            "switchyard_stage_batch_tokens", "Model tokens of one processed batch, over all its texts.",
            buckets=TOKEN_BUCKETS, registry=registry,
        )
        self._queue = Histogram(
            "switchyard_stage_queue_seconds", "From an entry's arrival in the stream to the start of its processing.",
            buckets=SECONDS_BUCKETS, registry=registry,
        )
        self._compute = Histogram(
            "switchyard_stage_compute_seconds", "Processing of one batch, without reading and committing.",
            buckets=SECONDS_BUCKETS, registry=registry,
        )
        self._model_cpu = Counter(
            "switchyard_model_cpu_seconds", "CPU time of the threads that run the model.", registry=registry
        )
        self.lag = Gauge(
            "switchyard_stage_lag_entries", "Entries that the group has still to read.", ["shard"], registry=registry
        )
        self.lag_known = Gauge(
            "switchyard_stage_lag_known", "1 where the store can tell the lag, else 0.", ["shard"], registry=registry
        )
        self.pending = Gauge(
            "switchyard_stage_pending_entries", "Entries delivered and not yet ended.", ["shard"], registry=registry
        )
        self.oldest = Gauge(
            "switchyard_stage_oldest_entry_seconds", "Age of the oldest entry not yet ended; 0 where there is none.",
            ["shard"], registry=registry,
        )
        for status in ("done", "stale", "conflict"):
            self._entries.labels(status)

    def processed(self, entries: int, compute_seconds: float, queue_seconds: Sequence[float]) -> None:
        """A batch was processed (not yet committed)."""
        self._batch.observe(entries)
        self._compute.observe(compute_seconds)
        for seconds in queue_seconds:
            self._queue.observe(seconds)

    def tokens(self, count: int) -> None:
        """A model processed a batch of so many tokens, padding included."""
        self._tokens.observe(count)

    def model_cpu(self, seconds: float) -> None:
        """A model ran for so long on its thread."""
        self._model_cpu.inc(seconds)

    def committed(self, statuses: Sequence[str]) -> None:
        """Entries were ended with these statuses (words of the commit scripts, a bounded set)."""
        for status in statuses:
            self._entries.labels(status).inc()

    def redelivered(self, count: int) -> None:
        self._redelivered.inc(count)

    def failed(self) -> None:
        self._failed.inc()

    def dead_lettered(self, count: int) -> None:
        self._dead.inc(count)
