"""Resume tokens: read back exactly, or refused as a field, whatever a caller sends."""

from __future__ import annotations

import base64
import re

import pytest
from annotated_types import Le
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.resume_token import BEGIN, FIELD, GREATEST, decode_token, encode_token
from shared.config import PlatformConfig
from shared.errors import FieldError
from shared.pb.switchyard.v1 import intake_pb2
from shared.rpc.validation import violations

NUMBERS = st.integers(0, GREATEST)
IDS = st.builds(lambda ms, sequence: f"{ms}-{sequence}", NUMBERS, NUMBERS)
POSITIONS = st.lists(IDS, min_size=1, max_size=16).map(lambda ids: dict(enumerate(ids)))


def token_of(text: str) -> str:
    """A token that holds any text."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(POSITIONS)
def test_a_token_is_read_back(positions: dict[int, str]) -> None:
    token = encode_token(positions)
    assert decode_token(token, len(positions)) == positions
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", token), "the protos refuse other characters"


def test_the_order_in_which_shards_were_read_does_not_matter() -> None:
    assert encode_token({1: "7-0", 0: "5-1"}) == encode_token({0: "5-1", 1: "7-0"})


def test_a_token_of_the_most_shards_there_can_be_passes_the_constraints() -> None:
    (most,) = [limit.le for limit in PlatformConfig.model_fields["shards"].metadata if isinstance(limit, Le)]
    token = encode_token(dict.fromkeys(range(int(str(most))), f"{GREATEST}-{GREATEST}"))
    assert violations(intake_pb2.WatchDecisionsRequest(tenant="acme", resume_token=token)) == []


@given(st.text(max_size=60))
@example("")
@example("é")
@example("=")
@example("A")
@example(BEGIN)
@example(token_of("1;"))
@example(token_of("2;5-0"))
@example(token_of("1;5-0\n"))
@example(token_of("1;٣-٣"))
@example(token_of("1;-5-0"))
@example(token_of(f"1;{GREATEST + 1}-0"))
@example(token_of("1;5-0;"))
def test_garbage_is_refused_as_a_field(token: str) -> None:
    with pytest.raises(FieldError) as refused:
        decode_token(token, 1)
    assert refused.value.field == FIELD
    assert "one as received" in refused.value.problem or "begin anew" in refused.value.problem


@given(st.text(st.sampled_from("0123456789-;\n 1"), max_size=30))
def test_what_is_accepted_is_made_of_stream_ids(text: str) -> None:
    try:
        positions = decode_token(token_of(f"1;{text}"), 1)
    except FieldError:
        return
    ms, sequence = positions[0].split("-")
    assert f"{ms}-{sequence}" == text
    assert ms.isdecimal()
    assert sequence.isdecimal()
    assert max(int(ms), int(sequence)) <= GREATEST


@given(POSITIONS, st.integers(1, 20))
def test_a_token_of_another_number_of_shards_says_so(positions: dict[int, str], shards: int) -> None:
    if shards == len(positions):
        return
    with pytest.raises(FieldError, match=f"was made for {len(positions)} shards, and there are {shards} now"):
        decode_token(encode_token(positions), shards)
