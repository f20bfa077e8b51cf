"""Resume tokens: where a watcher stands in each shard's decided stream."""

from __future__ import annotations

import base64
import binascii
import re

from shared.errors import FieldError

BEGIN = "begin"
_ID = re.compile(r"\d{1,20}-\d{1,20}")
FIELD = "resume_token"
GREATEST = 2**64 - 1  # both numbers of a stream id are unsigned and of 64 bits


def encode_token(positions: dict[int, str]) -> str:
    """Positions (stream ids by shard) as an opaque, URL-safe text."""
    text = "1;" + ";".join(positions[shard] for shard in sorted(positions))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(token: str, shards: int) -> dict[int, str]:
    """The inverse; raises FieldError where the token is not one of ours or of another number of shards."""
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise FieldError(FIELD, "is not a token of this service; use one as received, or none") from error
    version, *ids = text.split(";")
    if version != "1" or not all(_is_entry_id(one) for one in ids):
        raise FieldError(FIELD, "is not a token of this service; use one as received, or none")
    if len(ids) != shards:
        raise FieldError(
            FIELD, f"was made for {len(ids)} shards, and there are {shards} now; begin anew without a token"
        )
    return dict(enumerate(ids))


def _is_entry_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and all(int(number) <= GREATEST for number in text.split("-"))
