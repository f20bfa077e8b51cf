"""What `doctor` makes of a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.cli.check_pack import check_pack
from services.cli.check_store import (
    check_store,
    clock_finding,
    layout_finding,
    memory_finding,
    persistence_finding,
    policy_finding,
    version_finding,
)
from services.cli.settings import load_settings
from shared.config import PACKS
from tests.harness.store_process import StoreProcess


@pytest.mark.parametrize(
    ("server", "status"),
    [
        ({"redis_version": "6.2.7"}, "fail"),
        ({"redis_version": "7.0.15"}, "ok"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "ok"),
        ({}, "fail"),
    ],
)
def test_versions(server: dict[str, Any], status: str) -> None:
    assert version_finding(server, "redis://somewhere").status == status


@pytest.mark.parametrize(
    ("persistence", "fsync", "status"),
    [
        ({"aof_enabled": 0}, "always", "fail"),
        ({"aof_enabled": 1, "aof_last_write_status": "err"}, "always", "fail"),
        ({"aof_enabled": 1}, "always", "ok"),
        ({"aof_enabled": 1}, "everysec", "warn"),
        ({"aof_enabled": 1}, "no", "fail"),
        ({"aof_enabled": 1}, "", "ok"),
    ],
)
def test_persistence(persistence: dict[str, Any], fsync: str, status: str) -> None:
    assert persistence_finding(persistence, fsync).status == status


def test_eviction_loses_messages() -> None:
    assert policy_finding({"maxmemory_policy": "noeviction"}).status == "ok"
    assert policy_finding({"maxmemory_policy": "allkeys-lru"}).status == "fail"


def test_memory_is_judged_where_it_is_limited() -> None:
    assert memory_finding({"maxmemory": 0, "used_memory": 5}) == []
    assert memory_finding({"maxmemory": 100, "used_memory": 79})[0].status == "ok"
    assert memory_finding({"maxmemory": 100, "used_memory": 80})[0].status == "warn"


@pytest.mark.parametrize(("skew", "status"), [(0.2, "ok"), (-0.2, "ok"), (5, "warn"), (-5, "warn"), (60, "fail")])
def test_clocks(skew: float, status: str) -> None:
    assert clock_finding(skew).status == status


def test_shards_must_agree() -> None:
    assert layout_finding(2, None)[0].status == "ok"
    assert layout_finding(2, b"2")[0].status == "ok"
    assert layout_finding(2, b"4")[0].mend == "set platform.shards to 4"


async def test_a_real_store_is_told_apart(any_store: StoreProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__REDIS_URL", any_store.url)
    findings = {finding.check: finding.status for finding in await check_store(load_settings())}
    assert findings == {"store": "ok", "persistence": "warn", "eviction": "ok", "clock": "ok", "shards": "ok"}


async def test_a_configured_store_that_is_away_must_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__REDIS_URL", "redis://user:secret@127.0.0.1:1/0")
    (finding,) = await check_store(load_settings())
    assert finding.status == "fail"
    assert "secret" not in finding.detail


def test_the_commerce_pack_is_sound() -> None:
    assert {finding.status for finding in check_pack(PACKS / "commerce")} == {"ok"}


def test_a_changed_model_is_found(tmp_path: Path) -> None:
    for path in (PACKS / "commerce").glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    for path in (PACKS / "commerce" / "models").rglob("*"):
        target = tmp_path / path.relative_to(PACKS / "commerce")
        if path.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        elif path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    for path in (tmp_path / "models" / "intent").rglob("tokenizer.json"):
        path.unlink()
        path.write_text("{}")
    statuses = {finding.check: finding.status for finding in check_pack(tmp_path)}
    assert statuses["model intent"] == "fail"
    assert statuses["model slots"] == "ok"


def test_a_folder_that_is_no_pack_is_named(tmp_path: Path) -> None:
    (finding,) = check_pack(tmp_path)
    assert finding.status == "fail"
    assert str(tmp_path) in finding.detail
