"""Options that several commands share."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer

ResultT = TypeVar("ResultT")

Tenant = Annotated[
    str | None, typer.Option("--tenant", "-t", help="Tenant to act for; client.tenant where not given.")
]
Address = Annotated[
    str | None, typer.Option(help="host:port of the service; client.<service> where not given.")
]
Timeout = Annotated[
    float | None, typer.Option(min=0.1, help="Seconds to wait for an answer; client.timeout_s where not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]


def run_async(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a command's coroutine; Ctrl-C ends the command with the shell's code for it."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
