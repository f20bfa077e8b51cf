"""Batches of an import: bounded by number and by bytes, and smaller still where a server takes less."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.bulk import BulkSubmitter, Report, chunks
from services.cli.import_file import Rejection, Row
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage
from shared.rpc.client import RpcClient
from tests.harness.store_process import StoreProcess
from tests.harness.system import System

LEAST_REQUEST_BYTES = 65_536


def row(line: int, size: int) -> Row:
    return Row(line, NewMessage(ticket_id="T-1", message_id=str(line), text="x" * size))


@given(sizes=st.lists(st.none() | st.integers(1, 300), max_size=40), most=st.integers(1, 10), most_bytes=st.integers(1, 900))
def test_chunks_keep_the_order_and_both_bounds(sizes: list[int | None], most: int, most_bytes: int) -> None:
    rows: list[Row | Rejection] = [
        Rejection(line, "bad") if size is None else row(line, size) for line, size in enumerate(sizes, start=1)
    ]
    found = list(chunks(rows, most, most_bytes))
    assert [one for chunk in found for one in chunk] == rows
    for chunk in found:
        messages = [one.message.ByteSize() for one in chunk if isinstance(one, Row)]
        assert 1 <= len(chunk) <= most
        assert sum(messages) <= most_bytes or len(messages) == 1


@pytest.fixture(scope="module")
def sparing(store: StoreProcess) -> Iterator[System]:
    """Intake alone, which takes the smallest requests that can be configured."""
    with System(store.url, [("intake",)], {"platform.max_request_bytes": LEAST_REQUEST_BYTES}) as running:
        yield running


async def test_a_server_that_takes_less_is_given_less(sparing: System) -> None:
    """The largest message that the protos allow is larger than this server takes; its neighbours are not."""
    largest = Row(9, NewMessage(ticket_id="T-1", message_id="9", text="\N{GRINNING FACE}" * 20_000))
    rows = [*(row(line, 15_000) for line in range(1, 9)), largest, row(10, 10)]
    report = Report()
    async with RpcClient(sparing.address("intake")) as client:
        await BulkSubmitter(client, "default", report, patience=20).submit(rows)
    assert report.accepted == 9
    (refused,) = report.rejected
    assert (refused.line, refused.message_id) == (9, "9")
    assert "platform.max_request_bytes" in refused.reason
