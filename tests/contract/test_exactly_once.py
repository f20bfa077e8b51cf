"""Exactly-once, whatever happens in whatever order: a state machine drives the real scripts on a real store.

Several consumers of every group read, process, commit, crash, take over, commit late and give up, while
messages come in, come again, miss their deadlines, and streams are trimmed. At the end everything is drained
and the decided stream must tell one story.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from prometheus_client import CollectorRegistry

from services.intake.submit import Admission, Receipt
from services.router.deadlines import DeadlineSweeper
from services.router.metrics import RouterMetrics
from shared.convert import decode_decision
from shared.domain.analysis import (
    IntentAnalysis,
    IntentScore,
    Part,
    Sentiment,
    SentimentAnalysis,
    SlotAnalysis,
)
from shared.domain.decision import Decision
from shared.domain.ticket import Author, Message, Utterance
from shared.streams.entry import Entry
from shared.streams.names import GROUPS_OF, Group, Keys, Stream
from shared.streams.scripts import HERE, Script
from shared.streams.stage import Stage
from shared.streams.store import connect, prepare
from tests.harness.lane import STREAM_OF, Lane
from tests.harness.messages import agent, customer
from tests.harness.parts import GROUP_OF, part_stage
from tests.harness.routers import router_stage
from tests.harness.store_process import StoreProcess

AnswerT = TypeVar("AnswerT")
GROUPS = st.sampled_from([*[Group.ROUTER] * 6, *GROUP_OF.values()])
NAMES = st.sampled_from(["one", "two"])
TICKETS = st.sampled_from(["T-1", "T-1", "T-2"])
FRUSTRATION = {"calm": 0.1, "cross": 0.5, "furious": 0.95}
TEXTS = st.sampled_from(sorted(FRUSTRATION))
AUTHORS = st.sampled_from([Author.CUSTOMER, Author.CUSTOMER, Author.AGENT])
WRITTEN = st.lists(st.tuples(TEXTS, AUTHORS), min_size=1, max_size=3)
PARTS = tuple(GROUP_OF.values())
SHARES = st.sampled_from([PARTS, PARTS, (Group.ROUTER,), (Group.ROUTER,), *[(group,) for group in PARTS]])
CONSUMING = (Group.INTENT, Group.SLOTS, Group.SENTIMENT, Group.ROUTER)


async def _intents(utterances: Sequence[Utterance]) -> Sequence[IntentAnalysis]:
    return [IntentAnalysis((IntentScore("refund_request", 0.9, 0.5, True),), model="intent@1") for _ in utterances]


async def _slots(utterances: Sequence[Utterance]) -> Sequence[SlotAnalysis]:
    return [SlotAnalysis(model="slots@1") for _ in utterances]


async def _sentiments(utterances: Sequence[Utterance]) -> Sequence[SentimentAnalysis]:
    return [
        SentimentAnalysis(Sentiment.NEGATIVE, 0.9, FRUSTRATION[one.text], model="sentiment@1") for one in utterances
    ]


class End(StrEnum):
    """How a consumer ends what it has in hand; after a crash it stays pending."""

    COMMIT = "commit"
    COMMIT_TWICE = "commit twice"
    CRASH = "crash"
    GIVE_UP = "give up"


ENDS = st.sampled_from([End.COMMIT, End.COMMIT, End.COMMIT_TWICE, *End])
COUNTS = st.sampled_from([1, 2, 9])


@dataclass(slots=True)
class Held:
    """An entry in a consumer's hand; ``result`` once it was processed."""

    entry: Entry
    result: Any = None


