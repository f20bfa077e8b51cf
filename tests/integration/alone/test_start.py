"""Each service by itself: how it starts, what keeps it from starting, and how it says so."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from shared.config import PACKS
from shared.streams.names import Keys
from tests.harness.store_process import StoreProcess
from tests.harness.system import RPC_SERVICES, SERVICES, ServiceFailedError, System, is_serving, some_server
from tests.harness.waiting import eventually

COMMERCE = PACKS / "commerce"
MODELS = ("intent", "slots", "sentiment")


@pytest.fixture
def store() -> Iterator[StoreProcess]:
    """A store that does not run yet."""
    process = StoreProcess(some_server())
    yield process
    process.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_it_waits_for_the_store_and_needs_no_other_service(store: StoreProcess, service: str) -> None:
    system = System(store.url, [(service,)])
    process = system.process_of(service)

    async def answers() -> bool:
        assert process.running, process.tail()
        return "store_unreachable" in process.tail()

    def serves() -> bool:
        return is_serving(system.address(service), RPC_SERVICES[service])

    async def ready() -> bool:
        return await asyncio.to_thread(serves)

    try:
        process.start()
        await eventually(answers, f"{service} looks for the store", 40)
        assert not serves(), "ready without a store"
        await asyncio.to_thread(store.start)
        await eventually(ready, f"{service} is ready")
        assert system.terminate(service) == 0
    finally:
        system.close()


def refused(system: System, service: str) -> str:
    """Start a service that must not start; what it said."""
    process = system.process_of(service)
    try:
        with pytest.raises(ServiceFailedError):
            system.start(service)
        assert process.wait() > 0, f"a failed start must not look like a success;{process.tail()}"
        return process.tail()
    finally:
        system.close()


def test_a_store_of_other_shards_is_refused(store: StoreProcess) -> None:
    """The same ticket would be looked for in two places."""
    store.start()
    with Redis.from_url(store.url) as admin:
        admin.set(Keys(2).layout(), 7)

    said = refused(System(store.url, [("router",)]), "router")

    assert "platform.shards is 2" in said
    assert "laid out with 7" in said


def test_a_taken_port_is_named(store: StoreProcess) -> None:
    store.start()
    system = System(store.url, [("intake",)])
    host, _, port = system.address("intake").partition(":")
    with socket.socket() as other:
        other.bind((host, int(port)))
        other.listen()

        said = refused(system, "intake")

    assert port in said
    assert "Traceback" not in said


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack to spoil; the models are linked."""
    copy = tmp_path / "pack"
    shutil.copytree(COMMERCE, copy, ignore=shutil.ignore_patterns("cases"), copy_function=link)
    return copy


def link(source: str, target: str) -> None:
    """Copy small files, link large ones."""
    if Path(source).stat().st_size > 100_000:
        Path(target).symlink_to(source)
    else:
        shutil.copy2(source, target)


@pytest.mark.parametrize("service", MODELS)
def test_a_model_that_differs_from_its_card_is_refused(store: StoreProcess, pack: Path, service: str) -> None:
    store.start()
    (model,) = (pack / "models" / service).glob("*/model.onnx")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.unlink()
    model.write_bytes(content)

    said = refused(System(store.url, [(service,)], {"platform.pack": pack}), service)

    assert str(model) in said
    assert "sha256" in said
    assert "Traceback" not in said


def test_a_policy_with_a_mistake_is_refused(store: StoreProcess, pack: Path) -> None:
    store.start()
    policy = pack / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("escalate_at: 0.62", "escalate_at: 62"), encoding="utf-8")

    said = refused(System(store.url, [("router",)], {"platform.pack": pack}), "router")

    assert "escalate_at" in said
    assert "Traceback" not in said


def test_an_unknown_setting_is_refused_with_the_nearest_name(store: StoreProcess) -> None:
    store.start()

    said = refused(System(store.url, [("intake",)], {"intake.backlogg": 5}), "intake")

    assert "SWITCHYARD_INTAKE__BACKLOGG" in said
    assert "did you mean SWITCHYARD_INTAKE__BACKLOG?" in said
