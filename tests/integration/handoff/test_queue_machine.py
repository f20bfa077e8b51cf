"""Random lives of a human queue, held against a model of what should be; on a real store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.handoff.item import Disposition, ItemState
from shared.domain.decision import Outcome, Priority
from shared.errors import ConflictError
from shared.streams.names import Keys
from shared.streams.store import connect, prepare
from tests.harness.store_process import StoreProcess
from tests.integration.handoff.conftest import TENANT, World, decided

TICKETS = st.sampled_from(["T1", "T2", "T3", "T4"])
AGENTS = st.sampled_from(["ana", "ben"])
T0 = 1_760_000_000_000
SHORT_MS, LONG_MS = 1, 600_000


@dataclass(slots=True)
class Expected:
    """What an open item should be."""

    id: str
    since: int
    rank: int
    queue: str
    sequence: int
    revision: int
    agent: str = ""
    lapsed: bool = False  # its lease was so short that it is over

    @property
    def waits(self) -> bool:
        return not self.agent

    @property
    def order(self) -> tuple[int, int, str]:
        return -self.rank, self.since, self.id


class QueueMachine(RuleBasedStateMachine):
    """Decisions arrive, agents claim, renew, release, complete and go away, in any order."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.redis = connect(self.url)
        self.run(self.redis.flushall())
        keys = Keys(2)
        self.run(prepare(self.redis, keys))
        self.world = World(self.redis, keys)
        self.open: dict[str, Expected] = {}
        self.seen_to: dict[str, int] = {}  # ticket -> newest sequence that a person completed
        self.sequences: dict[str, int] = {}
        self.clock = T0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.run(self.redis.aclose())
        self.loop.close()

    @rule(
        ticket=TICKETS, outcome=st.sampled_from(list(Outcome)), priority=st.sampled_from(list(Priority)),
        queue=st.sampled_from(["escalations", "legal"]), back=st.integers(0, 2), revision=st.integers(1, 3),
    )  # fmt: skip
    def decide(
        self, ticket: str, outcome: Outcome, priority: Priority, queue: str, back: int, revision: int
    ) -> None:
        """A decision on the next message, or on one of the last again."""
        newest = self.sequences.get(ticket, 0)
        sequence = max(1, newest + 1 - back)
        self.sequences[ticket] = max(newest, sequence)
        self.clock += 1
        decision = decided(ticket, sequence, outcome, priority=priority, queue=queue, revision=revision)
        item_id = self.run(self.world.publish(decision, self.clock))
        (status,) = self.run(self.world.file())
        item = self.open.get(ticket)
        if item is None:
            expected = "done"
            if outcome.needs_person:
                expected = "covered" if sequence <= self.seen_to.get(ticket, 0) else "opened"
            if expected == "opened":
                self.open[ticket] = Expected(item_id, self.clock, priority.rank, queue, sequence, revision)
            assert status == expected
            return
        changed = False
        if outcome is not Outcome.RECORDED and (sequence, revision) > (item.sequence, item.revision):
            item.sequence, item.revision, changed = sequence, revision, True
            if outcome.needs_person:
                item.queue = queue
        if outcome.needs_person and priority.rank > item.rank:
            item.rank, changed = priority.rank, True
        assert status == ("updated" if changed else "done")

    @rule(agent=AGENTS, lapses=st.booleans())
    def claim_next(self, agent: str, lapses: bool) -> None:
        item = self.run(self.world.claim(agent, lease_ms=SHORT_MS if lapses else LONG_MS))
        waiting = sorted((expected for expected in self.open.values() if expected.waits), key=lambda it: it.order)
        assert (item.id if item else None) == (waiting[0].id if waiting else None)
        if item:
            waiting[0].agent, waiting[0].lapsed = agent, lapses
            self.let_lapse(lapses)

    @precondition(lambda self: self.open)
    @rule(agent=AGENTS, ticket=TICKETS, lapses=st.booleans())
    def claim_exactly(self, agent: str, ticket: str, lapses: bool) -> None:
        expected = self.open.get(ticket)
        if expected is None:
            return
        work = self.world.leases.claim_exactly(TENANT, expected.id, agent, SHORT_MS if lapses else LONG_MS)
        if expected.waits or expected.lapsed or expected.agent == agent:
            assert self.run(work).agent == agent
            expected.agent, expected.lapsed = agent, lapses
            self.let_lapse(lapses)
        else:
            with pytest.raises(ConflictError):
                self.run(work)

    @precondition(lambda self: self.open)
    @rule(agent=AGENTS, ticket=TICKETS, action=st.sampled_from(["renew", "release", "complete"]))
    def act(self, agent: str, ticket: str, action: str) -> None:
        """Only the holder, and only while the lease runs."""
        expected = self.open.get(ticket)
        if expected is None:
            return
        leases = self.world.leases
        work = {
            "renew": lambda: leases.renew(TENANT, expected.id, agent, LONG_MS),
            "release": lambda: leases.release(TENANT, expected.id, agent),
            "complete": lambda: leases.complete(TENANT, expected.id, agent, Disposition.JUSTIFIED, ""),
        }[action]()
        if expected.agent != agent or expected.lapsed:
            with pytest.raises(ConflictError):
                self.run(work)
            return
        self.run(work)
        if action == "release":
            expected.agent = ""
        elif action == "complete":
            self.seen_to[ticket] = expected.sequence
            del self.open[ticket]

    @rule()
    def sweep(self) -> None:
        lapsed = [expected for expected in self.open.values() if expected.lapsed]
        assert self.run(self.world.expire()) == len(lapsed)
        for expected in lapsed:
            expected.agent, expected.lapsed = "", False

    def let_lapse(self, lapses: bool) -> None:
        if lapses:
            time.sleep(0.003)

    @invariant()
    def the_queue_is_as_expected(self) -> None:
        items = self.run(self.world.items())
        assert [item.id for item in items] == [it.id for it in sorted(self.open.values(), key=lambda it: it.order)]
        by_id = {expected.id: expected for expected in self.open.values()}
        for item in items:
            expected = by_id[item.id]
            assert (item.agent, item.queue, item.priority.rank) == (expected.agent, expected.queue, expected.rank)
            assert (item.decision.sequence, item.decision.revision) == (expected.sequence, expected.revision)
            assert item.waiting_since_ms == expected.since
            assert item.state is (ItemState.WAITING if expected.waits else ItemState.CLAIMED)
        assert self.run(self.world.pending()) == 0


def test_the_queue_behaves_as_its_model(any_store: StoreProcess) -> None:
    QueueMachine.url = any_store.url
    run_state_machine_as_test(QueueMachine, settings=settings(max_examples=40, stateful_step_count=40, deadline=None))
