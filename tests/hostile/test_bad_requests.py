"""Requests beside messages: tenants, the human queue's, the models', resume tokens, drafts, and no gRPC at all."""

from __future__ import annotations

import base64
import socket

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2, router_pb2
from shared.pb.switchyard.v1.utterance_pb2 import Utterance
from tests.harness.system import SERVICES, System
from tests.hostile.requests import TENANT, Requests, new_message
from tests.hostile.rpcs import RPCS, Rpc, Stranger, rpc

INVALID = grpc.StatusCode.INVALID_ARGUMENT
FOR_A_TENANT = [one for one in RPCS if "tenant" in one.request.DESCRIPTOR.fields_by_name]


@pytest.mark.parametrize("one", FOR_A_TENANT, ids=[one.method for one in FOR_A_TENANT])
def test_an_unknown_tenant_is_refused_and_told_of_no_other(one: Rpc, stranger: Stranger, valid: Requests) -> None:
    request = valid.of(one.method)
    request.tenant = "shopp"  # type: ignore[attr-defined]
    answer = stranger.call(one, request)

    assert answer.code is grpc.StatusCode.PERMISSION_DENIED
    assert "tenant 'shopp' is not served here; check its spelling" in answer.text
    assert "platform.tenants" in answer.text
    assert "another-shop" not in answer.text


@pytest.mark.parametrize("tenant", ["", "SHOP", "shop\n", " shop", "shop|x", "{shop}", "a" * 64, "läden"])
@pytest.mark.parametrize("one", FOR_A_TENANT, ids=[one.method for one in FOR_A_TENANT])
def test_a_malformed_tenant_is_named(one: Rpc, tenant: str, stranger: Stranger, valid: Requests) -> None:
    request = valid.of(one.method)
    request.tenant = tenant  # type: ignore[attr-defined]
    answer = stranger.call(one, request)

    assert answer.code is INVALID
    assert "[a-z0-9][a-z0-9_-]{0,62}" in answer.problems["tenant"]


QUEUE_REQUESTS: dict[str, tuple[str, dict[str, object], str, str]] = {
    "state": ("ListItems", {"state": 77}, "state", "one of the defined"),
    "limit below 0": ("ListItems", {"limit": -1}, "limit", "less than or equal to 1000"),
    "limit above 1000": ("ListItems", {"limit": 1001}, "limit", "less than or equal to 1000"),
    "queue": ("ListItems", {"queue": "Escalations!"}, "queue", "does not match"),
    "no agent": ("ClaimItem", {"agent": ""}, "agent", "does not match"),
    "agent": ("ClaimItem", {"agent": "ana\n"}, "agent", "does not match"),
    "51 queues": ("ClaimItem", {"queues": ["q"] * 51}, "queues", "no more than 50"),
    "101 skills": ("ClaimItem", {"skills": ["s"] * 101}, "skills", "no more than 100"),
    "a language": ("ClaimItem", {"languages": ["en", "english"]}, "languages[1]", "does not match"),
    "short lease": ("ClaimItem", {"lease": Duration(seconds=4)}, "lease", "greater than or equal to 5s"),
    "long lease": ("RenewItem", {"lease": Duration(seconds=7201)}, "lease", "less than or equal to 7200s"),
    "endless lease": ("RenewItem", {"lease": Duration(seconds=2**62)}, "lease", "less than or equal to 7200s"),
    "negative lease": ("ClaimItem", {"lease": Duration(seconds=-60)}, "lease", "greater than or equal to 5s"),
    "no item": ("ReleaseItem", {"item_id": ""}, "item_id", "does not match"),
    "item": ("GetItem", {"item_id": "1-1"}, "item_id", "does not match"),
    "item in foreign digits": ("GetItem", {"item_id": "1-1-٣"}, "item_id", "does not match"),
    "no disposition": ("CompleteItem", {"disposition": 0}, "disposition", "must not be in list [0, 6]"),
    "a disposition that is the service's own": (
        "CompleteItem", {"disposition": 6}, "disposition", "must not be in list [0, 6]",
    ),
    "disposition": ("CompleteItem", {"disposition": 99}, "disposition", "one of the defined"),
    "note": ("CompleteItem", {"note": "x" * 2001}, "note", "at most 2000 characters"),
    "NUL in a note": ("CompleteItem", {"note": "\0"}, "note", "must not hold NUL characters; remove them"),
    "watched queue": ("WatchItems", {"queue": "*"}, "queue", "does not match"),
}


