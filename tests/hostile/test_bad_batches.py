"""In a batch each message is judged on its own; only what spoils the whole call refuses all of it."""

from __future__ import annotations

from collections.abc import Sequence

import grpc

from shared.pb.switchyard.v1 import intake_pb2
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage
from tests.hostile.requests import MARK, TENANT, new_message
from tests.hostile.rpcs import Answer, Stranger, rpc

CONFLICT = grpc.StatusCode.FAILED_PRECONDITION.value[0]


def submit(stranger: Stranger, messages: Sequence[NewMessage]) -> Answer:
    request = intake_pb2.SubmitMessagesRequest(tenant=TENANT, messages=messages)
    return stranger.call(rpc("SubmitMessages"), request)


def results(answer: Answer) -> Sequence[intake_pb2.SubmitResult]:
    assert answer.code is grpc.StatusCode.OK, answer
    return intake_pb2.SubmitMessagesResponse.FromString(answer.body).results


def is_known(stranger: Stranger, ticket: str) -> bool:
    request = intake_pb2.GetTicketRequest(tenant=TENANT, ticket_id=ticket)
    return stranger.call(rpc("GetTicket"), request).code is grpc.StatusCode.OK


def test_the_same_message_twice_in_a_batch_is_taken_once(stranger: Stranger) -> None:
    found = results(submit(stranger, [new_message("m1", "T-twice"), new_message("m2", "T-twice")] * 3))

    taken = [result.acknowledgement for result in found]
    assert [one.sequence for one in taken] == [1, 2, 1, 2, 1, 2]
    assert [one.duplicate for one in taken] == [False, False, True, True, True, True]
    assert {one.accepted_at.ToMilliseconds() > 0 for one in taken} == {True}


def test_one_id_with_other_content_in_a_batch_is_refused_and_the_first_stands(stranger: Stranger) -> None:
    first, other = new_message("m1", "T-other"), new_message("m1", "T-other", f"{MARK} changed his mind.")

    found = results(submit(stranger, [first, other, new_message("m2", "T-other"), first]))

    assert [result.WhichOneof("result") for result in found] == [
        "acknowledgement", "error", "acknowledgement", "acknowledgement",
    ]  # fmt: skip
    assert [result.acknowledgement.sequence for result in found] == [1, 0, 2, 1]
    error = found[1].error
    assert (error.code, error.retry_after_ms) == (CONFLICT, 0)
    assert "message_id: 'm1' of ticket 'T-other'" in error.message
    assert "give the changed message a new id" in error.message
    assert MARK not in error.message


def test_501_messages_are_refused_and_none_is_taken(stranger: Stranger) -> None:
    answer = submit(stranger, [new_message(f"m{number}", "T-501") for number in range(501)])

    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.problems == {"messages": "must contain no more than 500 item(s)"}
    assert not is_known(stranger, "T-501")


def test_an_empty_batch_is_refused(stranger: Stranger) -> None:
    answer = submit(stranger, [])

    assert answer.code is grpc.StatusCode.INVALID_ARGUMENT
    assert answer.problems == {"messages": "must contain at least 1 item(s)"}


def test_bad_messages_do_not_refuse_their_neighbours(stranger: Stranger) -> None:
    batch = [new_message("m1", f"T-next-{number}", " " if number % 2 else f"{MARK} waits.") for number in range(10)]
    batch.append(NewMessage())

    found = results(submit(stranger, batch))

    assert [result.HasField("error") for result in found] == [False, True] * 5 + [True]
    assert all(result.error.message.startswith(f"messages[{place}].") for place, result in enumerate(found) if place % 2)
    assert "messages[10].ticket_id: " in found[10].error.message
    assert [is_known(stranger, f"T-next-{number}") for number in range(10)] == [True, False] * 5


def test_a_batch_of_a_megabyte_of_text_each_is_refused_one_by_one(stranger: Stranger) -> None:
    found = results(submit(stranger, [new_message(f"m{number}", "T-large", "x" * 1_000_000) for number in range(15)]))

    assert {result.error.code for result in found} == {grpc.StatusCode.INVALID_ARGUMENT.value[0]}
    assert not is_known(stranger, "T-large")
