"""The topology is true: each service reads its stream and writes to those it says, and to no other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.topology import TOPOLOGY
from shared.domain.analysis import Part
from shared.streams.names import Group, Stream
from tests.harness.lane import STREAM_OF, Lane
from tests.harness.messages import agent, customer
from tests.harness.parts import GROUP_OF, part_stage
from tests.harness.routers import router_stage

SAID = {service.name: service for service in TOPOLOGY}


async def _written(lane: Lane, work: Callable[[], Awaitable[object]]) -> set[Stream]:
    """Streams that grew while it worked."""
    before = await lane.lengths()
    await work()
    after = await lane.lengths()
    return {stream for stream in Stream if after[stream] > before[stream]}


async def _analyse(lane: Lane, part: Part) -> None:
    stage = part_stage(lane.redis, lane.keys, part)
    entries = await lane.read(GROUP_OF[part])
    assert entries, f"{part} reads nothing"
    await stage.commit(entries, await stage.process(entries))


async def _route(lane: Lane) -> None:
    stage = router_stage(lane.redis, lane.keys)
    entries = await lane.read(Group.ROUTER)
    assert entries, "the router reads nothing"
    await stage.commit(entries, await stage.process(entries))


async def test_services_write_the_streams_that_the_topology_says(lane: Lane) -> None:
    seen: dict[str, set[Stream]] = {service.name: set() for service in TOPOLOGY}
    seen["intake"] = await _written(lane, lambda: lane.submit(customer("T-1", "m1"), agent("T-1", "m2")))
    # the agent's message comes to the router first and is parked; the customer's wakes it
    seen["router"] |= await _written(lane, lambda: _route(lane))
    for last in Part:
        others = [part for part in Part if part is not last]
        for part in others:
            seen[part.value] |= await _written(lane, lambda part=part: _analyse(lane, part))  # type: ignore[misc]
        seen[last.value] |= await _written(lane, lambda last=last: _analyse(lane, last))  # type: ignore[misc]
        seen["router"] |= await _written(lane, lambda: _route(lane))
        await lane.submit(customer("T-2", f"after-{last}"))
    for name, streams in seen.items():
        assert streams == set(SAID[name].produces), f"{name} writes {streams}"


async def test_services_read_the_stream_that_the_topology_says() -> None:
    for service in TOPOLOGY:
        if service.group is not None:
            assert STREAM_OF[service.group] is service.consumes
            assert service.group.value == service.name
