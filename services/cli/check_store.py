"""Checks of the store: reachable, recent enough, safe at a crash, never evicting, its clock and layout."""

from __future__ import annotations

import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from services.cli.finding import Finding, fail, ok, warn
from services.cli.settings import Settings, is_given, without_secret
from services.cli.store import store_url
from shared.embedded import LEAST_VERSION, find_binary
from shared.errors import ConfigError, EmbeddedServerError
from shared.streams.names import Keys
from shared.streams.store import connect

SKEW_WARN_S, SKEW_FAIL_S = 1.0, 30.0
HEADROOM = 0.8


async def check_store(settings: Settings) -> list[Finding]:
    """Findings about the store that services would use now."""
    try:
        url = store_url(settings)
    except ConfigError as error:
        return [fail("store", str(error), "set SWITCHYARD_PLATFORM__REDIS_URL, or the key in the file")]
    redis = connect(url)
    try:
        before = time.time()
        seconds, micros = await redis.time()
        local = (before + time.time()) / 2
        server, persistence, memory = [await redis.info(part) for part in ("server", "persistence", "memory")]
        fsync = await _config(redis, "appendfsync")
        layout = await redis.get(Keys(settings.platform.shards).layout())
    except (RedisError, OSError) as error:
        return [_unreachable(url, error)]
    finally:
        await redis.aclose()
    return [
        version_finding(server, without_secret(url)),
        persistence_finding(persistence, fsync),
        policy_finding(memory),
        *memory_finding(memory),
        clock_finding(seconds + micros / 1e6 - local),
        *layout_finding(settings.platform.shards, layout),
    ]


def _unreachable(url: str, error: Exception) -> Finding:
    if is_given("platform.redis_url"):
        return fail(
            "store",
            f"{without_secret(url)} does not answer ({error})",
            "start it, or correct platform.redis_url (SWITCHYARD_PLATFORM__REDIS_URL)",
        )
    try:
        binary = find_binary()
    except EmbeddedServerError as missing:
        return fail("store", "none runs, and none can be started", str(missing))
    return ok("store", f"none runs now; `switchyard run` will start {binary}")


async def _config(redis: Redis, name: str) -> str:
    """A setting, or "" where the store (a managed one) does not tell."""
    try:
        found: dict[Any, Any] = await redis.config_get(name)
    except RedisError:
        return ""
    value = found.get(name, found.get(name.encode(), b""))
    return value.decode() if isinstance(value, bytes) else str(value)


def version_finding(server: dict[str, Any], where: str) -> Finding:
    """Valkey tells its own version beside the one of Redis that it is compatible with."""
    name = "Valkey" if "valkey_version" in server else "Redis"
    version = str(server.get("valkey_version") or server.get("redis_version", "0"))
    known = str(server.get("redis_version", "0"))
    if tuple(int(part) for part in known.split(".")[:2]) < LEAST_VERSION:
        return fail("store", f"{name} {version} at {where}", "use Redis 7.0 or later, or Valkey")
    return ok("store", f"{name} {version} at {where}")


def persistence_finding(persistence: dict[str, Any], fsync: str) -> Finding:
    """What is acknowledged must survive a crash of the store."""
    check = "persistence"
    if not int(persistence.get("aof_enabled", 0)):
        return fail(
            check,
            "no append-only file: acknowledged messages are lost when the store dies",
            "set `appendonly yes` (on a managed store: turn persistence on)",
        )
    if str(persistence.get("aof_last_write_status", "ok")) != "ok":
        return fail(check, "the last write of the append-only file failed", "look at the store's disk and log")
    if fsync == "always":
        return ok(check, "append-only file, every write synced before it is answered")
    if fsync == "no":
        return fail(check, "append-only file, never synced", "set `appendfsync always` or `everysec`")
    if fsync == "everysec":
        return warn(
            check,
            "append-only file, synced each second: a power cut may lose up to two seconds of acknowledged messages",
            "set `appendfsync always` where that is too much",
        )
    return ok(check, "append-only file (the store does not tell how often it is synced)")


def policy_finding(memory: dict[str, Any]) -> Finding:
    """An evicted record is a lost message."""
    policy = str(memory.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        return ok("eviction", "maxmemory-policy noeviction")
    return fail(
        "eviction",
        f"maxmemory-policy {policy}: under pressure the store throws accepted messages away",
        "set `maxmemory-policy noeviction`",
    )


def memory_finding(memory: dict[str, Any]) -> list[Finding]:
    """How near the store is to its limit, where it has one."""
    limit, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
    if not limit:
        return []
    detail = f"{used / 2**20:,.0f} of {limit / 2**20:,.0f} MiB used"
    if used >= HEADROOM * limit:
        return [warn("memory", detail, "raise maxmemory or lower platform.record_ttl_s; intake stops admitting")]
    return [ok("memory", detail)]


def clock_finding(skew_s: float) -> Finding:
    """The store's clock stamps acceptance and deadlines; this machine's judges the times in requests."""
    detail = f"the store's clock is {abs(skew_s):.3f} s {'ahead' if skew_s > 0 else 'behind'}"
    if abs(skew_s) < SKEW_WARN_S:
        return ok("clock", detail)
    mend = "let NTP set the clocks of both machines"
    return fail("clock", detail, mend) if abs(skew_s) >= SKEW_FAIL_S else warn("clock", detail, mend)


def layout_finding(shards: int, layout: bytes | str | None) -> list[Finding]:
    """The number of shards is fixed by the first service that used the store."""
    if layout is None:
        return [ok("shards", f"{shards}; the store is not laid out yet")]
    if int(layout) != shards:
        return [
            fail(
                "shards",
                f"platform.shards is {shards}, but the store was laid out with {int(layout)}",
                f"set platform.shards to {int(layout)}",
            )
        ]
    return [ok("shards", str(shards))]
