"""Lua scripts, read from beside the code that calls them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

HERE = Path(__file__).parent


class Script:
    """A script called by its hash, and loaded again where the server has forgotten it."""

    def __init__(self, redis: Redis, *files: Path) -> None:
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        self._script = redis.register_script(text)

    async def __call__(self, keys: Sequence[str], args: Sequence[str | bytes | int]) -> Any:
        return await self._script(keys=list(keys), args=list(args))


def commit_script(redis: Redis, *stage: Path) -> Script:
    """The commit primitive followed by a stage's own part, in one file or several."""
    return Script(redis, HERE / "commit.lua", *stage)
