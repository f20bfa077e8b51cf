"""DecidedStreams: watchers resume where they stood, and are told where they cannot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from redis.asyncio import Redis

from services.intake.decisions import DecidedStreams, DecisionWaiter
from services.intake.resume_token import BEGIN, encode_token
from shared.cancellation import cancel_all
from shared.errors import FieldError, ResumeTokenError
from shared.streams.entry import Entry
from shared.streams.names import Keys, Stream
from shared.streams.store import prepare

SHARDS = 3


@pytest.fixture
async def decided(redis: Redis) -> AsyncIterator[Decided]:
    yield await Decided(redis).begin()


class Decided:
    """Decided streams of three shards that a test writes itself."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.keys = redis, Keys(SHARDS)
        self.streams = DecidedStreams(redis, self.keys)

    async def begin(self) -> Decided:
        await prepare(self.redis, self.keys)
        return self

    async def add(self, shard: int, name: str, tenant: str = "acme") -> str:
        raw: bytes = await self.redis.xadd(
            self.keys.stream(Stream.DECIDED, shard), {"v": "1", "k": f"{tenant}|{name}|m1", "d": name, "at": "1"}
        )
        return raw.decode()

    async def trim(self, shard: int, keep: int) -> None:
        await self.redis.xtrim(self.keys.stream(Stream.DECIDED, shard), maxlen=keep, approximate=False)

    async def follow(self, token: str, count: int, tenant: str = "acme") -> list[tuple[str, str]]:
        """The next so many decisions as (name, token after it)."""
        found: list[tuple[str, str]] = []
        async with asyncio.timeout(10), aclosing(self.streams.follow(tenant, token, 60.0)) as following:
            async for entry, after in following:
                if entry is not None:
                    found.append((entry.text(b"d"), after))
                if len(found) == count:
                    return found
        raise AssertionError("the stream ended")

    async def token_now(self) -> str:
        return encode_token(await self.streams.ends())


async def test_from_the_beginning_everything_kept_is_seen_in_order_within_a_shard(decided: Decided) -> None:
    for n in range(5):
        await decided.add(0, f"a{n}")
        await decided.add(2, f"c{n}")
    names = [name for name, _ in await decided.follow(BEGIN, 10)]
    assert [name for name in names if name[0] == "a"] == [f"a{n}" for n in range(5)]
    assert [name for name in names if name[0] == "c"] == [f"c{n}" for n in range(5)]


async def test_resuming_from_any_token_misses_nothing_and_repeats_nothing(decided: Decided) -> None:
    for n in range(4):
        for shard in range(SHARDS):
            await decided.add(shard, f"{shard}-{n}")
    whole = await decided.follow(BEGIN, 12)
    for seen, (_, token) in enumerate(whole[:-1], start=1):
        rest = [name for name, _ in await decided.follow(token, 12 - seen)]
        assert sorted(rest) == sorted(name for name, _ in whole[seen:])


async def test_without_a_token_only_what_comes_is_seen(decided: Decided) -> None:
    await decided.add(0, "old")
    following = decided.streams.follow("acme", "", 60.0)
    async with asyncio.timeout(10), aclosing(following):
        first, token = await anext(following)
        assert first is None and token, "a token comes at once, so that nothing is lost before the first decision"
        await decided.add(1, "new")
        entry, _ = await anext(following)
        assert entry is not None and entry.text(b"d") == "new"
    assert [name for name, _ in await decided.follow(token, 1)] == ["new"]


async def test_a_tenant_sees_its_own_decisions_alone(decided: Decided) -> None:
    await decided.add(0, "theirs", tenant="acme-2")
    await decided.add(0, "mine")
    await decided.add(0, "others", tenant="ac")
    await decided.add(0, "mine too")
    assert [name for name, _ in await decided.follow(BEGIN, 2)] == ["mine", "mine too"]


async def test_an_idle_watcher_gets_tokens_that_move_on(decided: Decided) -> None:
    await decided.add(0, "theirs", tenant="other")
    async with asyncio.timeout(10), aclosing(decided.streams.follow("acme", BEGIN, 0.0)) as following:
        _, first = await anext(following)
        entry, second = await anext(following)
    assert entry is None and second != first, "past the other tenant's decision"
    await decided.add(0, "mine")
    assert [name for name, _ in await decided.follow(second, 1)] == ["mine"]


async def test_a_token_after_which_decisions_were_trimmed_is_refused(decided: Decided) -> None:
    for n in range(10):
        await decided.add(1, f"b{n}")
    tokens = [token for _, token in await decided.follow(BEGIN, 10)]
    await decided.trim(1, 4)
    with pytest.raises(ResumeTokenError, match=r"no longer kept.*'begin'"):
        await decided.streams.positions(tokens[3])
    assert [name for name, _ in await decided.follow(tokens[6], 3)] == ["b7", "b8", "b9"], "later ones still serve"


