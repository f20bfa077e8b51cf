"""The checker finds what it is there to find: a good history holds, and each doctored one is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from services.handoff.item import ItemState, QueueItem
from shared.domain.analysis import Analysis, IntentAnalysis, SentimentAnalysis, SlotAnalysis
from shared.domain.decision import Conversation, Decision, Outcome, Priority, Reason, Rule
from shared.domain.ticket import Message, MessageKey
from shared.streams.records import Record
from tests.harness.history_checker import History, check

WHOLE = Analysis(IntentAnalysis(), SlotAnalysis(), SentimentAnalysis())
A1, A2, B1 = (MessageKey("shop", ticket, message) for ticket, message in (("A", "m1"), ("A", "m2"), ("B", "m1")))


def decided(key: MessageKey, sequence: int, **changes: object) -> Decision:
    """A routed decision."""
    whole = Decision(key, sequence, Outcome.ROUTED, "orders", Priority.NORMAL, (Reason(Rule.ROUTE),), 0.0, 0.0, "1")
    return replace(whole, **changes)


def stored(decision: Decision, analysis: Analysis = WHOLE) -> Record:
    return Record(Message(decision.key, "…", sequence=decision.sequence), analysis, 3, decision, Conversation())


def item(decision: Decision, number: int = 1) -> QueueItem:
    return QueueItem(
        f"0-{number}-0", "shop", decision.key.ticket, "people", Priority.HIGH, "en", (), ItemState.WAITING, 1, decision
    )


FIRST, SECOND = decided(A1, 1), decided(A2, 2)
PARTIAL = decided(B1, 1, partial=True, missing_parts=("slots",))
ESCALATED = decided(B1, 1, outcome=Outcome.ESCALATED, revision=2)


def good() -> History:
    """Two messages of ticket A, and one of ticket B that was revised and then needed a person."""
    return History(
        acknowledged={A1: {1}, A2: {2}, B1: {1}},
        attempted=frozenset({A1, A2, B1}),
        decided={0: [FIRST, PARTIAL, SECOND], 1: [ESCALATED]},
        records={A1: stored(FIRST), A2: stored(SECOND), B1: stored(ESCALATED)},
        items=[item(ESCALATED)],
        listed=frozenset({"0-1-0"}),
        at_rest={"messages in flight": 0},
    )


def test_a_good_history_holds() -> None:
    report = check(good())

    assert report.holds, str(report)
    assert "3 messages acknowledged, 4 decisions (1 revisions), 1 items" in str(report)


Doctor = Callable[[History], History]
DOCTORED: dict[str, tuple[Doctor, str]] = {
    "a record is gone": (lambda h: replace(h, records={**h.records, A2: None}), "lost"),
    "acknowledged under two numbers": (
        lambda h: replace(h, acknowledged={**h.acknowledged, A1: {1, 3}}), "acknowledged twice",
    ),
    "another number on record": (lambda h: replace(h, acknowledged={**h.acknowledged, A1: {7}}), "renumbered"),
    "a gap in a ticket": (
        lambda h: replace(h, records={**h.records, A2: stored(decided(A2, 3))}), "sequences",
    ),
    "no decision in the stream": (lambda h: replace(h, decided={**h.decided, 0: [FIRST, PARTIAL]}), "undecided"),
    "no decision on record": (
        lambda h: replace(h, records={**h.records, A1: replace(stored(FIRST), decision=None)}), "undecided",
    ),
    "decided twice": (
        lambda h: replace(h, decided={**h.decided, 0: [FIRST, PARTIAL, FIRST, SECOND]}), "doubled",
    ),
    "a revision left out": (
        lambda h: replace(h, decided={**h.decided, 1: [replace(ESCALATED, revision=3)]}), "revisions",
    ),
    "an old revision on record": (lambda h: replace(h, records={**h.records, B1: stored(PARTIAL)}), "outdated"),
    "partial for ever": (
        lambda h: replace(
            h, decided={0: [FIRST, PARTIAL, SECOND]}, records={**h.records, B1: stored(PARTIAL)}, items=[]
        ),
        "unfinished",
    ),
    "nobody submitted it": (lambda h: replace(h, attempted=frozenset({A1, A2})), "out of nowhere"),
    "out of order": (lambda h: replace(h, decided={**h.decided, 0: [SECOND, PARTIAL, FIRST]}), "order"),
    "nobody waits for a person": (lambda h: replace(h, items=[]), "human queue"),
    "two items of a ticket": (
        lambda h: replace(
            h, items=[item(ESCALATED), item(ESCALATED, 2)], listed=frozenset({"0-1-0", "0-2-0"})
        ),
        "human queue",
    ),
    "an item that nobody asked for": (
        lambda h: replace(h, items=[item(ESCALATED), item(SECOND, 2)], listed=frozenset({"0-1-0", "0-2-0"})),
        "human queue",
    ),
    "an item that shows an old decision": (lambda h: replace(h, items=[item(PARTIAL)]), "human queue"),
    "an item that nobody can see": (lambda h: replace(h, listed=frozenset()), "human queue"),
    "something still in flight": (lambda h: replace(h, at_rest={"messages in flight": 1}), "not at rest"),
}  # fmt: skip


@pytest.mark.parametrize("what", DOCTORED)
def test_a_bad_history_is_found_out(what: str) -> None:
    doctor, kind = DOCTORED[what]

    report = check(doctor(good()))

    assert {finding.partition(":")[0] for finding in report.findings} >= {kind}, str(report)
    assert kind in str(report)
