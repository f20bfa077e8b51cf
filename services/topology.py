"""The flow, as data: which service reads and writes what, and what it answers over gRPC.

Serving, tests, manifests and the README's diagram are held against this.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.streams.names import Group, Stream


@dataclass(frozen=True, slots=True)
class ServiceTopology:
    """One service: the stream and group it reads, the streams it writes, its gRPC services."""

    name: str
    consumes: Stream | None
    group: Group | None
    produces: tuple[Stream, ...]
    rpc_services: tuple[str, ...]
    port: int
    metrics_port: int


TOPOLOGY: tuple[ServiceTopology, ...] = (
    ServiceTopology(
        "intake", None, None, (Stream.TICKETS, Stream.ANALYZED),
        ("switchyard.v1.TicketIntakeService",), 7070, 9070,
    ),
    ServiceTopology(
        "intent", Stream.TICKETS, Group.INTENT, (Stream.ANALYZED,),
        ("switchyard.v1.IntentService",), 7071, 9071,
    ),
    ServiceTopology(
        "slots", Stream.TICKETS, Group.SLOTS, (Stream.ANALYZED,),
        ("switchyard.v1.SlotService",), 7072, 9072,
    ),
    ServiceTopology(
        "sentiment", Stream.TICKETS, Group.SENTIMENT, (Stream.ANALYZED,),
        ("switchyard.v1.SentimentService",), 7073, 9073,
    ),
    ServiceTopology(
        "router", Stream.ANALYZED, Group.ROUTER, (Stream.DECIDED, Stream.ANALYZED),
        ("switchyard.v1.RouterService",), 7074, 9074,
    ),
    ServiceTopology(
        "handoff", Stream.DECIDED, Group.HANDOFF, (),
        ("switchyard.v1.HumanQueueService",), 7075, 9075,
    ),
)
