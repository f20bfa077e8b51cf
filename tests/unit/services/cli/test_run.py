"""`switchyard run`: from nothing to decisions, and on from there."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.cli.sample_inbox import SAMPLE_TENANT, read_sample
from shared.embedded import running_url
from tests.harness.system import SERVICES, free_ports, is_serving
from tests.unit.services.cli.conftest import Command

PROGRAM = Path(sys.executable).with_name("switchyard")
DRAIN_SECONDS = 60


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sy-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Ports of its own, and nothing else configured."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("SWITCHYARD_")}
    kept["SWITCHYARD_PLATFORM__DRAIN_S"] = str(DRAIN_SECONDS)
    ports = iter(free_ports(2 * len(SERVICES)))
    for name in SERVICES:
        kept[f"SWITCHYARD_{name.upper()}__PORT"] = str(next(ports))
        kept[f"SWITCHYARD_{name.upper()}__METRICS_PORT"] = str(next(ports))
    return kept


def run(environment: dict[str, str], state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, "run", "--state", state, *words], env=environment, capture_output=True, text=True, timeout=90, check=False
    )


def decisions(output: str) -> list[str]:
    """Lines that begin with a time."""
    return sorted(line for line in output.splitlines() if line[:2] == "20" and " #" in line)


def test_a_second_run_goes_on_from_the_first(environment: dict[str, str], state: Path) -> None:
    first = run(environment, state, "--once")
    assert first.returncode == 0, first.stderr
    assert len(decisions(first.stdout)) == len(read_sample()) == 12
    with_person = [line for line in decisions(first.stdout) if "  escalated → " in line or "  review → " in line]
    assert len(with_person) == 1, "of the sample inbox, one message is a person's"
    assert environment["SWITCHYARD_INTAKE__PORT"] in first.stdout
    second = run(environment, state, "--once")
    assert second.returncode == 0, second.stderr
    assert decisions(second.stdout) == decisions(first.stdout), "kept decisions are shown, none is made anew"
    log = (state / "switchyard.log").read_text(encoding="utf-8")
    assert log.count("service_stopped") == 2 * len(SERVICES)
    assert not any(message.text in log for message in read_sample())


@contextmanager
def serving(environment: dict[str, str], state: Path) -> Iterator[subprocess.Popen[str]]:
    """`run` in the background, ready inside."""
    process = subprocess.Popen(
        [PROGRAM, "run", "--state", state, "--no-sample"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        addresses = [f"127.0.0.1:{environment[f'SWITCHYARD_{name.upper()}__PORT']}" for name in SERVICES]
        while not all(is_serving(address, ()) for address in addresses):
            assert process.poll() is None and time.monotonic() < end
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.communicate()


def test_it_serves_until_ctrl_c_and_leaves_nothing_behind(
    environment: dict[str, str], state: Path, switchyard: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(environment, state) as process:
        monkeypatch.setenv("SWITCHYARD_INTAKE__PORT", environment["SWITCHYARD_INTAKE__PORT"])
        monkeypatch.setenv("SWITCHYARD_CLIENT__TIMEOUT_S", "60")
        assert switchyard("triage", "Where is my order?", "--ticket", "N-1").code == 0
        assert switchyard("ticket", "show", read_sample()[0].ticket_id, "--tenant", SAMPLE_TENANT).code == 0
        monkeypatch.setenv("SWITCHYARD_EMBEDDED__STATE", str(state))
        assert "0 dead letters" in switchyard("dead-letters", "list").out
        again = run(environment, state)
        assert again.returncode == 1
        assert again.stderr.startswith(f"error: {state}: another process ({process.pid})")
        watcher = subprocess.Popen([PROGRAM, "watch"], env=environment, stderr=subprocess.DEVNULL)
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        output, errors = process.communicate(timeout=60)
        took = time.monotonic() - started
        watcher.kill()
        watcher.wait()
        assert (process.returncode, errors) == (0, "")
        assert "stopped; everything is kept" in output
        assert took < DRAIN_SECONDS / 2, "a client that watches does not hold up the drain"
        assert running_url(state) is None


def test_a_taken_port_is_told_in_one_line(environment: dict[str, str], state: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", int(environment["SWITCHYARD_ROUTER__PORT"])))
        stranger.listen()
        answer = run(environment, state)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    assert environment["SWITCHYARD_ROUTER__PORT"] in answer.stderr
    assert running_url(state) is None
