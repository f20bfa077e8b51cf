"""HumanQueueService: protobuf in and out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.duration_pb2 import Duration

from services.handoff.claims import Claims
from services.handoff.events import EventFeed, ItemWatcher
from services.handoff.handover import Handover, Handovers
from services.handoff.item import Disposition, ItemState, QueueItem
from services.handoff.lease import Leases
from services.handoff.metrics import HandoffMetrics
from services.handoff.order import Offer
from services.handoff.queue import HumanQueue
from shared.convert import decision_to_pb, entry_to_pb, priority_to_pb, timestamp
from shared.pb.switchyard.v1 import handoff_pb2 as pb
from shared.pb.switchyard.v1 import handoff_pb2_grpc as pb_grpc
from shared.rpc.server import Servicer
from shared.tenants import Tenants

DEFAULT_LIMIT = 100
_STATES = list(ItemState)
_DISPOSITIONS = list(Disposition)
WatcherOf = Callable[[str, str], ItemWatcher]


class HumanQueueServicer(pb_grpc.HumanQueueServiceServicer):
    """Hands tickets to people under leases."""

    def __init__(
        self,
        tenants: Tenants,
        queue: HumanQueue,
        claims: Claims,
        leases: Leases,
        handovers: Handovers,
        feed: EventFeed,
        watcher_of: WatcherOf,
        metrics: HandoffMetrics,
        default_lease_s: int,
        heartbeat_s: float,
    ) -> None:
        self._tenants, self._queue, self._claims = tenants, queue, claims
        self._leases, self._handovers = leases, handovers
        self._feed, self._watcher_of, self._metrics = feed, watcher_of, metrics
        self._default_lease_ms, self._heartbeat_s = default_lease_s * 1000, heartbeat_s

    async def ListItems(self, request: pb.ListItemsRequest, context: Any) -> pb.ListItemsResponse:
        self._tenants.require(request.tenant)
        state = _STATES[request.state - 1] if request.state else None
        found = await self._queue.listing(request.tenant, request.queue, state, request.limit or DEFAULT_LIMIT)
        return pb.ListItemsResponse(
            items=[item_to_pb(item) for item in found.items], waiting=found.waiting, claimed=found.claimed
        )

    async def ClaimItem(self, request: pb.ClaimItemRequest, context: Any) -> pb.ClaimItemResponse:
        self._tenants.require(request.tenant)
        lease_ms = self._lease_ms(request)
        handover: Handover | None
        if request.item_id:
            handover = await self._claims.claim_exactly(request.tenant, request.item_id, request.agent, lease_ms)
        else:
            offer = Offer(frozenset(request.queues), frozenset(request.skills), frozenset(request.languages))
            handover = await self._claims.claim_next(request.tenant, request.agent, offer, lease_ms)
        return pb.ClaimItemResponse(handover=handover_to_pb(handover) if handover else None)

    async def RenewItem(self, request: pb.RenewItemRequest, context: Any) -> pb.RenewItemResponse:
        self._tenants.require(request.tenant)
        lease_ms = self._lease_ms(request)
        item = await self._leases.renew(request.tenant, request.item_id, request.agent, lease_ms)
        return pb.RenewItemResponse(item=item_to_pb(item))

    async def ReleaseItem(self, request: pb.ReleaseItemRequest, context: Any) -> pb.ReleaseItemResponse:
        self._tenants.require(request.tenant)
        item = await self._leases.release(request.tenant, request.item_id, request.agent)
        return pb.ReleaseItemResponse(item=item_to_pb(item))

    async def CompleteItem(self, request: pb.CompleteItemRequest, context: Any) -> pb.CompleteItemResponse:
        self._tenants.require(request.tenant)
        disposition = _DISPOSITIONS[request.disposition - 1]
        item = await self._leases.complete(
            request.tenant, request.item_id, request.agent, disposition, request.note
        )
        return pb.CompleteItemResponse(item=item_to_pb(item))

    async def GetItem(self, request: pb.GetItemRequest, context: Any) -> pb.GetItemResponse:
        self._tenants.require(request.tenant)
        item = await self._queue.get(request.tenant, request.item_id)
        return pb.GetItemResponse(handover=handover_to_pb(await self._handovers.of(item)))

    async def WatchItems(
        self, request: pb.WatchItemsRequest, context: Any
    ) -> AsyncIterator[pb.WatchItemsResponse]:
        self._tenants.require(request.tenant)
        watcher = self._watcher_of(request.tenant, request.queue)
        with self._feed.watching(), self._metrics.watchers.track_inprogress():
            await watcher.open()
            yield pb.WatchItemsResponse()  # from here on nothing is missed
            while True:
                changed = await watcher.changed(self._heartbeat_s)
                if not changed:
                    yield pb.WatchItemsResponse()
                for item in await self._queue.read(changed):
                    yield pb.WatchItemsResponse(item=item_to_pb(item))

    def _lease_ms(self, request: pb.ClaimItemRequest | pb.RenewItemRequest) -> int:
        return _milliseconds(request.lease) if request.HasField("lease") else self._default_lease_ms


def _milliseconds(value: Duration) -> int:
    return value.seconds * 1000 + value.nanos // 1_000_000


def item_to_pb(item: QueueItem) -> pb.QueueItem:
    disposition = _DISPOSITIONS.index(item.disposition) + 1 if item.disposition else 0
    return pb.QueueItem(
        item_id=item.id,
        tenant=item.tenant,
        ticket_id=item.ticket,
        queue=item.queue,
        priority=priority_to_pb(item.priority),
        language=item.language,
        skills=item.skills,
        state=pb.ItemState.ValueType(_STATES.index(item.state) + 1),
        waiting_since=timestamp(item.waiting_since_ms),
        agent=item.agent,
        lease_until=timestamp(item.lease_until_ms),
        decision=decision_to_pb(item.decision),
        claims=item.claims,
        disposition=pb.Disposition.ValueType(disposition),
        note=item.note,
        completed_at=timestamp(item.completed_at_ms),
    )


def handover_to_pb(handover: Handover) -> pb.Handover:
    return pb.Handover(
        item=item_to_pb(handover.item),
        conversation=[entry_to_pb(entry) for entry in handover.conversation],
        levels=[
            pb.LevelPoint(message_id=point.message, at=timestamp(point.at_ms), level=point.level)
            for point in handover.levels
        ],
        key_sentences=handover.key_sentences,
    )


def servicer(implementation: HumanQueueServicer) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.HumanQueueService",
        pb_grpc.add_HumanQueueServiceServicer_to_server,
        implementation,
    )
