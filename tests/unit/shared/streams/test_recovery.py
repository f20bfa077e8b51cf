"""The plan for a dead consumer's entries: patient, bounded, and sure to find the entry that kills."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.streams.recovery import MAX_BACKOFF, PendingEntry, Takeover, patience, plan, share

LEASE_MS, BATCH, LIMIT = 1000, 16, 5
FOREVER = 10**9
PENDING = st.lists(
    st.builds(
        PendingEntry,
        id=st.integers(1, 10_000).map(lambda number: f"{number}-0"),
        idle_ms=st.integers(0, 200_000),
        deliveries=st.integers(1, 12),
    ),
    max_size=40,
    unique_by=lambda entry: entry.id,
)
BATCHES = st.integers(1, 1024)
LIMITS = st.integers(1, 10)


def entries(*rows: tuple[int, int]) -> list[PendingEntry]:
    """Pending entries by (idle ms, deliveries), named 1-0, 2-0 …"""
    return [PendingEntry(f"{number}-0", idle, deliveries) for number, (idle, deliveries) in enumerate(rows, 1)]


@given(PENDING, BATCHES, LIMITS)
def test_a_takeover_is_due_alike_and_no_larger_than_a_batch(
    pending: list[PendingEntry], batch: int, limit: int
) -> None:
    takeover = plan(pending, batch, LEASE_MS, limit)
    rows = {entry.id: entry for entry in pending}
    assert len(takeover.ids) <= batch
    assert len(set(takeover.ids)) == len(takeover.ids)
    for entry_id in takeover.ids:
        assert rows[entry_id].deliveries == takeover.deliveries
        assert rows[entry_id].idle_ms >= takeover.min_idle_ms >= LEASE_MS
    order = [entry.id for entry in pending if entry.id in takeover.ids]
    assert list(takeover.ids) == order, "the oldest come first"


@given(PENDING, BATCHES, LIMITS)
def test_entries_are_given_up_at_the_limit_and_never_before(
    pending: list[PendingEntry], batch: int, limit: int
) -> None:
    takeover = plan(pending, batch, LEASE_MS, limit)
    assert takeover.dead is (bool(takeover.ids) and takeover.deliveries >= limit)


@given(PENDING, BATCHES, LIMITS)
def test_whenever_something_is_due_something_is_taken(
    pending: list[PendingEntry], batch: int, limit: int
) -> None:
    due = [entry for entry in pending if entry.idle_ms >= patience(LEASE_MS, entry.deliveries)]
    takeover = plan(pending, batch, LEASE_MS, limit)
    assert bool(takeover.ids) == bool(due)
    if due:
        assert due[0].id == takeover.ids[0], "nothing can starve the oldest"


@given(BATCHES, st.integers(2, 10), st.data())
@settings(max_examples=50)
def test_a_poison_entry_is_given_up_alone(batch: int, limit: int, data: st.DataObject) -> None:
    """A batch dies with its process until the entry at fault is alone; all of its neighbours succeed."""
    pending = entries(*[(FOREVER, 1)] * batch)
    poison = pending[data.draw(st.integers(0, batch - 1))].id
    done: list[str] = []
    dead: list[str] = []
    company = []
    while pending:
        takeover = plan(pending, batch, LEASE_MS, limit)
        taken = set(takeover.ids)
        if poison in taken and not takeover.dead:
            company.append(len(taken))
            pending = [PendingEntry(e.id, e.idle_ms, e.deliveries + (e.id in taken)) for e in pending]
        else:
            (dead if takeover.dead else done).extend(takeover.ids)
            pending = [entry for entry in pending if entry.id not in taken]
    assert dead == [poison]
    assert len(done) == batch - 1
    assert company[-1] == 1
    assert len(company) == limit - 1
    if batch <= BATCH:
        assert company[:2][-1] == 1, "alone by the second redelivery"


@pytest.mark.parametrize(
    ("batch", "limit", "shares"),
    [(16, 5, [16, 4, 1, 1, 1]), (64, 5, [64, 16, 4, 1, 1]), (1024, 5, [1024, 256, 64, 16, 1]), (16, 2, [16, 1, 1])],
)
def test_a_batch_is_quartered_down_to_one(batch: int, limit: int, shares: list[int]) -> None:
    assert [share(batch, deliveries, limit) for deliveries in range(len(shares))] == shares


@pytest.mark.parametrize(("deliveries", "leases"), [(0, 1), (1, 1), (2, 2), (3, 4), (7, 64), (8, 64), (200, 64)])
def test_patience_doubles_up_to_a_bound(deliveries: int, leases: int) -> None:
    assert patience(LEASE_MS, deliveries) == leases * LEASE_MS
    assert leases <= MAX_BACKOFF


def test_nothing_is_taken_from_the_living() -> None:
    assert plan([], BATCH, LEASE_MS, LIMIT) == Takeover()
    assert plan(entries((999, 1), (1999, 2)), BATCH, LEASE_MS, LIMIT) == Takeover()


def test_a_waiting_entry_lets_later_ones_pass() -> None:
    takeover = plan(entries((1500, 2), (1000, 1), (5000, 3), (1000, 1)), BATCH, LEASE_MS, LIMIT)
    assert takeover == Takeover(("2-0", "4-0"), 1000, 1)


def test_the_dead_are_buried_by_the_batch() -> None:
    takeover = plan(entries(*[(FOREVER, LIMIT)] * 20), BATCH, LEASE_MS, LIMIT)
    assert (len(takeover.ids), takeover.dead, takeover.deliveries) == (BATCH, True, LIMIT)
