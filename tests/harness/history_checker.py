"""Judges, after the fact, whether anything was lost, doubled or decided out of order.

`collect` reads what the store holds when everything has come to rest; `check` compares it with what the client was
told, without asking any service. The promise held here: an acknowledged message is never lost and gets exactly one
decision per revision, in the order of its ticket, and a ticket that needs a person has exactly one item in the
human queue.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from services.handoff.item import Disposition, QueueItem, decode_item
from services.handoff.queue import HumanQueue
from services.handoff.queue_keys import QueueKeys
from shared.convert import decode_decision
from shared.domain.decision import Decision, Outcome, Rule
from shared.domain.ticket import MessageKey
from shared.streams.names import GROUPS_OF, Keys, Stream, parse_reference
from shared.streams.records import Record, Records

POLL_SECONDS = 0.05
MOST_LISTED = 10
MOST_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class History:
    """What the client was told, and what the store holds. Only one tenant's part of it.

    ``acknowledged`` maps a message to the sequences that it was ever acknowledged with (one, if all is well);
    ``attempted`` are all messages that were submitted. ``decided`` holds each shard's decisions in the order of
    its stream, ``items`` every item of the human queue and ``listed`` the ids of those that an agent can see.
    ``at_rest`` counts what should be none: messages in flight, deadlines, entries unread or unfinished, dead
    letters, decisions trimmed from the streams.
    """

    acknowledged: Mapping[MessageKey, set[int]]
    attempted: frozenset[MessageKey]
    decided: Mapping[int, Sequence[Decision]]
    records: Mapping[MessageKey, Record | None]
    items: Sequence[QueueItem]
    listed: frozenset[str]
    at_rest: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """The findings, and what was looked at; `holds` where there is nothing to find."""

    findings: tuple[str, ...]
    summary: str

    @property
    def holds(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        if self.holds:
            return f"nothing lost, nothing doubled: {self.summary}"
        kinds = Counter(finding.partition(":")[0] for finding in self.findings)
        lines = [f"{len(self.findings)} findings in {self.summary}"]
        lines += [f"  {count} × {kind}" for kind, count in kinds.most_common()]
        lines += [f"    {finding}" for finding in self.findings[:MOST_LISTED]]
        if len(self.findings) > MOST_LISTED:
            lines.append("    …")
        return "\n".join(lines)


def check(history: History) -> Report:
    """Hold a history against the promise; pure."""
    findings = [
        *(f"not at rest: {count} {what}" for what, count in history.at_rest.items() if count),
        *_acknowledgements(history),
        *_decisions(history),
        *_order(history),
        *_human_queue(history),
    ]
    revisions = sum(1 for decision in _all(history) if decision.revision > 1)
    summary = (
        f"{len(history.acknowledged)} messages acknowledged, {sum(map(len, history.decided.values()))} decisions "
        f"({revisions} revisions), {len(history.items)} items for people"
    )
    return Report(tuple(findings), summary)


def _all(history: History) -> Iterable[Decision]:
    return (decision for shard in history.decided.values() for decision in shard)


def _acknowledgements(history: History) -> Iterable[str]:
    """Every acknowledged message is stored under its one sequence; a ticket's sequences have no gaps."""
    places: dict[str, list[int]] = defaultdict(list)
    for key, sequences in history.acknowledged.items():
        if len(sequences) > 1:
            yield f"acknowledged twice: {key} as {sorted(sequences)}"
        record = history.records.get(key)
        if record is None:
            yield f"lost: {key} was acknowledged and has no record"
            continue
        if record.message.sequence not in sequences:
            yield f"renumbered: {key} was acknowledged as {sorted(sequences)}, stored as {record.message.sequence}"
    for key, record in history.records.items():
        if record is not None:
            places[key.ticket].append(record.message.sequence)
    for ticket, sequences_of in places.items():
        if sorted(sequences_of) != list(range(1, len(sequences_of) + 1)):
            yield f"sequences: ticket {ticket} has {sorted(sequences_of)}"