@pytest.mark.parametrize(("method", "fields", "field", "mend"), QUEUE_REQUESTS.values(), ids=QUEUE_REQUESTS)
def test_the_human_queue_names_what_is_wrong(
    method: str, fields: dict[str, object], field: str, mend: str, stranger: Stranger, valid: Requests
) -> None:
    request = valid.of(method)
    for name in fields:
        request.ClearField(name)
    request.MergeFrom(type(request)(**fields))
    answer = stranger.call(rpc(method), request)

    assert answer.code is INVALID, answer
    assert mend in answer.problems[field]
    assert f"{field}: " in answer.text


@pytest.mark.parametrize("item", ["0-0-0", "1-1-1", "00001-0-0", "99999-99999999999999999999-99999999999999999999"])
@pytest.mark.parametrize("method", ["GetItem", "ClaimItem", "RenewItem", "ReleaseItem", "CompleteItem"])
def test_an_item_that_is_none_is_not_found(method: str, item: str, stranger: Stranger, valid: Requests) -> None:
    request = valid.of(method)
    request.item_id = item  # type: ignore[attr-defined]
    answer = stranger.call(rpc(method), request)

    assert answer.code is grpc.StatusCode.NOT_FOUND
    assert item in answer.text


BAD_UTTERANCES: dict[str, tuple[list[Utterance], str, str]] = {
    "none": ([], "utterances", "at least 1"),
    "65": ([Utterance(text="Hello")] * 65, "utterances", "no more than 64"),
    "empty text": ([Utterance(text="Hello"), Utterance()], "utterances[1].text", "at least 1 character"),
    "1 MB": ([Utterance(text="x" * 1_000_000)], "utterances[0].text", "at most 20000 characters"),
    "NUL": ([Utterance(text="\0")], "utterances[0].text", "must not hold NUL characters; remove them"),
    "language": ([Utterance(text="Hello", language="english")], "utterances[0].language", "[a-z]{2}"),
    "tenant": ([Utterance(text="Hello", tenant="SHOP")], "utterances[0].tenant", "does not match"),
    "region": ([Utterance(text="Hello", region="gb")], "utterances[0].region", "[A-Z]{2}"),
    "1999": ([Utterance(text="Hello", sent_at=Timestamp(seconds=946_684_799))], "utterances[0].sent_at", "2000-01-01"),
    "2100": ([Utterance(text="Hello", sent_at=Timestamp(seconds=4_102_444_800))], "utterances[0].sent_at", "2100-01-01"),
    "after all time": ([Utterance(text="Hello", sent_at=Timestamp(seconds=2**62))], "utterances[0].sent_at", "2100-01-01"),
}  # fmt: skip


@pytest.mark.parametrize(("utterances", "field", "mend"), BAD_UTTERANCES.values(), ids=BAD_UTTERANCES)
@pytest.mark.parametrize("method", ["Classify", "Extract", "Score"])
def test_the_models_refuse_bad_utterances(
    method: str, utterances: list[Utterance], field: str, mend: str, stranger: Stranger
) -> None:
    one = rpc(method)
    answer = stranger.call(one, one.request(utterances=utterances))  # type: ignore[call-arg]

    assert answer.code is INVALID, answer
    assert mend in answer.problems[field]


@pytest.mark.parametrize("method", ["Classify", "Extract", "Score"])
def test_the_models_answer_for_odd_texts(method: str, stranger: Stranger) -> None:
    texts = [
        " ", "\n\r\t\v\f\x1c\x85\u2028", "\ufeff", "\u200b\u200d", "\u202eabc\u202c", "👩‍👩‍👧‍👦🇩🇪", "e" + "\u0301" * 400, "\ufffe\uffff\U0010ffff",
        "\x01\x1b[31m\x7f", "x" * 2000, "9" * 2000, "٣٤٥ ½²Ⅷ", "99999999-99-99 32/13/9999 0/0/0", "in 999999999999 weeks",
        "9" * 4400 + " weeks ago", "$1e999999999", "$" + "9" * 4400, "€0." + "0" * 4400 + "1", "http://[::", "a@b.c@d.e", "((((((((",
    ]  # fmt: skip
    one = rpc(method)
    answer = stranger.call(one, one.request(utterances=[Utterance(text=text) for text in texts]))  # type: ignore[call-arg]

    assert answer.code is grpc.StatusCode.OK, answer


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("latin-1")).decode().rstrip("=")