async def test_a_token_from_before_the_first_decision_is_refused_once_some_are_trimmed(decided: Decided) -> None:
    """The watcher stood at the very beginning of an empty shard: what came and went since is lost to it."""
    token = await decided.token_now()
    for n in range(10):
        await decided.add(1, f"b{n}")
    assert len(await decided.follow(token, 10)) == 10
    await decided.trim(1, 4)
    with pytest.raises(ResumeTokenError):
        await decided.streams.positions(token)


async def test_a_token_is_refused_where_everything_after_it_was_removed(decided: Decided) -> None:
    token = await decided.token_now()
    await decided.add(1, "b")
    later = await decided.token_now()
    await decided.trim(1, 0)
    with pytest.raises(ResumeTokenError):
        await decided.streams.positions(token)
    await decided.streams.positions(later)


async def test_from_the_beginning_of_a_trimmed_stream_a_watcher_resumes(decided: Decided) -> None:
    """"begin" asks for what is kept; the tokens that it hands out must be good."""
    for n in range(10):
        await decided.add(1, f"b{n}")
    await decided.trim(1, 4)
    async with asyncio.timeout(10), aclosing(decided.streams.follow("acme", BEGIN, 60.0)) as following:
        _, token = await anext(following)
    assert [name for name, _ in await decided.follow(token, 4)] == ["b6", "b7", "b8", "b9"]


async def test_a_token_at_the_newest_decision_outlives_any_trimming(decided: Decided) -> None:
    for n in range(3):
        await decided.add(1, f"b{n}")
    token = await decided.token_now()
    await decided.trim(1, 1)
    await decided.add(1, "b3")
    assert [name for name, _ in await decided.follow(token, 1)] == ["b3"]


async def test_a_token_of_another_number_of_shards_is_refused(decided: Decided) -> None:
    with pytest.raises(FieldError, match="2 shards, and there are 3"):
        await decided.streams.positions(encode_token({0: "0-0", 1: "0-0"}))


async def test_a_token_survives_the_loss_of_the_store(decided: Decided) -> None:
    token = await decided.token_now()
    await decided.redis.flushall()
    await prepare(decided.redis, decided.keys)
    await decided.add(0, "after")
    assert [name for name, _ in await decided.follow(token, 1)] == ["after"]


# -- waiting for one decision -----------------------------------------------------------------------------------


@pytest.fixture
async def waiter(decided: Decided) -> AsyncIterator[DecisionWaiter]:
    waiter = DecisionWaiter(decided.streams)
    loop = asyncio.create_task(waiter.run())
    yield waiter
    assert not loop.done()
    await cancel_all([loop])


async def test_a_waiter_is_woken_by_its_own_decision(decided: Decided, waiter: DecisionWaiter) -> None:
    async with asyncio.timeout(10):
        mine, other = await waiter.expect("acme|T-1|m1"), await waiter.expect("acme|T-2|m1")
        await decided.add(2, "T-1")
        await mine
        assert not other.done()
        waiter.forget("acme|T-1|m1", mine)
        await decided.add(0, "T-2")
        await other
        waiter.forget("acme|T-2|m1", other)


async def test_a_decision_right_after_expecting_is_never_missed(decided: Decided, waiter: DecisionWaiter) -> None:
    async with asyncio.timeout(20):
        for n in range(20):
            future = await waiter.expect(f"acme|T-{n}|m1")
            await decided.add(n % SHARDS, f"T-{n}")
            await future
            waiter.forget(f"acme|T-{n}|m1", future)


async def test_several_waiters_for_one_message_are_all_woken(decided: Decided, waiter: DecisionWaiter) -> None:
    async with asyncio.timeout(10):
        futures = [await waiter.expect("acme|T-1|m1") for _ in range(3)]
        await decided.add(1, "T-1")
        await asyncio.gather(*futures)


async def test_a_caller_whose_time_is_over_while_the_store_is_away_leaves_nothing_behind(decided: Decided) -> None:
    waiter = DecisionWaiter(decided.streams)  # whose reader has not come so far as to read
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await waiter.expect("acme|T-1|m1")
    assert not waiter._waiting, "else the reader would read for ever for nobody"


async def test_entries_are_read_as_they_were_written(decided: Decided) -> None:
    written = await decided.add(1, "b")
    ((shard, entry),) = await decided.streams.read(dict.fromkeys(range(SHARDS), "0-0"), 10)
    assert shard == 1
    assert entry == Entry(written, "acme|b|m1", {b"v": b"1", b"k": b"acme|b|m1", b"d": b"b", b"at": b"1"})
