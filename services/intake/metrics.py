"""What intake reports beside its calls."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class IntakeMetrics:
    """Counts messages by what became of them at the door."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "switchyard_intake_messages", "Messages submitted, by what became of them.", ["result"],
            registry=registry,
        )
        self._languages = Counter(
            "switchyard_intake_languages", "Accepted messages by language (a bounded set).", ["language"],
            registry=registry,
        )
        self.in_flight = Gauge(
            "switchyard_in_flight_messages", "Accepted messages that are undecided or have a part to come.", registry=registry
        )
        self.store_used = Gauge(
            "switchyard_store_memory_bytes", "Memory that the store uses.", registry=registry
        )
        self.store_limit = Gauge(
            "switchyard_store_memory_limit_bytes", "Memory that the store may use; 0 where unlimited.",
            registry=registry,
        )
        self.watchers = Gauge("switchyard_watchers", "Open WatchDecisions streams.", registry=registry)
        for result in ("new", "known", "conflict", "full", "invalid"):
            self._messages.labels(result)

    def submitted(self, result: str) -> None:
        """result: new, known, conflict, full or invalid."""
        self._messages.labels(result).inc()

    def accepted_language(self, language: str) -> None:
        self._languages.labels(language).inc()
