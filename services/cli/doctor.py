"""`switchyard doctor`: what is wrong with this installation, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from services.cli.failure import FAILED
from services.cli.options import AsJson, run_async

if TYPE_CHECKING:
    from collections.abc import Iterable

    from services.cli.finding import Finding

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(as_json: AsJson = False) -> None:
    """Check configuration, store, ports, models and clock; status 1 where something must be mended."""
    from services.cli.render import json_line

    findings = []
    for finding in run_async(_examine()):
        findings.append(finding)
        if as_json:
            typer.echo(json_line(finding.as_dict()))
    if not as_json:
        _print(findings)
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(FAILED)


async def _examine() -> list[Finding]:
    from services.cli.check_pack import check_pack
    from services.cli.check_ports import check_ports
    from services.cli.check_store import check_store
    from services.cli.finding import fail, ok
    from services.cli.settings import load_settings
    from shared.errors import ConfigError

    try:
        settings = load_settings()
    except ConfigError as error:
        return [fail("configuration", str(error).removeprefix("configuration: "), "correct it and run this again")]
    return [
        ok("configuration", "every key is known and in range"),
        *await check_store(settings),
        *await check_ports(settings),
        *check_pack(settings.platform.pack),
    ]


def _print(findings: Iterable[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    counts = {"ok": 0, "warn": 0, "fail": 0}
    for finding in findings:
        counts[finding.status] += 1
        detail = Text(finding.detail)
        if finding.mend:
            detail.append(f"\n→ {finding.mend}", style=_STYLES[finding.status])
        table.add_row(Text(finding.status, style=_STYLES[finding.status]), Text(finding.check, style="bold"), detail)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"\n{counts['ok']} ok, {counts['warn']} to look at, {counts['fail']} to mend")
