"""What is made of the measurements: medians, percentiles, and how they stand against the targets; pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.bare import BareRun
from benchmarks.engine import ALL, Form
from benchmarks.load import Outcome

# What the project set out to reach.
LEAST_RATIO = 0.80
MOST_ENGINE_CPU_MS = 0.8
MOST_P99_TIMES_BARE = 4.0
MOST_MODEL_RSS_MB = 220.0
LENGTH_CLASSES = ((0, 16), (16, 32), (32, 64), (64, 128), (128, 10_000))


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of several runs, with the least and the most."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Round:
    """One run of the engine between two runs of the bare models."""

    engine: Outcome
    bare_before: BareRun
    bare_after: BareRun
    count: int

    @property
    def bare_per_second(self) -> float:
        return (self.bare_before.per_second + self.bare_after.per_second) / 2

    @property
    def bare_cpu_ms(self) -> float:
        return (self.bare_before.cpu_ms + self.bare_after.cpu_ms) / 2

    @property
    def ratio(self) -> float:
        """Tickets a second of the engine to those of the bare models."""
        return self.engine.per_second / self.bare_per_second

    @property
    def total_cpu_ms(self) -> float:
        """CPU of every service and the store, a ticket."""
        return 1000 * sum(self.engine.cpu.values()) / self.count

    @property
    def engine_cpu_ms(self) -> float:
        """What the bare models do not need, a ticket."""
        return self.total_cpu_ms - self.bare_cpu_ms

    @property
    def engine_thread_cpu_ms(self) -> float:
        """What was used outside of the model threads, a ticket: free of the noise of the models' own time."""
        return 1000 * (sum(self.engine.cpu.values()) - self.engine.model_cpu) / self.count

    @property
    def noise(self) -> float:
        """Cores that others used meanwhile."""
        return self.engine.other_cpu / self.engine.seconds


@dataclass(frozen=True, slots=True)
class LengthClass:
    """End-to-end latency of the messages of like length, in milliseconds; tokens from ``least`` to below ``most``."""

    least: int
    most: int
    count: int
    bare: float
    p50: float
    p95: float
    p99: float

    @property
    def times_bare(self) -> float:
        """p99 as a multiple of the bare three-model latency of these texts."""
        return self.p99 / self.bare

    @property
    def name(self) -> str:
        return f"{self.least}-{self.most - 1}" if self.most < LENGTH_CLASSES[-1][1] else f"{self.least}+"


def length_class(
    tokens: Sequence[int], bare: Sequence[float], latencies: Sequence[float], bounds: tuple[int, int]
) -> LengthClass | None:
    """None where no message is of that length."""
    least, most = bounds
    chosen = [index for index, length in enumerate(tokens) if least <= length < most]
    if not chosen:
        return None
    p50, p95, p99 = np.percentile([latencies[index] for index in chosen], [50, 95, 99])
    mean = statistics.fmean(bare[index] for index in chosen)
    return LengthClass(least, most, len(chosen), mean, float(p50), float(p95), float(p99))


def length_classes(
    tokens: Sequence[int], bare: Sequence[float], latencies: Sequence[float]
) -> list[LengthClass]:
    classes = (length_class(tokens, bare, latencies, bounds) for bounds in LENGTH_CLASSES)
    return [found for found in classes if found is not None]


@dataclass(frozen=True, slots=True)
class FormFigures:
    """Everything measured of one form; ``half`` are the open-loop runs at ``rate`` messages a second of all
    lengths, ``alone`` those of one length at a time.
    """

    form: Form
    batches: list[Round]
    unary: list[Round]
    half: list[Outcome]
    rate: float
    alone: list[LengthClass]
    rss: dict[str, tuple[float, float]]
    tokens: list[int]
    bare_latencies: list[float]

    @property
    def ratio(self) -> Spread:
        return spread([it.ratio for it in self.batches])

    @property
    def per_second(self) -> Spread:
        return spread([it.engine.per_second for it in self.batches])

    @property
    def engine_cpu_ms(self) -> Spread:
        return spread([it.engine_cpu_ms for it in self.batches])

    @property
    def engine_thread_cpu_ms(self) -> Spread:
        return spread([it.engine_thread_cpu_ms for it in self.batches])

    @property
    def bare_ms(self) -> float:
        """Mean bare latency of the three models, one after the other on one core."""
        return statistics.fmean(self.bare_latencies)

    def percentile(self, share: float) -> Spread:
        """A percentile of the end-to-end latency at half load, of all lengths, over the runs."""
        return spread([float(np.percentile(run.latencies_ms, share)) for run in self.half])

    @property
    def classes(self) -> list[LengthClass]:
        """All runs at half load together, by length of the text."""
        latencies = [latency for run in self.half for latency in run.latencies_ms]
        return length_classes(self.tokens * len(self.half), self.bare_latencies * len(self.half), latencies)

    @property
    def model_rss_mb(self) -> float:
        """The largest model service (one process: all of it)."""
        models = [self.rss[name][0] for name in ("intent", "slots", "sentiment") if name in self.rss]
        return max(models) if models else self.rss[ALL][0]


def summary(figures: FormFigures) -> dict[str, float | dict[str, float]]:
    """The figures that are followed from release to release."""
    return {
        "ratio": round(figures.ratio.median, 3),
        "tickets_per_second": round(figures.per_second.median, 1),
        "engine_cpu_ms": round(figures.engine_cpu_ms.median, 3),
        "p50_ms": round(figures.percentile(50).median, 1),
        "p95_ms": round(figures.percentile(95).median, 1),
        "p99_ms": round(figures.percentile(99).median, 1),
        "bare_ms": round(figures.bare_ms, 2),
        "rss_mb": {name: round(now, 1) for name, (now, _) in figures.rss.items()},
    }