BAD_TOKENS = {
    "no base64": "A",
    "padding alone": "====",
    "no text": token("\xff\xfe"),
    "another version": token("2;0-0;0-0"),
    "no positions": token("1;-;-"),
    "too few shards": token("1;0-0"),
    "too many shards": token("1;0-0;0-0;0-0"),
    "a line break": token("1;0-0;0-0\n"),
    "a number too large": token(f"1;0-0;{2**64}-0"),
    "negative": token("1;0-0;-1-0"),
    "capitals": "BEGIN",
    "forbidden characters": "a b",
    "a megabyte": "A" * 1_000_000,
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_resume_token_that_is_none_of_ours_is_refused(bad: str, stranger: Stranger) -> None:
    answer = stranger.call(rpc("WatchDecisions"), intake_pb2.WatchDecisionsRequest(tenant=TENANT, resume_token=bad))

    assert answer.code is INVALID, answer
    assert set(answer.problems) == {"resume_token"}


def bomb() -> str:
    """Sixty levels that each name the one before twice: 2^60 values, if anybody followed them."""
    levels = [f"b{n}: &b{n} [*b{n - 1}, *b{n - 1}]" for n in range(1, 60)]
    return "\n".join(["b0: &b0 [x, x]", *levels])


BAD_DRAFTS = {
    "bomb": bomb(),
    "itself": "&a [*a]",
    "deep lists": "[" * 20_000,
    "deep mappings": "{a: " * 5_000,
    "deep dashes": "- " * 5_000,
    "Python object": "!!python/object/apply:os.system ['true']",
    "huge number": "version: " + "9" * 200_000,
    "two documents": "---\na: 1\n---\nb: 2",
    "NUL": "a: \0",
    "tab": "\t",
    "odd keys": "{[]: 1, {}: 2, 2024-99-99: 3, .nan: 4}",
    "lone surrogate": '"\\ud800"',
    "no mapping": "- a\n- b",
}


@pytest.mark.parametrize("draft", BAD_DRAFTS.values(), ids=BAD_DRAFTS)
def test_a_draft_that_is_no_policy_is_refused(draft: str, stranger: Stranger) -> None:
    request = router_pb2.PreviewRequest(tenant=TENANT, messages=[new_message()], policy_yaml=draft)

    answer = stranger.call(rpc("Preview"), request)

    assert answer.code is INVALID, answer
    assert answer.text.startswith("policy: ")
    assert len(answer.text) < 4000


REQUESTS_TOO_LARGE: dict[str, tuple[Message, str]] = {
    "draft": (router_pb2.PreviewRequest(tenant=TENANT, messages=[new_message()], policy_yaml="x" * 262_145), "policy_yaml"),
    "conversation": (router_pb2.PreviewRequest(tenant=TENANT, messages=[new_message()] * 51), "messages"),
    "queue's name": (handoff_pb2.WatchItemsRequest(tenant=TENANT, queue="q" * 64), "queue"),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "field"), REQUESTS_TOO_LARGE.values(), ids=REQUESTS_TOO_LARGE)
def test_too_much_is_refused(request_: Message, field: str, stranger: Stranger) -> None:
    (one,) = (one for one in RPCS if one.request is type(request_))
    answer = stranger.call(one, request_)

    assert answer.code is INVALID, answer
    assert set(answer.problems) == {field}


@pytest.mark.parametrize("one", RPCS, ids=[one.method for one in RPCS])
def test_an_unknown_method_is_unimplemented(one: Rpc, stranger: Stranger) -> None:
    for path in (f"/{one.full_service}/{one.method}Twice", f"/{one.full_service}/", "/switchyard.v2.Nobody/Call"):
        assert stranger.send(one.service, path, b"", 30).code is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_not_grpc_at_all_is_hung_up_on(name: str, system: System) -> None:
    """Where harm was done, the check after each test would see it."""
    host, port = system.address(name).split(":")
    addresses = ((host, int(port)), system.metrics_address(name))
    for junk in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 5000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 3000, b"\x16\x03\x01"):
        for address in addresses:
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(junk)
