"""Where an error came up is told without what it says."""

from __future__ import annotations

import pytest

from shared.errors import ConfigError
from shared.observability.logging import meant, raised_at


def innermost() -> None:
    raise ValueError("my card is 4111 1111 1111 1111")


def test_the_innermost_place_is_named() -> None:
    with pytest.raises(ValueError, match="card") as raised:
        innermost()
    assert raised_at(raised.value) == f"{__file__}:{innermost.__code__.co_firstlineno + 1}"


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert raised_at(ValueError("x")) == ""


def test_only_errors_raised_on_purpose_are_quoted() -> None:
    mend = "platform.shards is 2, but this store was laid out with 4; set it to 4"
    assert meant(ConfigError(mend)) == mend
    assert meant(ValueError("my card is 4111 1111 1111 1111")) == ""
