"""A loop of a service that ends by an error takes its process down, which then says so by its exit status."""

from __future__ import annotations

import pytest

from services.intake.app import build
from services.intake.config import IntakeConfig
from shared.config import PlatformConfig
from shared.errors import ConfigError, LoopError
from shared.lifecycle import Loops, run_until_signal
from tests.harness.store_process import StoreProcess

pytestmark = pytest.mark.usefixtures("redis")  # an empty store: other tests lay it out otherwise


async def dies_of_a_bug() -> None:
    raise KeyError("words of a customer")


async def dies_of_a_setting() -> None:
    raise ConfigError("platform.shards is 2, and should be 7")


async def test_a_bug_ends_the_process_and_is_not_quoted(any_store: StoreProcess) -> None:
    service = build(PlatformConfig(redis_url=any_store.url), IntakeConfig(port=0, metrics_port=0))
    service.loops = Loops(background=[dies_of_a_bug])

    with pytest.raises(LoopError, match="intake ended by an error of its own \\(KeyError\\)") as end:
        await run_until_signal([service], grace=1.0)

    assert "customer" not in str(end.value)


async def test_an_error_raised_on_purpose_is_told_as_it_is(any_store: StoreProcess) -> None:
    service = build(PlatformConfig(redis_url=any_store.url), IntakeConfig(port=0, metrics_port=0))
    service.loops = Loops(background=[dies_of_a_setting])

    with pytest.raises(ConfigError, match="should be 7"):
        await run_until_signal([service], grace=1.0)
