"""`switchyard dead-letters` on a store that holds some."""

from __future__ import annotations

import asyncio

import pytest

from shared.domain.analysis import Part
from shared.streams.names import Group, Keys
from shared.streams.store import connect, prepare
from tests.harness.lane import Lane
from tests.harness.messages import customer
from tests.harness.parts import part_stage
from tests.harness.store_process import StoreProcess
from tests.unit.services.cli.conftest import Command

TEXT = "My card ends in 4417 and the kettle leaks."


async def give_up(url: str, count: int) -> None:
    redis = connect(url)
    await redis.flushall()
    keys = Keys(1)
    await prepare(redis, keys)
    lane = Lane(redis, keys)
    await lane.submit(*(customer(f"T-{number}", text=TEXT) for number in range(count)))
    entries = await lane.read(Group.INTENT)
    await part_stage(redis, keys, Part.INTENT).give_up(entries, ["5 deliveries failed"] * count)
    await redis.aclose()


@pytest.fixture
def dead(switchyard: Command, store: StoreProcess, monkeypatch: pytest.MonkeyPatch) -> Command:
    asyncio.run(give_up(store.url, 2))
    monkeypatch.setenv("SWITCHYARD_PLATFORM__REDIS_URL", store.url)
    monkeypatch.setenv("SWITCHYARD_PLATFORM__SHARDS", "1")
    return switchyard


def test_they_are_listed(dead: Command) -> None:
    first, second = dead("dead-letters", "list", "--json").lines
    assert (first["ticket_id"], first["group"], first["stream"]) == ("T-0", "intent", "tickets")
    assert second["reason"] == "5 deliveries failed"
    assert dead("dead-letters", "list", "--limit", "1").out.endswith("2 dead letters, 1 shown\n")


def test_the_customers_words_are_shown_on_request_alone(dead: Command) -> None:
    letter = dead("dead-letters", "list", "--json").lines[0]["id"]
    assert "4417" not in dead("dead-letters", "show", letter).out
    assert TEXT in dead("dead-letters", "show", letter, "--text").out
    assert dead("dead-letters", "show", letter, "--json").lines[0]["characters"] == len(TEXT)


def test_what_cannot_be_replayed_yet_stays(dead: Command) -> None:
    answer = dead("dead-letters", "replay", "--all")
    assert answer.code == 1
    assert answer.err.count("is being decided now") == 2


def test_they_can_be_dropped_by_name_and_all_together(dead: Command) -> None:
    letter = dead("dead-letters", "list", "--json").lines[0]["id"]
    assert dead("dead-letters", "drop", letter, "--json").lines == [{"id": letter, "dropped": True, "hint": ""}]
    assert dead("dead-letters", "show", letter).code == 1
    assert dead("dead-letters", "drop", "--all").code == 0
    assert "there are no dead letters" in dead("dead-letters", "drop", "--all").out


def test_which_ones_must_be_said(dead: Command) -> None:
    assert dead("dead-letters", "drop").code == 2
    assert dead("dead-letters", "drop", "0-1-1", "--all").code == 2


def test_another_number_of_shards_is_refused(dead: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__SHARDS", "3")
    answer = dead("dead-letters", "list")
    assert answer.code == 1
    assert "laid out with 1" in answer.err
