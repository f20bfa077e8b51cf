"""Waiting for what a real system does in its own time, with an end to the waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 15.0
POLL_SECONDS = 0.005


async def eventually(holds: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return when it holds; fail with ``what`` was waited for when it does not in time."""
    end = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}")
        await asyncio.sleep(POLL_SECONDS)
