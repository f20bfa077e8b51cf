"""A running system, and a Node that has gRPC but nothing of ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import IN_CI
from tests.harness.store_process import StoreProcess
from tests.harness.system import TOGETHER, System, some_server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INSTALL_SECONDS = 300
NODE_SECONDS = 100
SETTINGS: dict[str, object] = {
    "platform.tenants": "default,node-protos,node-reflection",
    "intake.heartbeat_s": 0.5,
    "intake.decide_within_ms": 60_000,
}
RunNode = Callable[..., str]


@pytest.fixture(scope="package")
def system() -> Iterator[System]:
    """Running and ready, all services in one process."""
    with StoreProcess(some_server()) as store, System(store.url, TOGETHER, SETTINGS) as running:
        yield running


@pytest.fixture(scope="package")
def node() -> RunNode:
    """Runs a script from the root of the repository, with gRPC for Node to hand; gives what it printed."""
    modules = installed()
    environment = {**os.environ, "NODE_PATH": str(modules), "NO_COLOR": "1"}

    def run(*arguments: str | Path) -> str:
        done = subprocess.run(
            ["node", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=NODE_SECONDS, check=False
        )  # fmt: skip
        assert done.returncode == 0, f"node failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def installed() -> Path:
    """The node_modules that package-lock.json asks for, installed if they are not; left out where Node is missing."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            leave_out(f"{program} is missing; install Node.js 18 or later with npm")
    modules = HERE / "node_modules"
    mark, wanted = modules / ".installed", hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not mark.is_file() or mark.read_text() != wanted:
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=HERE, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            leave_out(f"npm ci failed; is the package registry reachable?\n{done.stderr[-1000:]}")
        mark.write_text(wanted)
    return modules


def leave_out(why: str) -> None:
    """Skip; fail in CI, where nothing is left out."""
    if IN_CI:
        pytest.fail(f"{why}; in CI nothing is left out")
    pytest.skip(why)
