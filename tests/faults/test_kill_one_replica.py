"""One of two replicas of a service dies and stays dead: the other takes over what it held, and order is kept.

The survivor goes on with new entries at once and gets the dead one's only when their lease is over. So messages
overtake each other, and the router has to park the later ones.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from shared.streams.names import Keys
from tests.faults.bulk_import import BulkImport
from tests.faults.conftest import REPLICATED, SETTINGS
from tests.harness.hands import signal_with_hands_full
from tests.harness.helpdesk import Helpdesk
from tests.harness.store_process import StoreProcess
from tests.harness.system import System

MESSAGES = 300
TAKEN_OVER = "switchyard_stage_redeliveries_total"


@pytest.fixture(scope="module")
def second(system: System, durable_store: StoreProcess) -> Iterator[System]:
    """A second replica of each, on the same store."""
    with System(durable_store.url, [(name,) for name in REPLICATED], SETTINGS) as running:
        yield running


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", REPLICATED)
async def test_the_other_replica_takes_over(
    service: str, system: System, second: System, observer: Redis, keys: Keys
) -> None:
    async with Helpdesk(f"replica-{service}", system.address("intake")) as desk:
        bulk = BulkImport(desk, MESSAGES)
        victim = second.process_of(service)
        before = system.counted(service, TAKEN_OVER)

        async def kill() -> None:
            await signal_with_hands_full(observer, keys, victim, signal.SIGKILL)
            assert await asyncio.to_thread(victim.wait) == -signal.SIGKILL

        await bulk.run_while(kill)
        report = await bulk.judge(observer, keys)

        assert len(bulk.acknowledged) == MESSAGES
        assert report.holds, str(report)
        assert system.counted(service, TAKEN_OVER) > before, "the killed replica held nothing: the test has missed"
        if service == "slots":
            parked = sum(one.counted("router", "switchyard_parked_messages_total") for one in (system, second))
            assert parked > 0, "no message overtook another: the test has missed"
    await asyncio.to_thread(second.start, service)