def _decisions(history: History) -> Iterable[str]:
    """Exactly one decision a revision; the record holds the last; nothing that landed is left out."""
    seen: dict[MessageKey, list[Decision]] = defaultdict(list)
    for decision in _all(history):
        seen[decision.key].append(decision)
    for key in seen.keys() - history.attempted:
        yield f"out of nowhere: {key} was decided and never submitted"
    for key in history.acknowledged:
        decisions = seen.get(key, [])
        if not decisions:
            yield f"undecided: {key} was acknowledged and has no decision in the stream"
            continue
        revisions = [decision.revision for decision in decisions]
        if revisions != list(range(1, len(revisions) + 1)):
            kind = "doubled" if len(set(revisions)) < len(revisions) else "revisions"
            yield f"{kind}: {key} was decided as revisions {revisions}"
        record = history.records.get(key)
        if record is None:
            continue
        if record.decision is None:
            yield f"undecided: {key} has no decision in its record"
        elif record.decision.revision != max(revisions):
            yield f"outdated: {key} has revision {record.decision.revision} on record, {max(revisions)} in the stream"
        last = decisions[-1]
        if last.outcome is not Outcome.RECORDED and last.missing_parts:
            landed = set(last.missing_parts) - {part.value for part in record.analysis.missing}
            yield f"unfinished: {key} stays partial without {last.missing_parts}, of which {landed or None} landed"


def _order(history: History) -> Iterable[str]:
    """First decisions of a ticket stand in the stream in the order of its sequences, each once."""
    for shard, decisions in history.decided.items():
        last: dict[str, int] = {}
        for decision in decisions:
            if decision.revision != 1:
                continue
            ticket, before = decision.key.ticket, last.get(decision.key.ticket, 0)
            if decision.sequence != before + 1:
                yield f"order: shard {shard} decided {decision.key} as number {decision.sequence} after {before}"
            last[ticket] = max(before, decision.sequence)


def _human_queue(history: History) -> Iterable[str]:
    """One open item a ticket that needs a person, visible, with the ticket's newest decision; else none.

    A ticket that went to people only because its intents were late needs none once they have landed: its item
    is settled, if one was opened at all.
    """
    latest: dict[MessageKey, Decision] = {}
    needing: set[str] = set()
    for decision in _all(history):
        if decision.outcome.needs_person and not _only_late(decision):
            needing.add(decision.key.ticket)
        if decision.key not in latest or decision.revision > latest[decision.key].revision:
            latest[decision.key] = decision
    needing |= {key.ticket for key, decision in latest.items() if decision.outcome.needs_person}
    newest: dict[str, tuple[int, int]] = {}
    for decision in _all(history):
        if decision.outcome is not Outcome.RECORDED:
            place = (decision.sequence, decision.revision)
            newest[decision.key.ticket] = max(newest.get(decision.key.ticket, place), place)
    items: dict[str, list[QueueItem]] = defaultdict(list)
    for item in history.items:
        if item.disposition is not Disposition.SETTLED:
            items[item.ticket].append(item)
    for ticket in needing:
        if len(items[ticket]) != 1:
            yield f"human queue: ticket {ticket} needs a person and has {len(items[ticket])} items"
    for ticket, found in items.items():
        if found and ticket not in needing:
            yield f"human queue: ticket {ticket} has an item, and no decision asked for a person"
        for item in found:
            shown = (item.decision.sequence, item.decision.revision)
            if shown != newest.get(ticket):
                yield f"human queue: item {item.id} of {ticket} shows {shown}, the newest is {newest.get(ticket)}"
            if item.id not in history.listed:
                yield f"human queue: item {item.id} of {ticket} exists and is not listed"


def _only_late(decision: Decision) -> bool:
    return decision.outcome is Outcome.REVIEW and decision.reasons[0].rule is Rule.MISSING_PART


