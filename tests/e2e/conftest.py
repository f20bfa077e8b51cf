"""The whole of Switchyard in both forms: all in one process, and each service a process of its own.

Each form is started once for all tests that ask for `system`; a tenant of its own keeps tests apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count

import pytest

from tests.harness.helpdesk import Helpdesk
from tests.harness.store_process import StoreProcess
from tests.harness.system import APART, TOGETHER, System, some_server

TENANTS = 400
SETTINGS: dict[str, object] = {
    "platform.tenants": ",".join(f"shop-{number}" for number in range(TENANTS)),
    "platform.log_level": "DEBUG",
    "intake.heartbeat_s": 0.5,
    "intake.decide_within_ms": 60_000,  # a busy machine must not make decisions partial
    # What a killed process held is taken over soon, and a slow moment is not yet taken for death.
    **{f"{name}.consumer.lease_ms": 3000 for name in ("intent", "slots", "sentiment", "router", "handoff")},
    "handoff.measure_s": 0.3,
    "handoff.heartbeat_s": 0.5,
}
FORMS = {"together": TOGETHER, "apart": APART}


@pytest.fixture(scope="session")
def own_store() -> Iterator[StoreProcess]:
    """The store of `system`, which no other test empties."""
    with StoreProcess(some_server()) as store:
        yield store


@pytest.fixture(scope="session", params=list(FORMS))
def system(request: pytest.FixtureRequest, own_store: StoreProcess) -> Iterator[System]:
    """Running and ready, first in one form, then in the other, on the same store."""
    with System(own_store.url, FORMS[request.param], SETTINGS) as running:
        yield running


@pytest.fixture(scope="session")
def tenants() -> Iterator[str]:
    """Names of tenants that nobody has used yet."""
    return (f"shop-{number}" for number in count())


@pytest.fixture
async def desk(system: System, tenants: Iterator[str]) -> AsyncIterator[Helpdesk]:
    """A helpdesk of a tenant that nobody has used yet."""
    addresses = (system.address(name) for name in ("intake", "handoff", "router"))
    async with Helpdesk(next(tenants), *addresses) as client:
        yield client
