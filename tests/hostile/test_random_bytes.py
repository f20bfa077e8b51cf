"""Whatever bytes any RPC gets, it answers with a status that blames the request, and serves on."""

from __future__ import annotations

import re

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness.system import System
from tests.harness.waiting import eventually
from tests.hostile.mutations import odd_fields, random_bytes, spoiled_bytes, spoiled_fields
from tests.hostile.requests import Requests
from tests.hostile.rpcs import RPCS, WAITING, Answer, Rpc, Stranger

EXAMPLES = 25
EACH_RPC = pytest.mark.parametrize("rpc", RPCS, ids=[rpc.method for rpc in RPCS])
# The caller's fault or nobody's. INTERNAL, UNKNOWN, UNAVAILABLE and DATA_LOSS would be ours.
HONEST = {
    grpc.StatusCode.OK,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
}
few = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def is_honest(rpc: Rpc, answer: Answer) -> bool:
    waits = rpc.method in WAITING and answer.code is grpc.StatusCode.DEADLINE_EXCEEDED
    return waits or (answer.code in HONEST and (answer.code is grpc.StatusCode.OK or bool(answer.text)))


def test_all_services_have_their_rpcs_here() -> None:
    assert len({rpc.full_service for rpc in RPCS}) == 6
    assert len({rpc.method for rpc in RPCS}) == len(RPCS)


@EACH_RPC
def test_the_valid_request_that_mutations_start_from_is_valid(rpc: Rpc, stranger: Stranger, valid: Requests) -> None:
    """Otherwise all that follows would only try the door."""
    answer = stranger.call(rpc, valid.of(rpc.method))

    assert answer.code in (grpc.StatusCode.OK, grpc.StatusCode.FAILED_PRECONDITION), answer
    assert is_honest(rpc, answer)


@EACH_RPC
@given(raw=random_bytes())
@few
def test_random_bytes(rpc: Rpc, stranger: Stranger, raw: bytes) -> None:
    answer = stranger.call(rpc, raw)

    assert is_honest(rpc, answer), answer


@EACH_RPC
@given(data=st.data())
@few
def test_spoiled_bytes(rpc: Rpc, stranger: Stranger, valid: Requests, data: st.DataObject) -> None:
    answer = stranger.call(rpc, data.draw(spoiled_bytes(valid.of(rpc.method))))

    assert is_honest(rpc, answer), answer


@EACH_RPC
@given(data=st.data())
@few
def test_spoiled_fields(rpc: Rpc, stranger: Stranger, valid: Requests, data: st.DataObject) -> None:
    answer = stranger.call(rpc, data.draw(spoiled_fields(valid.of(rpc.method))))

    assert is_honest(rpc, answer), answer
    for field, problem in answer.fields:
        assert problem, f"{field} is blamed without a reason"


@EACH_RPC
@given(data=st.data())
@few
def test_odd_fields_that_the_constraints_allow(
    rpc: Rpc, stranger: Stranger, valid: Requests, data: st.DataObject
) -> None:
    answer = stranger.call(rpc, data.draw(odd_fields(valid.of(rpc.method))))

    assert is_honest(rpc, answer), answer


async def test_what_was_accepted_of_it_is_decided_and_nothing_is_a_dead_letter(system: System) -> None:
    """The strangest text that passes the door passes the models and the router too."""

    async def all_decided() -> bool:
        return values(system, "switchyard_in_flight_messages") == [0.0]

    await eventually(all_decided, "every accepted message is decided", 40)
    for metric in ("switchyard_stage_dead_letters", "switchyard_stage_failures"):
        assert f"# TYPE {metric}_total counter" in system.metrics("intent")
        assert sum(values(system, f"{metric}_total")) == 0


def values(system: System, metric: str) -> list[float]:
    """Values of a metric over all services and labels."""
    text = "\n".join({system.metrics(name) for name in ("intake", "intent", "slots", "sentiment", "router", "handoff")})
    return [float(found) for found in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", text, re.M)]
