"""Draws what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import FormFigures

INK, PALE = "#1f4e79", "#b8cce4"


def draw_chart(forms: Sequence[FormFigures], file: Path) -> None:
    """One row a form: throughput against bare, CPU by process, latency by length of the text."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, rows = pyplot.subplots(len(forms), 3, figsize=(15, 4.2 * len(forms)), squeeze=False)
    for row, form in zip(rows, forms, strict=True):
        _throughput(row[0], form)
        _cpu(row[1], form)
        _latency(row[2], form)
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    pyplot.close(figure)


def _throughput(axes: Any, form: FormFigures) -> None:
    names = ["bare models", "batches of 50", "unary"]
    values = [
        [it.bare_per_second for it in (*form.batches, *form.unary)],
        [it.engine.per_second for it in form.batches],
        [it.engine.per_second for it in form.unary],
    ]
    middles = [statistics.median(them) for them in values]
    spans = [[m - min(them), max(them) - m] for m, them in zip(middles, values, strict=True)]
    axes.bar(names, middles, yerr=list(zip(*spans, strict=True)), color=[PALE, INK, INK], capsize=4)
    axes.set_ylabel("tickets/s")
    axes.set_title(f"{form.form.value}: ratio {form.ratio.median:.2f}")


def _cpu(axes: Any, form: FormFigures) -> None:
    names = list(form.batches[0].engine.cpu)
    for offset, rounds, label, color in ((0.2, form.batches, "batches of 50", INK), (-0.2, form.unary, "unary", PALE)):
        values = [statistics.median(1000 * it.engine.cpu[name] / it.count for it in rounds) for name in names]
        axes.barh([index + offset for index in range(len(names))], values, 0.38, color=color, label=label)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("CPU ms a ticket, models included")
    axes.set_title(f"beside the models: {form.engine_cpu_ms.median:.2f} ms a ticket in batches")
    axes.legend()


def _latency(axes: Any, form: FormFigures) -> None:
    classes = form.classes
    names = [it.name for it in classes]
    axes.plot(names, [it.p99 for it in classes], "o-", color=INK, label="p99")
    axes.plot(names, [it.p50 for it in classes], "o-", color=PALE, label="p50")
    axes.plot(names, [it.bare for it in classes], "k--", label="bare, three models")
    axes.plot(names, [4 * it.bare for it in classes], "k:", label="4 x bare")
    axes.set_yscale("log")
    axes.set_xlabel("tokens of the message")
    axes.set_ylabel("ms")
    axes.set_title(f"end to end at half load ({form.rate:.0f}/s)")
    axes.legend()
