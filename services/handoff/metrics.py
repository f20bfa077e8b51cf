"""What the human queue reports beside its calls and its stage."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.handoff.item import PRIORITIES, Disposition, QueueItem

WAIT_BUCKETS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)
MOST_QUEUES = 100
OTHER = "other"


class HandoffMetrics:
    """Depth, age and what people do. Queues are the policy's; past a hundred names they count as "other"."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._queues: set[str] = set()
        self._items = Gauge(
            "switchyard_human_queue_items", "Items that wait for a person.", ["queue", "priority"],
            registry=registry,
        )
        self._oldest = Gauge(
            "switchyard_human_queue_oldest_seconds", "How long the oldest waiting item waits; 0 where none does.",
            ["queue", "priority"], registry=registry,
        )
        self._claimed = Gauge(
            "switchyard_human_queue_claimed_items", "Items that are with a person.", ["queue"], registry=registry
        )
        self._arrivals = Counter(
            "switchyard_human_queue_arrivals",
            "Decisions that concerned the queue: opened an item, updated one, settled one that nobody had claimed, "
            "or came after its completion (covered).",
            ["queue", "result"], registry=registry,
        )
        self._claims = Counter(
            "switchyard_human_queue_claims", "Items claimed.", ["queue"], registry=registry
        )
        self._releases = Counter(
            "switchyard_human_queue_releases", "Items put back by their agents.", ["queue"], registry=registry
        )
        self._expiries = Counter(
            "switchyard_human_queue_lease_expiries", "Items put back because their lease was over.", ["queue"],
            registry=registry,
        )
        self._completions = Counter(
            "switchyard_human_queue_completions", "Items completed, by what the agent says of them.",
            ["queue", "disposition"], registry=registry,
        )
        self._wait = Histogram(
            "switchyard_human_queue_wait_seconds", "From the decision that opened an item to its first claim.",
            ["queue", "priority"], buckets=WAIT_BUCKETS, registry=registry,
        )
        self.watchers = Gauge("switchyard_human_queue_watchers", "Open WatchItems streams.", registry=registry)

    def measured(
        self,
        waiting: dict[tuple[str, int], int],
        oldest_seconds: dict[tuple[str, int], float],
        claimed: dict[str, int],
    ) -> None:
        """Set the gauges: by queue and priority rank, and by queue. Queues that are gone show 0."""
        counts: dict[tuple[str, int], int] = {}
        ages: dict[tuple[str, int], float] = {}
        held: dict[str, int] = {}
        for (queue, rank), count in waiting.items():
            pair = (self._label(queue), rank)
            counts[pair] = counts.get(pair, 0) + count
            ages[pair] = max(ages.get(pair, 0.0), oldest_seconds.get((queue, rank), 0.0))
        for queue, count in claimed.items():
            label = self._label(queue)
            held[label] = held.get(label, 0) + count
        for label in self._shown():
            self._claimed.labels(label).set(held.get(label, 0))
            for priority in PRIORITIES:
                pair = (label, priority.rank)
                self._items.labels(label, priority.value).set(counts.get(pair, 0))
                self._oldest.labels(label, priority.value).set(ages.get(pair, 0.0))

    def arrived(self, queue: str, result: str) -> None:
        """result: opened, updated, settled or covered."""
        self._arrivals.labels(self._label(queue), result).inc()

    def claimed(self, item: QueueItem, first: bool) -> None:
        """An item was claimed; the first claim ends its wait."""
        queue = self._label(item.queue)
        self._claims.labels(queue).inc()
        if first:
            waited = max(0, item.first_claim_ms - item.waiting_since_ms) / 1000
            self._wait.labels(queue, item.priority.value).observe(waited)

    def released(self, queue: str) -> None:
        self._releases.labels(self._label(queue)).inc()

    def lease_expired(self, queue: str) -> None:
        self._expiries.labels(self._label(queue)).inc()

    def completed(self, queue: str, disposition: Disposition) -> None:
        self._completions.labels(self._label(queue), disposition.value).inc()

    def _label(self, queue: str) -> str:
        if queue in self._queues:
            return queue
        if len(self._queues) >= MOST_QUEUES:
            return OTHER
        self._queues.add(queue)
        return queue

    def _shown(self) -> list[str]:
        return [*self._queues, OTHER] if len(self._queues) >= MOST_QUEUES else list(self._queues)
