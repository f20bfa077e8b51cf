"""Names of everything that Switchyard keeps in Redis, and which shard it lives in.

All keys of one ticket share a hash tag, so that each script touches one slot of a Redis Cluster
(https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum

from shared.domain.ticket import MessageKey

SEPARATOR = "|"  # not in the alphabet of ids, see protos


class Stream(StrEnum):
    """One stream a stage and shard."""

    TICKETS = "tickets"
    ANALYZED = "analyzed"
    DECIDED = "decided"
    DEAD = "dead"


class Group(StrEnum):
    """Consumer groups, named as the service that reads."""

    INTENT = "intent"
    SLOTS = "slots"
    SENTIMENT = "sentiment"
    ROUTER = "router"
    HANDOFF = "handoff"


GROUPS_OF: dict[Stream, tuple[Group, ...]] = {
    Stream.TICKETS: (Group.INTENT, Group.SLOTS, Group.SENTIMENT),
    Stream.ANALYZED: (Group.ROUTER,),
    Stream.DECIDED: (Group.HANDOFF,),
    Stream.DEAD: (),
}


def reference(key: MessageKey) -> str:
    """A message's name inside entries: ``tenant|ticket|message``."""
    return SEPARATOR.join((key.tenant, key.ticket, key.message))


def parse_reference(text: str) -> MessageKey:
    """The inverse of `reference`; raises ValueError where there are not three parts."""
    tenant, ticket, message = text.split(SEPARATOR)
    return MessageKey(tenant, ticket, message)


@dataclass(frozen=True, slots=True)
class Keys:
    """Builds key names for a number of shards; the number must not change while messages are in flight."""

    shards: int
    prefix: str = "sy"

    def shard(self, tenant: str, ticket: str) -> int:
        """The shard of a ticket: CRC-32 of ``tenant|ticket`` modulo the number of shards."""
        return zlib.crc32(f"{tenant}{SEPARATOR}{ticket}".encode()) % self.shards

    def every_shard(self) -> range:
        return range(self.shards)

    def in_shard(self, shard: int, name: str) -> str:
        """A key of a shard, such as ``sy{3}:tickets``."""
        return f"{self.prefix}{{{shard}}}:{name}"

    def stream(self, stream: Stream, shard: int) -> str:
        return self.in_shard(shard, stream.value)

    def deadlines(self, shard: int) -> str:
        """Sorted set of undecided messages by the time at which they are decided with what is there."""
        return self.in_shard(shard, "deadlines")

    def in_flight(self, shard: int) -> str:
        """Number of accepted messages that are undecided or have a part to come."""
        return self.in_shard(shard, "in-flight")

    def message(self, key: MessageKey) -> str:
        return self.in_shard(self.shard(key.tenant, key.ticket), f"m:{reference(key)}")

    def message_prefix(self, shard: int) -> str:
        """What the name of a message record starts with; the reference follows."""
        return self.in_shard(shard, "m:")

    def ticket(self, tenant: str, ticket: str) -> str:
        return self.in_shard(self.shard(tenant, ticket), f"t:{tenant}{SEPARATOR}{ticket}")

    def layout(self) -> str:
        """Global key that remembers the number of shards."""
        return f"{self.prefix}:layout"
