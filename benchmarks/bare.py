"""The measure to compare with: the three models over the same texts, without any engine.

"Bare" are the analyser objects that the services run (IntentClassifier, SlotExtractor, SentimentScorer),
called directly: tokenising, the ONNX session, and what the model's API does with its output (calibration, slot
patterns and normalising, the second pass over the sentences of frustrated messages). One process a core, one
thread each, all three models in it, chunks of texts handed out as a process gets free: nothing waits, nothing is
stored or sent. "Single pass" is less: tokenising and one run of each session, results thrown away.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any, Self

from benchmarks.processes import cores
from services.intent.classifier import IntentClassifier
from services.sentiment.scorer import SentimentScorer
from services.slots.extractor import SlotExtractor
from services.slots.rules import load_slot_rules
from services.slots.tagger import Tagger
from shared.domain.ticket import Utterance
from shared.inference.lexicon_store import load_lexicon
from shared.inference.model import load_pack
from shared.inference.session import OnnxModel, SessionOptions

BATCHES = (1, 8, 16, 50)
_SPAWN = multiprocessing.get_context("spawn")

Analyse = Callable[[Sequence[Utterance]], Any]


@dataclass(frozen=True, slots=True)
class BareRun:
    """Texts a second over all cores, and CPU milliseconds a text."""

    per_second: float
    cpu_ms: float


class BareModels:
    """The three models of a pack in this process."""

    def __init__(self, pack: Path) -> None:
        active, options = load_pack(pack), SessionOptions(threads=1)
        intent, slots, sentiment = (
            OnnxModel.load(active.model_directory(task), options) for task in ("intent", "slots", "sentiment")
        )
        lexicon = load_lexicon(pack)
        extractor = SlotExtractor.from_rules(Tagger(slots), load_slot_rules(pack / "slots.yaml"), lexicon=lexicon)
        self.analysers: list[Analyse] = [
            IntentClassifier(intent, lexicon).classify, extractor.extract, SentimentScorer(sentiment, lexicon).score
        ]  # fmt: skip
        self.single_pass: list[Analyse] = [
            lambda items: intent.predict([item.text for item in items]),
            lambda items: slots.run_all(slots.encode([item.text for item in items], offsets=True)),
            lambda items: sentiment.predict([item.text for item in items]),
        ]


class BareWorkers:
    """One process a core with the models loaded; idle between runs. A context manager."""

    def __init__(self, pack: Path, texts: Sequence[Utterance]) -> None:
        self._texts = texts
        self._next: Synchronized[int] = _SPAWN.Value("l", 0)
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(cores()):
            mine, theirs = _SPAWN.Pipe()
            process = _SPAWN.Process(target=_work, args=(theirs, pack, texts, self._next), daemon=True)
            process.start()
            self._pipes.append(mine)
            self._processes.append(process)

    def __enter__(self) -> Self:
        self._ask("throughput", 1, False, min(50, len(self._texts)))  # loaded and warm
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.send(None)
        for process in self._processes:
            process.join(10)

    def throughput(self, batch: int, *, single_pass: bool = False, count: int | None = None) -> BareRun:
        """All cores at once over the first ``count`` texts, ``batch`` texts a call."""
        count = count or len(self._texts)
        answers = self._ask("throughput", batch, single_pass, count)
        began, ended = min(it[0] for it in answers), max(it[1] for it in answers)
        return BareRun(count / (ended - began), 1000 * sum(it[2] for it in answers) / count)

    def latencies_ms(self, *, repeats: int = 3) -> list[float]:
        """For each text: the three models one after the other on one core, the others idle; the median of
        ``repeats``.
        """
        self._pipes[0].send(("latency", repeats))
        answer: list[float] = self._pipes[0].recv()
        return answer

    def best_batch(self) -> int:
        """The number of texts a call that serves bare best here."""
        count = min(300, len(self._texts))
        return max(BATCHES, key=lambda batch: self.throughput(batch, count=count).per_second)

    def _ask(self, *job: Any) -> list[tuple[float, float, float]]:
        self._next.value = 0
        for pipe in self._pipes:
            pipe.send(job)
        return [pipe.recv() for pipe in self._pipes]


def _work(
    pipe: Connection, pack: Path, texts: Sequence[Utterance], following: Synchronized[int]
) -> None:
    models = BareModels(pack)
    while (job := pipe.recv()) is not None:
        if job[0] == "latency":
            pipe.send([_latency_ms(models, text, job[1]) for text in texts])
            continue
        _, batch, single_pass, count = job
        began, cpu = time.monotonic(), time.process_time()
        while True:
            with following.get_lock():
                start = following.value
                following.value = start + batch
            if start >= count:
                break
            chunk = texts[start : min(start + batch, count)]
            for analyse in models.single_pass if single_pass else models.analysers:
                analyse(chunk)
        pipe.send((began, time.monotonic(), time.process_time() - cpu))


def _latency_ms(models: BareModels, text: Utterance, repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        for analyse in models.analysers:
            analyse([text])
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)
