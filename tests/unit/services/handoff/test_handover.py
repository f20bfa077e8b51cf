"""What a person is shown of a ticket, and what a decision is to the human queue."""

import pytest

from services.handoff.handover import LevelPoint, levels
from services.handoff.item import (
    PRIORITIES,
    Disposition,
    ItemState,
    decode_item,
    decode_skills,
    encode_skills,
)
from services.handoff.worker import ArrivalKind, kind_of
from shared.convert import encode_decision
from shared.domain.analysis import Analysis
from shared.domain.decision import Decision, Outcome, Priority, TicketEntry
from shared.domain.ticket import Author, Message, MessageKey


def decision(outcome: Outcome, level: float = 0.0, message: str = "m1") -> Decision:
    return Decision(
        MessageKey("default", "T1", message), 1, outcome, "billing", Priority.NORMAL, (), 0.0, level, "1"
    )


def said(message: str, at_ms: int, decided: Decision | None, author: Author = Author.CUSTOMER) -> TicketEntry:
    key = MessageKey("default", "T1", message)
    return TicketEntry(Message(key, "…", author, sent_at_ms=at_ms), Analysis(), decided)


def test_levels_follow_the_customers_decided_messages() -> None:
    conversation = [
        said("m1", 1000, decision(Outcome.ROUTED, 0.2)),
        said("m2", 2000, decision(Outcome.RECORDED, 0.2), Author.AGENT),
        said("m3", 3000, decision(Outcome.ESCALATED, 0.9)),
        said("m4", 4000, None),
    ]
    assert levels(conversation) == (LevelPoint("m1", 1000, 0.2), LevelPoint("m3", 3000, 0.9))


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Outcome.ESCALATED, ArrivalKind.PERSON),
        (Outcome.REVIEW, ArrivalKind.PERSON),
        (Outcome.ROUTED, ArrivalKind.ROUTED),
        (Outcome.RECORDED, ArrivalKind.NONE),
    ],
)
def test_what_a_decision_is_to_the_queue(outcome: Outcome, kind: ArrivalKind) -> None:
    assert kind_of(decision(outcome)) is kind


def test_ranks_index_priorities() -> None:
    assert [priority.rank for priority in PRIORITIES] == [0, 1, 2, 3]


@pytest.mark.parametrize("skills", [(), ("refund",), ("refund", "damaged_item")])
def test_skills_survive_storing(skills: tuple[str, ...]) -> None:
    assert decode_skills(encode_skills(skills).encode()) == skills


def test_an_item_reads_as_stored() -> None:
    stored = decision(Outcome.ESCALATED, 0.9)
    item = decode_item(
        "0-17-1",
        {
            b"tenant": b"default", b"ticket": b"T1", b"queue": b"escalations", b"rank": b"2", b"language": b"en",
            b"skills": b"refund", b"state": b"completed", b"since": b"17", b"agent": b"ana", b"lease_until": b"0",
            b"decision": encode_decision(stored), b"decided_at": b"17", b"sequence": b"1", b"revision": b"1",
            b"claims": b"1", b"first_claim": b"20", b"disposition": b"justified", b"note": b"ok",
            b"completed_at": b"30",
        },
    )  # fmt: skip
    assert (item.priority, item.state, item.disposition) == (
        Priority.HIGH, ItemState.COMPLETED, Disposition.JUSTIFIED,
    )  # fmt: skip
    assert item.decision.decided_at_ms == 17
    assert item.decision.outcome is Outcome.ESCALATED
    assert (item.first_claim_ms, item.completed_at_ms, item.lease_until_ms) == (20, 30, 0)


