"""Ending asyncio tasks for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 0.1


async def cancel_all(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and return when every one has ended, whatever it raised.

    One cancellation may get lost: before Python 3.12, `asyncio.wait_for` drops it when what it waits for
    ends in the same turn (https://github.com/python/cpython/issues/86296), and redis-py waits so on every
    command. A loop that went on would keep its service from stopping, so it is cancelled again.
    """
    running = {task for task in tasks if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_SECONDS)