async def settle(redis: Redis, keys: Keys, patience: float = 30.0) -> None:
    """Wait until nothing moves any more: all decided, and every entry of every stream read and ended.

    However long that takes; AssertionError where nothing moves for ``patience`` seconds and it is not yet so.
    """
    loop = asyncio.get_running_loop()
    last, since = "", loop.time()
    while any((resting := await at_rest(redis, keys)).values()):
        now = await _positions(redis, keys)
        if now != last:
            last, since = now, loop.time()
        elif loop.time() - since > patience:
            left = {what: count for what, count in resting.items() if count}
            raise AssertionError(f"nothing has moved for {patience:g} s, and there are still {left}")
        await asyncio.sleep(POLL_SECONDS)


async def _positions(redis: Redis, keys: Keys) -> str:
    """How far everybody has come, to be compared alone."""
    names = [keys.stream(stream, shard) for stream in GROUPS_OF for shard in keys.every_shard()]
    groups = [await redis.xinfo_groups(name) for name in names if await redis.exists(name)]
    return repr((groups, [await redis.get(keys.in_flight(shard)) for shard in keys.every_shard()]))


async def at_rest(redis: Redis, keys: Keys) -> dict[str, int]:
    """What is still on its way, by kind."""
    found: Counter[str] = Counter()
    for shard in keys.every_shard():
        found["messages in flight"] += abs(int(await redis.get(keys.in_flight(shard)) or 0))
        found["deadlines"] += await redis.zcard(keys.deadlines(shard))
        for stream in GROUPS_OF:
            name = keys.stream(stream, shard)
            if stream is Stream.DEAD:
                found["dead letters"] += await redis.xlen(name)
                continue
            last: Any = (await redis.xinfo_stream(name))["last-generated-id"]
            for group in await redis.xinfo_groups(name):
                found[f"unfinished entries of {group['name'].decode()}"] += group["pending"]
                found[f"unread streams of {group['name'].decode()}"] += group["last-delivered-id"] != last
    return dict(found)


async def collect(
    redis: Redis,
    keys: Keys,
    tenant: str,
    acknowledged: Mapping[MessageKey, set[int]],
    attempted: Iterable[MessageKey],
) -> History:
    """Read what the store holds of a tenant. Call it at rest, see `settle`."""
    queue_keys, records = QueueKeys(keys), Records(redis, keys)
    resting = await at_rest(redis, keys)
    decided: dict[int, list[Decision]] = {}
    items: list[QueueItem] = []
    known: set[MessageKey] = {*acknowledged, *attempted}
    for shard in keys.every_shard():
        name = keys.stream(Stream.DECIDED, shard)
        info: Any = await redis.xinfo_stream(name)
        trimmed = "decisions trimmed from the streams"
        resting[trimmed] = resting.get(trimmed, 0) + info["entries-added"] - info["length"]
        rows: Any = await redis.xrange(name)
        decisions = [decode_decision(fields[b"d"], int(fields[b"at"])) for _, fields in rows]
        decided[shard] = [decision for decision in decisions if decision.key.tenant == tenant]
        async for raw in redis.scan_iter(match=f"{_literal(keys.message_prefix(shard))}{tenant}|*", count=1000):
            known.add(parse_reference(raw.decode().removeprefix(keys.message_prefix(shard))))
        base = f"{queue_keys.base(shard)}i:"
        async for raw in redis.scan_iter(match=f"{_literal(base)}*", count=1000):
            item = decode_item(raw.decode().removeprefix(base), await redis.hgetall(raw))
            items += [item] if item.tenant == tenant else []
    listing = await HumanQueue(redis, queue_keys).listing(tenant, "", None, MOST_ITEMS)
    return History(
        acknowledged=acknowledged,
        attempted=frozenset(attempted),
        decided=decided,
        records={key: await records.message(key) for key in known},
        items=items,
        listed=frozenset(item.id for item in listing.items),
        at_rest=resting,
    )


def _literal(name: str) -> str:
    """A name for MATCH, in which no character is special."""
    return "".join(f"\\{character}" if character in "*?[]\\" else character for character in name)
