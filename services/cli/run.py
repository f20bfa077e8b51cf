"""`switchyard run`: the whole of Switchyard on this machine, with a sample inbox; what `make run` starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

if TYPE_CHECKING:
    from rich.text import Text

    from services.cli.board import Board
    from services.cli.sample_inbox import Feed
    from services.cli.settings import Settings
    from shared.config import PlatformConfig
    from shared.embedded import EmbeddedServer

FRAME_SECONDS = 0.1
LOG_FILE = "switchyard.log"


def run(
    state: Annotated[
        Path | None, typer.Option(help="Folder of the embedded store; embedded.state where not given.")
    ] = None,
    sample: Annotated[bool, typer.Option(help="Hand in the sample inbox.")] = True,
    once: Annotated[bool, typer.Option("--once", help="End when the sample inbox is decided.")] = False,
) -> None:
    """Run the store and every service here, hand in a sample inbox and show decisions as they come.

    Goes on until Ctrl-C, which drains. State survives: a second run goes on from the first. Where
    platform.redis_url is configured, that store is used and none is started.
    """
    started_at = time.monotonic()
    from services.cli.settings import is_given, load_settings
    from services.cli.store import state_of
    from shared.embedded import EmbeddedServer

    settings = load_settings()
    folder = state_of(settings, state)
    server = None if is_given("platform.redis_url") else EmbeddedServer(folder, settings.embedded.appendfsync)
    # A closed terminal or a plain kill must not leave the store behind.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _end)
    try:
        if server is not None:
            server.launch()  # first of all: it loads its data while we import and load models
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG_FILE).open("a", encoding="utf-8", buffering=1) as log:
            _run(settings, server, log, sample, once, started_at)
    except KeyboardInterrupt:
        pass
    finally:
        if server is not None:
            server.stop()
    if server is not None:
        typer.echo(f"stopped; everything is kept in {folder}")


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def _run(
    settings: Settings, server: EmbeddedServer | None, log: TextIO, sample: bool, once: bool, started_at: float
) -> None:
    import uvloop
    from rich.console import Console

    from services.cli.board import Board
    from services.cli.sample_inbox import SAMPLE_TENANT, Feed, read_sample
    from services.cli.settings import is_given
    from services.cli.store import store_url
    from shared.observability.logging import configure_logging

    changes: dict[str, object] = {"redis_url": server.url if server is not None else store_url(settings)}
    configure_logging(settings.platform.log_level, settings.platform.log_format, log)
    if not is_given("platform.tenants"):
        changes["tenants"] = tuple(dict.fromkeys((*settings.platform.tenants, SAMPLE_TENANT)))
    platform = settings.platform.model_copy(update=changes)
    messages = read_sample() if sample and SAMPLE_TENANT in platform.tenants else []
    console = Console(highlight=False)
    board = Board(console, _foot(settings, platform, Path(log.name)), len(messages), started_at)
    feed = Feed(settings.address("intake"), platform.tenants, board, messages)
    board.open()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, platform, server, board, feed, once))
    finally:
        board.close()


async def _serve(
    settings: Settings,
    platform: PlatformConfig,
    server: EmbeddedServer | None,
    board: Board,
    feed: Feed,
    once: bool,
) -> None:
    from services.cli.serve import build_services, chosen_services
    from shared.lifecycle import run_until_signal

    services = build_services(chosen_services(["all"]), settings, platform)
    if server is not None:
        await asyncio.to_thread(server.wait)
    # A closed terminal is a request to end like any other.
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, os.kill, os.getpid(), signal.SIGTERM)
    drawing = asyncio.create_task(_draw(board, once))
    try:
        await run_until_signal([*services, feed], platform.drain_s, lambda: board.status("serving"))
    finally:
        drawing.cancel()
        board.status("stopped")


async def _draw(board: Board, once: bool) -> None:
    while True:
        await asyncio.sleep(FRAME_SECONDS)
        board.refresh()
        if once and board.complete:
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _foot(settings: Settings, platform: PlatformConfig, log: Path) -> list[Text]:
    """Where everything is, and what to try next."""
    from rich.text import Text

    from services.cli.sample_inbox import SAMPLE_TENANT
    from services.cli.settings import without_secret
    from services.topology import TOPOLOGY

    host = settings.client_host
    ports = "  ".join(f"{one.name} {getattr(settings, one.name).port}" for one in TOPOLOGY)
    metrics = " ".join(str(getattr(settings, one.name).metrics_port) for one in TOPOLOGY)
    program, here = Path(sys.argv[0]).absolute(), Path.cwd()
    command = program.relative_to(here) if program.is_relative_to(here) else program.name
    lines = [
        ("gRPC", f"{host}  {ports}"),
        ("metrics", f"http://{host}:…/metrics  {metrics}"),
        ("store", f"{without_secret(platform.redis_url)}"),
        ("log", str(log)),
        ("try", f'{command} triage "Where is my order SW-100482?"'),
        ("", f"{command} ticket show T-2207 -t {SAMPLE_TENANT}"),
        ("", f"{command} queue list -t {SAMPLE_TENANT}"),
        ("stop", "Ctrl-C"),
    ]
    return [Text(f"{name:<9}", style="dim").append(value, style="default") for name, value in lines]
