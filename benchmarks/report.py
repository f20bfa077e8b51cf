"""Prints what was measured, for people."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np

from benchmarks.bare import BareRun
from benchmarks.figures import (
    LEAST_RATIO,
    MOST_ENGINE_CPU_MS,
    MOST_MODEL_RSS_MB,
    MOST_P99_TIMES_BARE,
    FormFigures,
    LengthClass,
    Round,
    spread,
)
from benchmarks.processes import cores
from benchmarks.texts import Sample


def print_head(samples: Sequence[Sample], batch: int, single: BareRun, latencies: Sequence[float]) -> None:
    """What is submitted, and what the bare models need for it."""
    lengths = [sample.tokens for sample in samples]
    p50, p95, p99 = np.percentile(lengths, [50, 95, 99])
    print(
        f"{len(samples)} messages of {statistics.fmean(lengths):.0f} tokens on average "
        f"(p50 {p50:.0f}, p95 {p95:.0f}, p99 {p99:.0f}) on {cores()} cores"
    )
    print(f"bare models serve best with {batch} texts a call; each figure: median (least to most) of the runs")
    print(
        f"one pass of each session alone, without what the model API adds: {single.per_second:.1f} texts/s, "
        f"{single.cpu_ms:.2f} ms CPU a text"
    )
    print(
        f"bare latency, three models in turn on one core: mean {statistics.fmean(latencies):.2f} ms, "
        f"p50 {np.percentile(latencies, 50):.2f}, p99 {np.percentile(latencies, 99):.2f}"
    )


def print_form(figures: FormFigures) -> None:
    """Throughput, CPU, latency and memory of one form."""
    print(f"\n== {figures.form.value}")
    _print_rounds("batches of 50", figures.batches)
    _print_rounds("unary calls", figures.unary)
    names = figures.batches[0].engine.cpu
    shares = (
        f"{name} {statistics.median(1000 * it.engine.cpu[name] / it.count for it in figures.batches):.2f}"
        for name in names
    )
    print(f"  CPU ms a ticket in batches: {', '.join(shares)}")
    p50, p95, p99 = (figures.percentile(share) for share in (50, 95, 99))
    print(f"  end to end at half load ({figures.rate:.0f} unary messages/s, Poisson), ms: p50 {p50}, p95 {p95}, p99 {p99}")
    _print_lengths("by length", figures.classes)
    _print_lengths("messages of one length alone, at half of what is taken of these", figures.alone)
    memory = (f"{name} {now:.0f} (most {most:.0f})" for name, (now, most) in figures.rss.items())
    print(f"  resident MB: {', '.join(memory)}")


def _print_lengths(title: str, classes: Sequence[LengthClass]) -> None:
    print(f"    {title}:")
    print("      tokens   count    bare     p50     p95     p99   p99/bare")
    for it in classes:
        figures = f"{it.bare:>7.2f} {it.p50:>7.1f} {it.p95:>7.1f} {it.p99:>7.1f} {it.times_bare:>10.1f}"
        print(f"    {it.name:>8} {it.count:>7} {figures}")


def _print_rounds(title: str, rounds: Sequence[Round]) -> None:
    engine = spread([it.engine.per_second for it in rounds])
    bare = spread([it.bare_per_second for it in rounds])
    print(f"  {title}: {engine} tickets/s, bare {bare}, ratio {spread([it.ratio for it in rounds])}")
    print(
        f"    CPU ms a ticket: all {spread([it.total_cpu_ms for it in rounds])}, "
        f"bare {spread([it.bare_cpu_ms for it in rounds])}; the difference {spread([it.engine_cpu_ms for it in rounds])}, "
        f"outside of the model threads {spread([it.engine_thread_cpu_ms for it in rounds])}"
    )
    generator = spread([1000 * it.engine.generator_cpu / it.count for it in rounds])
    print(f"    load generator {generator} ms a ticket; cores used by others {spread([it.noise for it in rounds])}")


def print_targets(figures: FormFigures) -> None:
    """Which targets the headline form reaches."""
    p99 = figures.percentile(99).median
    worst = max((it.times_bare for it in figures.alone), default=0.0)
    print(f"\ntargets ({figures.form.value})")
    for name, value, limit, reached in (
        ("ratio", figures.ratio.median, LEAST_RATIO, figures.ratio.median >= LEAST_RATIO),
        *(
            (name, value, limit, value <= limit)
            for name, value, limit in (
                ("CPU ms outside of the model threads", figures.engine_thread_cpu_ms.median, MOST_ENGINE_CPU_MS),
                ("CPU ms more than bare", figures.engine_cpu_ms.median, MOST_ENGINE_CPU_MS),
                ("p99 / bare, all lengths together", p99 / figures.bare_ms, MOST_P99_TIMES_BARE),
                ("p99 / bare, worst of the lengths alone", worst, MOST_P99_TIMES_BARE),
                ("MB of the largest model service", figures.model_rss_mb, MOST_MODEL_RSS_MB),
            )
        ),
    ):
        print(f"  {'reached' if reached else 'MISSED '}  {name}: {value:.2f} (to reach: {limit:g})")
