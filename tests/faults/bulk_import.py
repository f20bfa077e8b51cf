"""An import as a helpdesk runs it: several tickets at a time, each message again until it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from redis.asyncio import Redis

from shared.domain.ticket import MessageKey
from shared.pb.switchyard.v1.intake_pb2 import Acknowledgement
from shared.streams.names import Keys
from tests.harness.helpdesk import Helpdesk
from tests.harness.history_checker import Report, check, collect, settle
from tests.harness.letters import letters

LANES = 4
BATCH = 10
TICKET_MESSAGES = 5


class BulkImport:
    """Imports messages of a tenant, and remembers what it was told."""

    def __init__(self, desk: Helpdesk, messages: int) -> None:
        self._desk, self.messages = desk, list(letters(messages // TICKET_MESSAGES, messages))
        self.acknowledged: dict[MessageKey, set[int]] = {}
        self.known_already = 0  # messages that were acknowledged as known when they were submitted again
        self._third = asyncio.Event()

    @property
    def attempted(self) -> list[MessageKey]:
        tenant = self._desk.tenant
        return [MessageKey(tenant, message.ticket_id, message.message_id) for message in self.messages]

    async def run_while(self, accident: Callable[[], Awaitable[None]]) -> None:
        """Import everything; the accident happens when a third is acknowledged."""
        async with asyncio.TaskGroup() as group:
            for lane in range(LANES):
                # A ticket's messages stay in one lane, and so in order.
                mine = [m for m in self.messages if int(m.ticket_id.partition("-")[2]) % LANES == lane]
                group.create_task(self._desk.submit_surely(mine, BATCH, self._told))
            await self._third.wait()
            await accident()

    def _told(self, answers: Sequence[Acknowledgement]) -> None:
        for one in answers:
            key = MessageKey(self._desk.tenant, one.ticket_id, one.message_id)
            self.acknowledged.setdefault(key, set()).add(one.sequence)
            self.known_already += one.duplicate
        if len(self.acknowledged) >= len(self.messages) / 3:
            self._third.set()

    async def written_unanswered(self, redis: Redis, keys: Keys) -> int:
        """Messages that are stored, and of which the client has not heard."""
        names = [keys.message(key) for key in self.attempted if key not in self.acknowledged]
        return int(await redis.exists(*names)) if names else 0

    async def judge(self, redis: Redis, keys: Keys) -> Report:
        """Wait until all is at rest, then hold everything against the promise."""
        await settle(redis, keys)
        history = await collect(redis, keys, self._desk.tenant, self.acknowledged, self.attempted)
        return check(history)
