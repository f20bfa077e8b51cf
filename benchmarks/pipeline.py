"""The benchmark of the whole pipeline: `python -m benchmarks.pipeline`, or `make bench`.

Messages of realistic lengths go through every service, and the bare models do the same texts on the same cores
right before and after. What is bare and what is not stands in `benchmarks.bare`; how load is made, in
`benchmarks.load`. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import statistics
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import load
from benchmarks.bare import BareWorkers
from benchmarks.chart import draw_chart
from benchmarks.engine import Engine, Form
from benchmarks.figures import FormFigures, LengthClass, Round, length_class, summary
from benchmarks.report import print_form, print_head, print_targets
from benchmarks.texts import Sample, draw
from shared.config import PlatformConfig

HEADLINE = Form.SPLIT
WARM_UP = 200
LENGTHS_ALONE = ((16, 32), (32, 64), (64, 128))
MOST_ALONE = 200  # messages


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, draw."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that services and store are stopped then too
    options = _options(arguments)
    platform = PlatformConfig()
    samples = draw(platform.pack, options.messages, options.seed)
    texts = [sample.utterance for sample in samples]
    with (
        BareWorkers(platform.pack, texts) as bare,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator,
    ):
        batch = bare.best_batch()
        latencies = bare.latencies_ms()
        single = bare.throughput(batch, single_pass=True)
        print_head(samples, batch, single, latencies)
        forms = []
        for form in Form:
            if options.form in (form.value, "both"):
                bench = _FormBench(form, platform, samples, bare, batch, latencies, generator, options.rounds)
                figures = bench.run()
                print_form(figures)
                forms.append(figures)
    head = next((it for it in forms if it.form is HEADLINE), forms[0])
    print_targets(head)
    options.chart.parent.mkdir(parents=True, exist_ok=True)
    draw_chart(forms, options.chart)
    print(f"chart: {options.chart}")
    print(json.dumps(summary(head)))


class _FormBench:
    """Measures one form of the engine."""

    def __init__(
        self,
        form: Form,
        platform: PlatformConfig,
        samples: Sequence[Sample],
        bare: BareWorkers,
        bare_batch: int,
        bare_latencies: list[float],
        generator: ProcessPoolExecutor,
        rounds: int,
    ) -> None:
        self._form, self._platform, self._samples = form, platform, samples
        self._bare, self._bare_batch, self._bare_latencies = bare, bare_batch, bare_latencies
        self._generator, self._rounds = generator, rounds
        self._runs = 0

    def run(self) -> FormFigures:
        with Engine(self._form) as engine:
            self._submit(engine, self._samples[:WARM_UP])
            batches, unary = self._saturated(engine)
            rate = statistics.median(it.engine.per_second for it in batches) / 2
            half = [self._submit(engine, self._samples, rate=rate) for _ in range(self._rounds)]
            alone = [it for bounds in LENGTHS_ALONE if (it := self._alone(engine, *bounds)) is not None]
            return FormFigures(
                self._form, batches, unary, half, rate, alone, engine.rss_mb(),
                [sample.tokens for sample in self._samples], self._bare_latencies,
            )  # fmt: skip

    def _saturated(self, engine: Engine) -> tuple[list[Round], list[Round]]:
        """Bare, batches, unary, bare, …, bare: what the machine does besides meets all alike."""
        before = self._bare.throughput(self._bare_batch)
        batches, unary = [], []
        for _ in range(self._rounds):
            outcomes = self._submit(engine, self._samples), self._submit(engine, self._samples, batch=1)
            after = self._bare.throughput(self._bare_batch)
            for rounds, outcome in zip((batches, unary), outcomes, strict=True):
                rounds.append(Round(outcome, before, after, len(self._samples)))
            before = after
        return batches, unary

    def _alone(self, engine: Engine, least: int, most: int) -> LengthClass | None:
        """Half load of messages of one length only, at half of what the engine takes of these."""
        chosen = [index for index, it in enumerate(self._samples) if least <= it.tokens < most][:MOST_ALONE]
        if not chosen:
            return None
        samples = [self._samples[index] for index in chosen]
        rate = self._submit(engine, samples).per_second / 2
        runs = [self._submit(engine, samples, rate=rate) for _ in range(self._rounds)]
        bare = [self._bare_latencies[index] for index in chosen]
        return length_class(
            [sample.tokens for sample in samples] * len(runs),
            bare * len(runs),
            [latency for run in runs for latency in run.latencies_ms],
            (least, most),
        )

    def _submit(
        self, engine: Engine, samples: Sequence[Sample], *, batch: int = 50, rate: float = 0.0
    ) -> load.Outcome:
        """One run of the load generator, under ids of its own."""
        self._runs += 1
        fresh = [dataclasses.replace(it, ticket=f"{self._runs}-{it.ticket}") for it in samples]
        job = load.Job(
            engine.address, engine.redis_url, self._platform.shards, fresh, engine.pids, engine.model_metrics,
            batch, rate=rate, seed=self._runs,
        )  # fmt: skip
        return self._generator.submit(load.run, job).result()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the pipeline against its bare models.")
    parser.add_argument("--messages", type=int, default=1000, help="messages a run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind; medians are told")
    parser.add_argument("--seed", type=int, default=1, help="which messages are drawn")
    parser.add_argument("--form", choices=[*(form.value for form in Form), "both"], default="both")
    parser.add_argument("--chart", type=Path, default=Path("runs/bench.png"), help="where the chart goes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
