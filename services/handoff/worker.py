"""The stage of the human queue: decisions in, items out, each exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from redis.asyncio import Redis

from services.handoff.item import encode_skills
from services.handoff.metrics import HandoffMetrics
from services.handoff.queue_keys import QueueKeys, enqueue_script
from shared.convert import decode_decision
from shared.domain.decision import Decision, Outcome, Rule
from shared.streams.entry import Entry
from shared.streams.names import Group, Stream
from shared.streams.records import Records

UNKNOWN_LANGUAGE = "und"


class ArrivalKind(StrEnum):
    """What a decision is to the human queue; words of enqueue.lua."""

    PERSON = "person"
    LATE = "late"
    ROUTED = "routed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is to be committed for one entry."""

    kind: ArrivalKind
    decision: Decision | None = None
    encoded: bytes = b""
    language: str = ""


NOTHING = Arrival(ArrivalKind.NONE)


def read_arrival(entry: Entry) -> Arrival:
    """What an entry of the decided stream is to the queue; its language is not known from it.

    Raises where the decision cannot be decoded (by a release that does not know one of its rules, say).
    """
    if entry.text(b"g") not in ("", Group.HANDOFF.value):
        return NOTHING  # replayed for another group alone
    encoded = entry.fields[b"d"]
    decision = decode_decision(encoded, int(entry.text(b"at") or entry.added_at_ms))
    return Arrival(kind_of(decision), decision, encoded, UNKNOWN_LANGUAGE)


def kind_of(decision: Decision) -> ArrivalKind:
    """An outcome that needs a person files an item, for good or, where only the intents are late, until
    they land; a routed one is shown in an open item; an agent's own message says nothing about who has
    to see to the ticket.
    """
    first = decision.reasons[0].rule if decision.reasons else None
    if decision.outcome is Outcome.REVIEW and first is Rule.MISSING_PART:
        return ArrivalKind.LATE
    if decision.outcome.needs_person:
        return ArrivalKind.PERSON
    return ArrivalKind.NONE if decision.outcome is Outcome.RECORDED else ArrivalKind.ROUTED


class HandoffStage:
    """Implements `Stage` for the human queue on one shard."""

    def __init__(
        self,
        redis: Redis,
        keys: QueueKeys,
        shard: int,
        records: Records,
        metrics: HandoffMetrics,
        record_ttl_s: int,
        events_kept: int,
    ) -> None:
        self._keys, self._shard, self._records = keys, shard, records
        self._metrics, self._ttl_ms, self._events_kept = metrics, record_ttl_s * 1000, events_kept
        self._commit = enqueue_script(redis)

    async def process(self, entries: Sequence[Entry]) -> Sequence[Arrival]:
        arrivals = [read_arrival(entry) for entry in entries]
        filed = {
            index: arrival.decision.key
            for index, arrival in enumerate(arrivals)
            if arrival.kind in (ArrivalKind.PERSON, ArrivalKind.LATE) and arrival.decision is not None
        }
        languages = await self._records.languages(list(filed.values()))
        for index, language in zip(filed, languages, strict=True):
            arrivals[index] = replace(arrivals[index], language=language or UNKNOWN_LANGUAGE)
        return arrivals

    async def commit(self, entries: Sequence[Entry], results: Sequence[Arrival]) -> Sequence[str]:
        return await self._end(entries, results, [""] * len(entries))

    async def give_up(self, entries: Sequence[Entry], reasons: Sequence[str]) -> Sequence[str]:
        """Keeps dead letters, and files what can be read at all: a customer waits for a person. A dead
        letter of what was filed can be replayed without harm.
        """
        return await self._end(entries, [_salvage(entry) for entry in entries], reasons)

    async def _end(
        self, entries: Sequence[Entry], arrivals: Sequence[Arrival], reasons: Sequence[str]
    ) -> Sequence[str]:
        streams = self._keys.keys
        keys = [
            streams.stream(Stream.DECIDED, self._shard),
            streams.stream(Stream.DEAD, self._shard),
            self._keys.base(self._shard),
            *(streams.message_prefix(self._shard) + entry.reference for entry in entries),
        ]
        args: list[str | bytes | int] = [Group.HANDOFF.value, len(entries)]
        for entry, arrival, reason in zip(entries, arrivals, reasons, strict=True):
            args += [entry.id, entry.reference, reason, entry.deliveries, arrival.kind.value]
            args += self._item_of(entry, arrival)
        args += [self._events_kept, self._ttl_ms]
        statuses = [status.decode() for status in await self._commit(keys, args)]
        for arrival, status in zip(arrivals, statuses, strict=True):
            if arrival.decision is not None and status in ("opened", "updated", "settled", "covered"):
                self._metrics.arrived(arrival.decision.queue, status)
        return statuses

    def _item_of(self, entry: Entry, arrival: Arrival) -> list[str | bytes | int]:
        """The item's part of the script's arguments."""
        decision = arrival.decision
        if decision is None:
            return [""] * 11
        return [
            f"{self._shard}-{entry.id}", decision.key.tenant, decision.key.ticket, decision.queue,
            decision.priority.rank, arrival.language, encode_skills(decision.intents), arrival.encoded,
            decision.decided_at_ms, decision.sequence, decision.revision,
        ]  # fmt: skip


def _salvage(entry: Entry) -> Arrival:
    try:
        return read_arrival(entry)
    except Exception:  # whatever is wrong with the entry is why it is given up
        return NOTHING
