"""The router's stage: reads what is known of a message, decides, and stores the decision.

Several messages of one ticket in a batch are decided one after the other on a running state; each
commit names the ticket's version it was decided on, and is refused where the ticket moved on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from redis.asyncio import Redis

from services.router.decide import decide, give_up, revise
from services.router.fan_in import Step, next_step
from services.router.metrics import RouterMetrics
from shared.clock import Clock
from shared.convert import decode_conversation, encode_conversation, encode_decision
from shared.domain.decision import Conversation, Decision
from shared.domain.policy import Policy
from shared.observability.logging import trace_id
from shared.streams.entry import Entry
from shared.streams.names import Keys, Stream
from shared.streams.records import RECORD_FIELDS, Record, decode_record
from shared.streams.scripts import commit_script

log = structlog.get_logger(__name__)
LivePolicy = Callable[[], Policy]

NO_CONVERSATION = Conversation()


@dataclass(slots=True)
class TicketState:
    """A ticket as read, moved on by the decisions of this batch."""

    version: int
    conversation: Conversation
    decided_sequence: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be committed for one entry.

    ``revision`` is the one it makes or, where it settles, the latest seen; ``parts`` is how many analyses
    had landed.
    """

    step: Step
    revision: int = 0
    parts: int = 0
    sequence: int = 0
    ticket_version: int = 0
    before: Conversation = NO_CONVERSATION
    after: Conversation = NO_CONVERSATION
    decision: Decision | None = None
    accepted_at_ms: int = 0
    traceparent: str = ""


