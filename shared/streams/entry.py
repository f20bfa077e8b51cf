"""An entry of a stream as a consumer sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.observability.logging import trace_id
from shared.streams.names import SEPARATOR

SCHEMA_VERSION = "1"
READABLE_VERSIONS = frozenset({"1"})


@dataclass(frozen=True, slots=True)
class Entry:
    """Its id, the message that it is about, its fields and how often it was delivered (from 1)."""

    id: str
    reference: str
    fields: dict[bytes, bytes] = field(default_factory=dict)
    deliveries: int = 1

    @property
    def added_at_ms(self) -> int:
        """When it was added, by the store's clock (Unix milliseconds)."""
        return int(self.id.partition("-")[0])

    @property
    def size(self) -> int:
        """Bytes of its fields."""
        return sum(map(len, self.fields.values()))

    @property
    def ids(self) -> dict[str, str]:
        """What a log line about it must name: tenant, ticket and message, and the trace where one is known."""
        names = dict(zip(("tenant", "ticket", "message"), self.reference.split(SEPARATOR), strict=False))
        trace = trace_id(self.text(b"tp"))
        return {**names, "trace_id": trace} if trace else names

    def text(self, name: bytes) -> str:
        """A field as text, or "" where it is missing; what is not UTF-8 is replaced."""
        return self.fields.get(name, b"").decode(errors="replace")


def parse_entry(raw_id: bytes, fields: dict[bytes, bytes], deliveries: int = 1) -> Entry:
    # A reference that is not text must become a dead letter, not end the consumer that reads it.
    return Entry(raw_id.decode(), fields.get(b"k", b"").decode(errors="replace"), fields, deliveries)
