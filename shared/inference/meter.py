"""What running models costs, told to the metrics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class ModelMeter:
    """Adds up on each thread what its runs take: a batch may be many runs of a session, each over one text.

    ``cpu`` is told the CPU seconds of every batch, ``tokens`` the tokens of every one that was processed
    (nothing of one that raised: it is processed again, in parts).
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
    def batch(self) -> Iterator[None]:
        """Around the processing of one batch, on the thread that does it."""
        self._thread.tokens = 0
        began = time.thread_time()
        try:
            yield
        finally:
            self._cpu(time.thread_time() - began)
        self._tokens(self._thread.tokens)
