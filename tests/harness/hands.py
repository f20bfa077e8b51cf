"""Catches a process with entries in hand, so that a test hits the moment that it means to hit."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from services.topology import TOPOLOGY
from shared.streams.names import Keys
from tests.harness.system import ServiceProcess
from tests.harness.waiting import eventually

STAGE_OF = {service.name: service for service in TOPOLOGY if service.consumes is not None}
IN_FLIGHT_SECONDS = 0.02  # what a stopped process has sent before is on its way for so long at most


async def held(redis: Redis, keys: Keys, process: ServiceProcess) -> int:
    """Entries that the consumers of a process, which may have ended, have read and not finished."""
    count = 0
    for service in (STAGE_OF[name] for name in process.services if name in STAGE_OF):
        assert service.consumes is not None
        assert service.group is not None
        for shard in keys.every_shard():
            name = keys.stream(service.consumes, shard)
            pending = await redis.xpending(name, service.group.value)
            mine = f"{service.name}-{os.uname().nodename}-{process.latest_pid}-"
            count += sum(one["pending"] for one in pending["consumers"] if one["name"].decode().startswith(mine))
    return count


async def signal_in_the_moment(
    process: ServiceProcess, number: signal.Signals, moment: Callable[[], Awaitable[bool]], what: str
) -> None:
    """Send a signal when a condition holds.

    The process is stopped (SIGSTOP) while one looks, or the moment would often be over before the signal comes.
    """

    async def caught() -> bool:
        process.signal(signal.SIGSTOP)
        await asyncio.sleep(IN_FLIGHT_SECONDS)
        holds = await moment()
        if holds:
            process.signal(number)
        process.signal(signal.SIGCONT)
        return holds

    await eventually(caught, what)


async def signal_with_hands_full(
    redis: Redis, keys: Keys, process: ServiceProcess, number: signal.Signals
) -> None:
    """Send a signal in a moment in which the process has entries in hand; at once where it reads no stream."""
    reads = any(name in STAGE_OF for name in process.services)

    async def full() -> bool:
        return not reads or await held(redis, keys, process) > 0

    await signal_in_the_moment(process, number, full, f"{process.services} have entries in hand")
