"""`switchyard serve`: run services until SIGTERM or Ctrl-C; one, several or all in one process."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.cli.settings import Settings
    from shared.config import PlatformConfig
    from shared.lifecycle import Service


def serve(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...|all", help="Services to run.", show_default=False)
    ],
) -> None:
    """Run services: intake, intent, slots, sentiment, router, handoff, or all.

    Several run in one process, with the same code as each on its own. SIGTERM or Ctrl-C drains: no new calls,
    no new entries, what is in hand is finished. Logs go to standard error.
    """
    import uvloop

    from services.cli.settings import load_settings
    from services.cli.store import store_url
    from shared.lifecycle import run_until_signal
    from shared.observability.logging import configure_logging

    chosen = chosen_services(names)
    settings = load_settings()
    platform = settings.platform.model_copy(update={"redis_url": store_url(settings)})
    configure_logging(platform.log_level, platform.log_format)

    async def work() -> None:
        await run_until_signal(build_services(chosen, settings, platform), platform.drain_s)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())


def chosen_services(names: Sequence[str]) -> list[str]:
    """Known names in the order of the flow, each once. Raises typer.BadParameter for an unknown one."""
    from services.topology import TOPOLOGY

    known = [service.name for service in TOPOLOGY]
    for name in names:
        if name != "all" and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise typer.BadParameter(f"{name!r} is no service{hint} There are {', '.join(known)} and all")
    return known if "all" in names else [name for name in known if name in names]


def build_services(names: Sequence[str], settings: Settings, platform: PlatformConfig) -> list[Service]:
    """Wire services; call it inside the running loop. Raises what a service's `build` raises."""
    services = []
    for name in names:
        module = import_module(f"services.{name}.app")
        service: Service = module.build(platform, getattr(settings, name))
        service.server.most_calls = platform.max_concurrent_calls  # of each alike, whatever it is made of
        services.append(service)
    return services
