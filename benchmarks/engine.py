"""The whole of Switchyard as it is served: an embedded store and every service, in either form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from redis import Redis

from benchmarks.processes import rss_mb
from services.topology import TOPOLOGY
from shared.embedded import EmbeddedServer

START_SECONDS = 180.0
STOP_SECONDS = 30.0
NAMES = tuple(service.name for service in TOPOLOGY)
MODELS = ("intent", "slots", "sentiment")
ALL, STORE = "all", "store"


class Form(StrEnum):
    """Every service in one process, or each in one of its own."""

    ALL_IN_ONE = "all-in-one"
    SPLIT = "split"


@dataclass(frozen=True, slots=True)
class _Started:
    process: subprocess.Popen[bytes]
    log: Path


class Engine:
    """A context manager: serving inside, gone with its data after.

    The store is the embedded one with its own defaults (every write synced before it is answered).
    """

    def __init__(self, form: Form, environment: dict[str, str] | None = None) -> None:
        self.form = form
        self.address = ""
        self.pids: dict[str, int] = {}
        self.model_metrics: list[str] = []
        self._environment = environment or {}
        self._folder = tempfile.TemporaryDirectory(prefix="sy-bench-")
        self._store = EmbeddedServer(Path(self._folder.name) / "state")
        self._started: dict[str, _Started] = {}

    @property
    def redis_url(self) -> str:
        return self._store.url

    def __enter__(self) -> Self:
        self._store.__enter__()
        try:
            with Redis.from_url(self.redis_url) as client:
                self.pids[STORE] = client.info("server")["process_id"]
            for names in [[ALL]] if self.form is Form.ALL_IN_ONE else [[name] for name in NAMES]:
                self._serve(names[0])
            started = self._await_ready()
            self.address = f"127.0.0.1:{started['intake']['port']}"
            self.model_metrics = [f"http://127.0.0.1:{started[name]['metrics_port']}/metrics" for name in MODELS]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for started in self._started.values():
            started.process.terminate()
        for started in self._started.values():
            try:
                started.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                started.process.kill()
                started.process.wait()
        self._store.stop()
        self._folder.cleanup()

    def rss_mb(self) -> dict[str, tuple[float, float]]:
        """Resident memory of every process, now and at most."""
        return {name: rss_mb(pid) for name, pid in self.pids.items()}

    def _serve(self, name: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("SWITCHYARD_")}
        environment["SWITCHYARD_PLATFORM__REDIS_URL"] = self.redis_url
        # a busy machine shall make slow decisions, not partial ones, which would be other work
        environment["SWITCHYARD_INTAKE__DECIDE_WITHIN_MS"] = "60000"
        for service in NAMES:
            environment[f"SWITCHYARD_{service.upper()}__PORT"] = "0"
            environment[f"SWITCHYARD_{service.upper()}__METRICS_PORT"] = "0"
        log = Path(self._folder.name) / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [Path(sys.executable).with_name("switchyard"), "serve", name],
                env={**environment, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        self._started[name] = _Started(process, log)
        self.pids[name] = process.pid

    def _await_ready(self) -> dict[str, dict[str, Any]]:
        """What each service said on its start, when each has said that it is ready."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            said, ready = {}, set()
            for started in self._started.values():
                if started.process.poll() is not None:
                    raise RuntimeError(f"a service ended early: {_tail(started.log)}")
                for event in _events(started.log):
                    if event.get("event") == "service_started":
                        said[event["service"]] = event
                    if event.get("event") == "readiness" and event.get("ready"):
                        ready.add(event["service"])
            if ready >= set(NAMES):
                return said
            time.sleep(0.05)
        raise RuntimeError("the services were not ready in time: " + " | ".join(_tail(s.log) for s in self._started.values()))


def _events(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-1500:]
