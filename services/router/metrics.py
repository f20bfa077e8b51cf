"""What the router reports beside its stage: what it decides and how long that took."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.domain.decision import Decision, Outcome

END_TO_END_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)


class RouterMetrics:
    """Labels are bounded: outcomes, rules and priorities by code, queues and versions by the policy."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "switchyard_decisions", "Decisions stored, by outcome, queue and policy version.",
            ["outcome", "queue", "policy_version"], registry=registry,
        )
        self._escalations = Counter(
            "switchyard_escalations", "Escalating decisions by the rule that tipped them.", ["rule"],
            registry=registry,
        )
        self._revisions = Counter(
            "switchyard_decision_revisions", "Decisions made anew because a late part landed.", registry=registry
        )
        self._partial = Counter(
            "switchyard_partial_decisions", "Decisions made before every part had landed, by missing part.",
            ["part"], registry=registry,
        )
        self._parked = Counter(
            "switchyard_parked_messages", "Messages that waited for their predecessor.", registry=registry
        )
        self._deadlines = Counter(
            "switchyard_deadlines_passed",
            "Messages whose analysis missed its deadline: handed over as they were, or put off with no part landed.",
            ["result"], registry=registry,
        )
        for result in ("handed_over", "put_off"):
            self._deadlines.labels(result)
        self._seconds = Histogram(
            "switchyard_end_to_end_seconds", "From a message's acceptance to its first decision.", ["outcome"],
            buckets=END_TO_END_BUCKETS, registry=registry,
        )

    def decided(self, decision: Decision, seconds: float) -> None:
        """A decision was stored; ``seconds`` since the message was accepted."""
        self._decisions.labels(decision.outcome.value, decision.queue, decision.policy_version).inc()
        if decision.outcome is Outcome.ESCALATED and decision.reasons:
            self._escalations.labels(decision.reasons[0].rule.value).inc()
        for part in decision.missing_parts:
            self._partial.labels(part).inc()
        if decision.revision > 1:
            self._revisions.inc()
        else:
            self._seconds.labels(decision.outcome.value).observe(max(0.0, seconds))

    def parked(self) -> None:
        self._parked.inc()

    def deadlines_passed(self, handed_over: int, put_off: int) -> None:
        self._deadlines.labels("handed_over").inc(handed_over)
        self._deadlines.labels("put_off").inc(put_off)
