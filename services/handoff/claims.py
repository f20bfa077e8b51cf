"""Gives agents the next ticket, with all that they need to take over."""

from __future__ import annotations

import contextlib

from redis.exceptions import RedisError

from services.handoff.handover import Handover, Handovers
from services.handoff.lease import Leases
from services.handoff.order import Offer
from services.handoff.queue import HumanQueue
from shared.errors import SwitchyardError


class Claims:
    """Claims items and hands them over."""

    def __init__(self, queue: HumanQueue, leases: Leases, handovers: Handovers) -> None:
        self._queue, self._leases, self._handovers = queue, leases, handovers

    async def claim_next(self, tenant: str, agent: str, offer: Offer, lease_ms: int) -> Handover | None:
        """The most urgent, oldest item that fits, now held by the agent; None where nothing that fits waits."""
        async for place in self._queue.waiting(tenant, offer):
            item = await self._leases.claim(tenant, place.item_id, agent, lease_ms)
            if item is None:
                continue  # somebody else was faster
            try:
                return await self._handovers.of(item)
            except BaseException:
                # The agent will not learn of this claim (the store went away, the call was given up): let
                # others have the item now rather than at the end of the lease.
                with contextlib.suppress(SwitchyardError, RedisError, OSError):
                    await self._leases.release(tenant, item.id, agent)
                raise
        return None

    async def claim_exactly(self, tenant: str, item_id: str, agent: str, lease_ms: int) -> Handover:
        """The item that the agent named; it can be claimed again by its holder, as after a lost answer.

        Raises:
            NotFoundError: there is no such item, or not any more.
            ConflictError: another agent holds it, or it is completed.
        """
        item = await self._leases.claim_exactly(tenant, item_id, agent, lease_ms)
        return await self._handovers.of(item)
