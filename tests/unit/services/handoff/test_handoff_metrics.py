"""The human queue's gauges: bounded labels, queues that emptied show 0."""

from prometheus_client import CollectorRegistry

from services.handoff.metrics import MOST_QUEUES, OTHER, HandoffMetrics


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_depth_and_age_by_queue_and_priority() -> None:
    registry = CollectorRegistry()
    metrics = HandoffMetrics(registry)
    metrics.measured({("vip", 3): 2, ("vip", 1): 1}, {("vip", 3): 40.0, ("vip", 1): 7.5}, {"vip": 4})
    assert value(registry, "switchyard_human_queue_items", queue="vip", priority="urgent") == 2
    assert value(registry, "switchyard_human_queue_items", queue="vip", priority="low") == 0
    assert value(registry, "switchyard_human_queue_oldest_seconds", queue="vip", priority="normal") == 7.5
    assert value(registry, "switchyard_human_queue_claimed_items", queue="vip") == 4


def test_a_queue_that_emptied_shows_nothing_waiting() -> None:
    registry = CollectorRegistry()
    metrics = HandoffMetrics(registry)
    metrics.measured({("vip", 3): 2}, {("vip", 3): 40.0}, {})
    metrics.measured({}, {}, {})
    assert value(registry, "switchyard_human_queue_items", queue="vip", priority="urgent") == 0
    assert value(registry, "switchyard_human_queue_oldest_seconds", queue="vip", priority="urgent") == 0


def test_queue_names_beyond_the_bound_share_one_label() -> None:
    registry = CollectorRegistry()
    metrics = HandoffMetrics(registry)
    for number in range(MOST_QUEUES + 20):
        metrics.released(f"q{number}")
    assert value(registry, "switchyard_human_queue_releases_total", queue=OTHER) == 20
    metrics.measured({("new", 2): 1, ("newer", 2): 3}, {("new", 2): 5.0, ("newer", 2): 9.0}, {})
    assert value(registry, "switchyard_human_queue_items", queue=OTHER, priority="high") == 4
    assert value(registry, "switchyard_human_queue_oldest_seconds", queue=OTHER, priority="high") == 9.0