class RouterStage:
    """Implements `Stage` for the router on one shard."""

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        shard: int,
        live_policy: LivePolicy,
        record_ttl_s: int,
        metrics: RouterMetrics,
        clock: Clock,
    ) -> None:
        self._redis, self._keys, self._shard, self._live_policy = redis, keys, shard, live_policy
        self._ttl_ms, self._metrics, self._clock = record_ttl_s * 1000, metrics, clock
        self._commit = commit_script(redis, Path(__file__).with_name("decision.lua"))

    async def process(self, entries: Sequence[Entry]) -> Sequence[Verdict]:
        """Verdicts in the order of the entries."""
        return await self._judge(entries, self._decide)

    async def commit(self, entries: Sequence[Entry], results: Sequence[Verdict]) -> Sequence[str]:
        return await self._end(entries, results, [""] * len(entries))

    async def give_up(self, entries: Sequence[Entry], reasons: Sequence[str]) -> Sequence[str]:
        """Decides as `review`, so that nothing waits for the message, and keeps a dead letter."""
        verdicts = await self._judge(entries, self._give_up)
        return await self._end(entries, verdicts, reasons)

    async def _judge(
        self, entries: Sequence[Entry], judge: Callable[[Record, TicketState, Step], Verdict]
    ) -> Sequence[Verdict]:
        records, tickets = await self._load(entries)
        verdicts: dict[int, Verdict] = {}
        for index in _in_order(entries, records):
            reference = entries[index].reference
            record = records[reference]
            ticket = tickets[_ticket_of(reference)]
            step = next_step(record, ticket.decided_sequence)
            if record is None:
                verdicts[index] = Verdict(Step.SETTLE)
                continue
            if step in (Step.SETTLE, Step.PARK):
                seen = record.decision.revision if record.decision else 0
                verdicts[index] = Verdict(step, seen, record.parts, record.message.sequence, ticket.version)
                continue
            verdict = judge(record, ticket, step)
            verdicts[index] = verdict
            # A second entry of the same message in this batch finds it decided.
            records[reference] = replace(record, decision=verdict.decision, before=verdict.before)
            ticket.version += 1
            ticket.conversation = verdict.after
            if step is Step.DECIDE:
                ticket.decided_sequence = record.message.sequence
        return [verdicts[index] for index in range(len(entries))]

    async def _load(
        self, entries: Sequence[Entry]
    ) -> tuple[dict[str, Record | None], dict[str, TicketState]]:
        references = list(dict.fromkeys(entry.reference for entry in entries))
        names = list(dict.fromkeys(_ticket_of(reference) for reference in references))
        prefix = self._keys.message_prefix(self._shard)
        pipeline: Any = self._redis.pipeline(transaction=False)
        for reference in references:
            pipeline.hmget(prefix + reference, list(RECORD_FIELDS))
        for name in names:
            pipeline.hmget(self._keys.in_shard(self._shard, "t:" + name), ["v", "c", "dq"])
        answers = await pipeline.execute()
        records = {
            reference: decode_record(values)
            for reference, values in zip(references, answers[: len(references)], strict=True)
        }
        tickets = {
            name: TicketState(int(version or 0), decode_conversation(state), int(decided or 0))
            for name, (version, state, decided) in zip(names, answers[len(references) :], strict=True)
        }
        return records, tickets

    def _decide(self, record: Record, ticket: TicketState, step: Step) -> Verdict:
        policy = self._live_policy()
        if step is Step.REVISE and record.decision is not None:
            before = record.before
            decision, after = revise(
                policy, record.message, record.analysis, before, ticket.conversation, record.decision
            )
        else:
            before = ticket.conversation
            decision, after = decide(policy, record.message, record.analysis, before)
        return _verdict(step, record, ticket, before, after, decision)

    def _give_up(self, record: Record, ticket: TicketState, step: Step) -> Verdict:
        policy = self._live_policy()
        revision = record.decision.revision + 1 if record.decision else 1
        decision, after = give_up(
            policy, record.message, record.analysis, ticket.conversation, revision, record.decision
        )
        before = record.before if step is Step.REVISE else ticket.conversation
        return _verdict(step, record, ticket, before, after, decision)

    async def _end(
        self, entries: Sequence[Entry], verdicts: Sequence[Verdict], reasons: Sequence[str]
    ) -> Sequence[str]:
        # A ticket's verdicts build on each other: they are committed in the order they were made.
        order = sorted(range(len(entries)), key=lambda i: (_ticket_of(entries[i].reference), verdicts[i].ticket_version))
        prefix = self._keys.message_prefix(self._shard)
        keys = [
            self._keys.stream(Stream.ANALYZED, self._shard),
            self._keys.stream(Stream.DEAD, self._shard),
            self._keys.stream(Stream.DECIDED, self._shard),
            self._keys.deadlines(self._shard),
            self._keys.in_flight(self._shard),
        ]
        args: list[str | bytes | int] = ["router", len(entries)]
        for index in order:
            entry, verdict = entries[index], verdicts[index]
            keys += [
                prefix + entry.reference,
                self._keys.in_shard(self._shard, "t:" + _ticket_of(entry.reference)),
            ]
            decision = verdict.decision
            args += [
                entry.id, entry.reference, reasons[index], entry.deliveries, verdict.step.value,
                verdict.sequence, verdict.ticket_version, verdict.revision, verdict.parts,
                encode_conversation(verdict.before), encode_conversation(verdict.after),
                encode_decision(decision) if decision else b"", self._ttl_ms,
            ]
        statuses = [status.decode() for status in await self._commit(keys, args)]
        by_entry = dict(zip(order, statuses, strict=True))
        self._record(verdicts, by_entry)
        return [by_entry[index] for index in range(len(entries))]

    def _record(self, verdicts: Sequence[Verdict], statuses: dict[int, str]) -> None:
        now = self._clock.now_ms()
        for index, verdict in enumerate(verdicts):
            if statuses[index] != "done":
                continue
            if verdict.decision is not None:
                self._metrics.decided(verdict.decision, (now - verdict.accepted_at_ms) / 1000)
                _tell(verdict.decision, verdict.traceparent)
            elif verdict.step is Step.PARK:
                self._metrics.parked()


def _verdict(
    step: Step, record: Record, ticket: TicketState, before: Conversation, after: Conversation, decision: Decision
) -> Verdict:
    message = record.message
    return Verdict(
        step, decision.revision, record.parts, message.sequence, ticket.version, before, after, decision,
        message.accepted_at_ms, message.traceparent,
    )  # fmt: skip


def _tell(decision: Decision, traceparent: str) -> None:
    log.debug(
        "message_decided", tenant=decision.key.tenant, ticket=decision.key.ticket, message=decision.key.message,
        revision=decision.revision, outcome=decision.outcome.value, queue=decision.queue,
        rule=decision.reasons[0].rule.value, trace_id=trace_id(traceparent),
    )  # fmt: skip


def _ticket_of(reference: str) -> str:
    return reference.rpartition("|")[0]


def _in_order(entries: Sequence[Entry], records: dict[str, Record | None]) -> list[int]:
    """Indices of the entries, each ticket's messages by their sequence."""

    def place(index: int) -> tuple[str, int, int]:
        record = records[entries[index].reference]
        return _ticket_of(entries[index].reference), record.message.sequence if record else 0, index

    return sorted(range(len(entries)), key=place)


