"""kill -9 of any one service in the middle of an import loses nothing and decides nothing twice.

FAULT_MESSAGES sets the size of the imports, 2,000 messages unless it is given.
"""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from redis.asyncio import Redis

from shared.streams.names import Keys
from tests.faults.bulk_import import BulkImport
from tests.harness.hands import STAGE_OF, signal_in_the_moment, signal_with_hands_full
from tests.harness.helpdesk import Helpdesk
from tests.harness.system import SERVICES, System

MESSAGES = int(os.environ.get("FAULT_MESSAGES") or 2000)
TAKEN_OVER = "switchyard_stage_redeliveries_total"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("service", SERVICES)
async def test_nothing_is_lost_or_doubled(service: str, system: System, observer: Redis, keys: Keys) -> None:
    async with Helpdesk(f"victim-{service}", system.address("intake")) as desk:
        bulk = BulkImport(desk, MESSAGES)
        process = system.process_of(service)

        async def unanswered() -> bool:
            return await bulk.written_unanswered(observer, keys) > 0

        async def kill_and_start_again() -> None:
            if service == "intake":
                await signal_in_the_moment(process, signal.SIGKILL, unanswered, "intake has written without an answer")
            else:
                await signal_with_hands_full(observer, keys, process, signal.SIGKILL)
            assert await asyncio.to_thread(process.wait) == -signal.SIGKILL
            await asyncio.to_thread(system.start, service)

        await bulk.run_while(kill_and_start_again)
        report = await bulk.judge(observer, keys)

        assert len(bulk.acknowledged) == len(bulk.messages)
        assert report.holds, str(report)
        if service in STAGE_OF:
            assert system.counted(service, TAKEN_OVER) > 0, "the killed process held nothing: the test has missed"
        else:
            assert bulk.known_already > 0, "nothing was written and not acknowledged: the test has missed"
    letter_words = ("kettle", "receipt", "charged twice")
    assert not [word for word in letter_words if word in system.logs()], "a customer's words are in the logs"
