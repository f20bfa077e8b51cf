"""Keeps a task's model loaded, runs it off the event loop, and swaps in a new version without a pause."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import structlog

from shared.domain.ticket import Utterance
from shared.errors import ModelError
from shared.inference.meter import ModelMeter
from shared.inference.model import Task, load_pack
from shared.inference.slices import slices

log = structlog.get_logger(__name__)
MODEL_NICENESS = 5
ResultT = TypeVar("ResultT", covariant=True)


class Analyser(Protocol[ResultT]):
    """A loaded model: its name (``<task>@<version>``) and what it says of utterances (blocking)."""

    @property
    def name(self) -> str:
        """As analyses cite it."""

    def __call__(self, utterances: Sequence[Utterance]) -> Sequence[ResultT]:
        """One result an utterance, in order."""


class ModelHost(Generic[ResultT]):
    """Serves the pack's active version of one task.

    `watch` looks at the pack every ``reload_s`` seconds; a version that cannot be loaded (missing,
    malformed, wrong hash) is refused and logged once, and the old one serves on. ``meter`` is told what each
    run takes.
    """

    def __init__(
        self,
        pack: Path,
        task: Task,
        load: Callable[[Path], Analyser[ResultT]],
        workers: int,
        reload_s: float,
        meter: ModelMeter,
    ) -> None:
        self._pack, self._task, self._load, self._reload_s = pack, task, load, reload_s
        self._executor = ThreadPoolExecutor(workers, f"{task}-model", _give_way)
        self._direct = asyncio.Semaphore(workers)
        self._directory = load_pack(pack).model_directory(task)
        self._refused: Path | None = None
        self._meter = meter
        self._analyser = load(self._directory)

    @property
    def model(self) -> str:
        """Name of the version that serves."""
        return self._analyser.name

    async def analyse(self, utterances: Sequence[Utterance]) -> Sequence[ResultT]:
        """Run the model in a worker thread over a batch of the pipeline."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._process, utterances)

    async def answer(self, utterances: Sequence[Utterance]) -> list[ResultT]:
        """The same for somebody who calls directly, by one version of the model from beginning to end.

        It is done slice by slice, and of all such calls no more slices wait at once than there are workers: a
        batch of the pipeline waits for one slice at most, however many and however large calls are.
        """
        analyser, results = self._analyser, list[ResultT]()
        for some in slices(utterances):
            async with self._direct:
                results += await asyncio.get_running_loop().run_in_executor(
                    self._executor, self._run, analyser, some
                )
        return results

    def _process(self, utterances: Sequence[Utterance]) -> Sequence[ResultT]:
        with self._meter.batch():
            return self._analyser(utterances)

    def _run(self, analyser: Analyser[ResultT], utterances: Sequence[Utterance]) -> Sequence[ResultT]:
        with self._meter.run():
            return analyser(utterances)

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._reload_s)
            await self.reload()

    async def reload(self) -> bool:
        """Load the pack's active version if it is another one; True where it was swapped in."""
        try:
            directory = load_pack(self._pack).model_directory(self._task)
            if directory in (self._directory, self._refused):
                return False
            analyser = await asyncio.to_thread(self._load, directory)
        except ModelError as error:
            log.error("model_refused", task=self._task, error=str(error), serving=self.model)
            self._refused = directory if "directory" in locals() else None
            return False
        self._directory, self._analyser, self._refused = directory, analyser, None
        log.info("model_loaded", task=self._task, model=analyser.name)
        return True

    async def close(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)


def _give_way() -> None:
    """Let a model thread yield the core to whatever has a moment's work: event loops and the store.

    A model computes for milliseconds at a time, and each message passes through a dozen moments' works: with equal
    priorities it waits behind a model at many of them.
    """
    with contextlib.suppress(AttributeError, OSError):  # not everywhere, nor for everybody
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), MODEL_NICENESS)