class Pipeline(RuleBasedStateMachine):
    """A shard with its consumers; what they hold in memory is what a crash loses."""

    def __init__(self, store: StoreProcess) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self.redis, self.keys = connect(store.url), Keys(1)
        self._run(self._begin())
        self.accepted: dict[Message, Receipt] = {}
        self.hands: dict[tuple[Group, str], list[Held]] = defaultdict(list)
        self.given_up = 0

    async def _begin(self) -> None:
        await self.redis.flushall()
        await self.redis.config_set("stream-node-max-entries", 1)  # trimming spares nothing by chance
        await prepare(self.redis, self.keys)
        self.lane = Lane(self.redis, self.keys)
        self.sweeper = DeadlineSweeper(self.redis, self.keys, 1000, RouterMetrics(CollectorRegistry()))
        self.trim = Script(self.redis, HERE / "trim.lua")
        models = {Part.INTENT: _intents, Part.SLOTS: _slots, Part.SENTIMENT: _sentiments}
        self.stages: dict[Group, Stage[Any]] = {
            GROUP_OF[part]: part_stage(self.redis, self.keys, part, model) for part, model in models.items()
        }
        self.stages[Group.ROUTER] = router_stage(self.redis, self.keys)

    def _run(self, call: Coroutine[Any, Any, AnswerT]) -> AnswerT:
        return self._loop.run_until_complete(call)

    # -- what comes in ---------------------------------------------------------------------------------------

    @rule(ticket=TICKETS, written=WRITTEN, late=st.sampled_from([True, True, False]))
    def submit(self, ticket: str, written: Sequence[tuple[str, Author]], late: bool) -> None:
        """A few messages of a ticket; where ``late``, their deadline passes before any analysis lands."""
        for text, by in written:
            new = customer if by is Author.CUSTOMER else agent
            message = new(ticket, f"m{len(self.accepted)}", text=text)
            (receipt,) = self._run(self.lane.submit(message, decide_within_ms=0 if late else 60_000))
            assert receipt.admission is Admission.NEW
            self.accepted[message] = receipt
        if late:
            self._run(self.sweeper.sweep(0))

    @precondition(lambda self: self.accepted)
    @rule(data=st.data(), changed=st.booleans())
    def submit_again(self, data: st.DataObject, changed: bool) -> None:
        message = data.draw(st.sampled_from(list(self.accepted)))
        sent = replace(message, subject="changed") if changed else message
        (receipt,) = self._run(self.lane.submit(sent))
        expected = Admission.CONFLICT if changed else Admission.KNOWN
        assert receipt == replace(self.accepted[message], admission=expected)
        for stream in (Stream.TICKETS, Stream.ANALYZED):
            groups = [group.value for group in GROUPS_OF[stream]]
            assert self._run(self.trim([self.keys.stream(stream, 0)], [0, *groups])) >= 0

    # -- what consumers do -----------------------------------------------------------------------------------

    @rule(group=GROUPS, name=NAMES, count=COUNTS, from_others=st.booleans())
    def hold(self, group: Group, name: str, count: int, from_others: bool) -> None:
        """Take what is new, or what somebody else holds (who works on, not knowing), and process it."""
        if from_others:
            pending = sorted(self._run(self.lane.pending(group)), key=lambda one: [int(n) for n in one.split("-")])
            entries = self._run(self.lane.claim(group, name, pending[:count]))
        else:
            entries = self._run(self.lane.read(group, name, count))
        hand = [Held(entry) for entry in entries]
        self._process(group, hand)
        self.hands[group, name] += hand

    @rule(group=GROUPS, name=NAMES, how=ENDS)
    def finish(self, group: Group, name: str, how: End) -> None:
        hand = self.hands.pop((group, name), [])
        if not hand or how is End.CRASH:
            return
        if how is End.GIVE_UP:
            self._run(self.stages[group].give_up([held.entry for held in hand], ["tried too often"] * len(hand)))
            self.given_up += len(hand)
            return
        refused = self._commit(group, hand)
        if how is End.COMMIT_TWICE:  # a client that saw no answer sends the same again
            refused = self._commit(group, hand)
        self._process(group, refused)
        self.hands[group, name] = refused

    @rule(groups=SHARES)
    def work(self, groups: Sequence[Group]) -> None:
        """Further consumers read, process and commit what is new, without a hitch."""
        for group in groups:
            hand = [Held(entry) for entry in self._run(self.lane.read(group, "smooth"))]
            while hand:
                self._process(group, hand)
                hand = self._commit(group, hand)

    @rule(first=COUNTS, landing=SHARES, second=COUNTS, from_others=st.booleans(), loser=ENDS, winner=ENDS)
    def race(
        self, first: int, landing: Sequence[Group], second: int, from_others: bool, loser: End, winner: End
    ) -> None:
        """One router is slow to end what it decided; meanwhile parts land and another router overtakes it."""
        self.hold(Group.ROUTER, "one", first, False)
        self.work(landing)
        self.hold(Group.ROUTER, "two", second, from_others)
        self.finish(Group.ROUTER, "two", winner)
        self.finish(Group.ROUTER, "one", loser)

    def _process(self, group: Group, hand: Sequence[Held]) -> None:
        if hand:
            results = self._run(self.stages[group].process([held.entry for held in hand]))
            for held, result in zip(hand, results, strict=True):
                held.result = result

    def _commit(self, group: Group, hand: Sequence[Held]) -> list[Held]:
        """What was refused, to be processed anew."""
        if not hand:
            return []
        entries, results = [held.entry for held in hand], [held.result for held in hand]
        statuses = self._run(self.stages[group].commit(entries, results))
        return [Held(held.entry) for held, status in zip(hand, statuses, strict=True) if status == "conflict"]

    # -- what must hold --------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._run(self._drain())
            self._run(self._check())
        finally:
            self._run(self.redis.config_set("stream-node-max-entries", 100))
            self._run(self.redis.aclose())
            self._loop.close()

    async def _drain(self) -> None:
        """Everyone dies; one consumer takes over and works until nothing is left."""
        for _ in range(10 * (len(self.accepted) + 1)):
            busy = False
            for group in CONSUMING:
                entries = await self.lane.claim(group, "last", sorted(await self.lane.pending(group)))
                entries += await self.lane.read(group, "last")
                if entries:
                    busy = True
                    stage = self.stages[group]
                    await stage.commit(entries, await stage.process(entries))
            if not busy:
                return
        raise AssertionError("the pipeline does not come to rest")

    async def _check(self) -> None:
        decisions: list[Decision] = [
            decode_decision(entry.fields[b"d"], int(entry.text(b"at"))) for entry in await self.lane.entries(Stream.DECIDED)
        ]
        by_message = defaultdict(list)
        for decision in decisions:
            by_message[decision.key].append(decision)
        assert set(by_message) == {message.key for message in self.accepted}, "each message is decided"
        for message in self.accepted:
            mine = by_message[message.key]
            assert [one.revision for one in mine] == list(range(1, len(mine) + 1))
            record = await self.lane.record(message)
            assert record.decision == mine[-1], "the record holds the latest revision"
            assert record.parts == len(Part)
            missing: tuple[str, ...] = ()
            if message.author is Author.CUSTOMER:
                missing = tuple(part.value for part in record.analysis.missing)
            assert mine[-1].missing_parts == missing, "the latest revision knows every part that was not given up"
            assert await self.redis.ttl(self.keys.message(message.key)) > 0, "what is done with expires"
        for ticket in {message.key.ticket for message in self.accepted}:
            of_ticket = [one for one in decisions if one.key.ticket == ticket]
            firsts = [one.sequence for one in of_ticket if one.revision == 1]
            assert firsts == list(range(1, len(firsts) + 1)), "decided in the order of acceptance"
            for earlier, later in itertools.pairwise(of_ticket):
                if earlier.revision == later.revision == 1:
                    assert later.level_before == earlier.level_after, "each builds on what was stored before it"
            fields = await self.redis.hkeys(self.keys.ticket("acme", ticket))
            assert not [name for name in fields if name.startswith(b"p:")], "nothing is parked for ever"
        assert await self.lane.in_flight() == 0
        assert await self.lane.deadlines() == {}
        assert len(await self.lane.entries(Stream.DEAD)) <= self.given_up
        for group in CONSUMING:
            assert await self.lane.pending(group) == {}
            infos: Any = await self.redis.xinfo_groups(self.keys.stream(STREAM_OF[group], 0))
            assert [info["lag"] for info in infos if info["name"] == group.value.encode()] == [0]


@pytest.mark.timeout(600)
def test_each_message_is_decided_exactly_once_and_in_order(any_store: StoreProcess) -> None:
    run_state_machine_as_test(
        lambda: Pipeline(any_store),
        settings=settings(
            max_examples=100, stateful_step_count=30, deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        ),
    )  # fmt: skip
