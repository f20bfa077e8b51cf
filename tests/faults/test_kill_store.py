"""kill -9 of the store, and of everything: what was acknowledged is there afterwards, and is decided once."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from shared.streams.names import Keys
from tests.faults.bulk_import import BulkImport
from tests.harness.helpdesk import Helpdesk
from tests.harness.store_process import StoreProcess
from tests.harness.system import RPC_SERVICES, SERVICES, System, is_serving
from tests.harness.waiting import eventually

MESSAGES = 300


@pytest.mark.timeout(300)
async def test_the_store_dies_and_comes_back(
    system: System, durable_store: StoreProcess, observer: Redis, keys: Keys
) -> None:
    before = {process.services: process.pid for process in system.processes}
    async with Helpdesk("victim-store", system.address("intake")) as desk:
        bulk = BulkImport(desk, MESSAGES)

        async def kill_the_store() -> None:
            await asyncio.to_thread(durable_store.kill)
            for service in SERVICES:
                await eventually(lambda name=service: serves(system, name, False), f"{service} says it is not ready")
            await asyncio.to_thread(durable_store.start)

        await bulk.run_while(kill_the_store)
        for service in SERVICES:
            await eventually(lambda name=service: serves(system, name, True), f"{service} is ready again")
        report = await bulk.judge(observer, keys)

    assert len(bulk.acknowledged) == MESSAGES
    assert report.holds, str(report)
    assert desk.retried > 0, "no call was refused: the test has missed"
    assert {process.services: process.pid for process in system.processes} == before, "no service had to be restarted"


async def serves(system: System, service: str, wanted: bool) -> bool:
    """Whether its health says what is wanted."""
    return await asyncio.to_thread(is_serving, system.address(service), RPC_SERVICES[service]) is wanted


@pytest.mark.timeout(300)
async def test_everything_dies_and_comes_back(
    system: System, durable_store: StoreProcess, observer: Redis, keys: Keys
) -> None:
    """As when the machine's power is cut, but for what the kernel had not yet written."""
    async with Helpdesk("victim-everything", system.address("intake")) as desk:
        bulk = BulkImport(desk, MESSAGES)

        def kill_everything() -> None:
            durable_store.kill()
            for service in SERVICES:
                system.kill(service)
            durable_store.start()
            system.start()

        await bulk.run_while(lambda: asyncio.to_thread(kill_everything))
        report = await bulk.judge(observer, keys)

    assert len(bulk.acknowledged) == MESSAGES
    assert report.holds, str(report)
