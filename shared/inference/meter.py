"""What running models costs, told to the metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ModelMeter:
    """Adds up on each thread what its runs take: a batch may be many runs of a session, each over one text.

    ``cpu`` is told the CPU seconds of all that runs, ``tokens`` the tokens of every batch of the pipeline that
    was processed (nothing of one that raised: it is processed again, in parts).
    """

    def __init__(
        self, cpu: Callable[[float], None] = lambda _seconds: None, tokens: Callable[[int], None] = lambda _count: None
    ) -> None:
        self._cpu, self._tokens = cpu, tokens
        self._thread = threading.local()

    def ran_over(self, tokens: int) -> None:
        """A session ran on this thread over so many tokens, padding included."""
        self._thread.tokens = getattr(self._thread, "tokens", 0) + tokens

    @contextmanager
    def run(self) -> Iterator[None]:
        """Around whatever runs the model, on the thread that does it."""
        began = time.thread_time()
        try:
            yield
        finally:
            self._cpu(time.thread_time() - began)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """The same around the processing of one batch of the pipeline."""
        self._thread.tokens = 0
        with self.run():
            yield
        self._tokens(self._thread.tokens)
