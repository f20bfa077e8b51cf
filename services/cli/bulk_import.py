"""`switchyard import`: submit a file of messages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.failure import REJECTED
from services.cli.options import Address, AsJson, Tenant, run_async

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.bulk import Report

SHOWN = 20


def import_messages(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A .jsonl or .csv file.", show_default=False)
    ],
    rate: Annotated[float, typer.Option(min=0, help="Messages a second; 0: as fast as they are taken.")] = 0.0,
    patience: Annotated[
        float, typer.Option(min=1, help="Seconds without progress after which it gives up.")
    ] = 300.0,
    rejected: Annotated[Path | None, typer.Option(help="Write rejected lines here, as JSON Lines.")] = None,
    tenant: Tenant = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Submit the messages of a file, in order, each exactly once.

    JSON Lines hold NewMessage objects (ticket_id, message_id, text …) or labelled cases (id, lang, channel,
    messages); the header of a CSV file names the same fields, and attributes.<name>. It waits while the
    backlog is full or the server is away. Running it again is harmless: what was taken is known. Ends with
    status 2 where lines were rejected.
    """
    import asyncio

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from services.cli.bulk import BulkSubmitter, Report
    from services.cli.import_file import read_rows
    from services.cli.target import target
    from shared.errors import SwitchyardError
    from shared.rpc.client import RpcClient

    where = target("intake", address, tenant)
    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[counts]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    report = Report()
    try:
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            task = progress.add_task(file.name, total=file.stat().st_size, counts="")

            def show(report: Report) -> None:
                progress.update(task, counts=_counts(report))

            async def work() -> None:
                async with RpcClient(where.address) as client:
                    submitter = BulkSubmitter(client, where.tenant, report, rate, patience, show)
                    rows = read_rows(file, lambda count: progress.advance(task, count))
                    try:
                        await submitter.submit(rows)
                    except (SwitchyardError, asyncio.CancelledError):  # the latter of Ctrl-C
                        typer.echo(f"stopped: {_counts(report)}; run it again to go on", err=True)
                        raise

            run_async(work())
    finally:
        # However the run ended: whoever goes on has to know what was refused until then.
        if rejected is not None:
            _write(report, rejected)
    _tell(report, rejected, as_json, console)
    if report.rejected:
        raise typer.Exit(REJECTED)


def _counts(report: Report) -> str:
    parts = [f"{report.accepted:,} accepted"]
    if report.duplicates:
        parts.append(f"{report.duplicates:,} known already")
    if report.rejected:
        parts.append(f"{len(report.rejected):,} rejected")
    return ", ".join(parts)


def _write(report: Report, rejected: Path) -> None:
    from services.cli.render import json_line

    lines = [json_line(dict(rejection.as_dict())) for rejection in report.rejected]
    rejected.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def _tell(report: Report, rejected: Path | None, as_json: bool, console: Console) -> None:
    from services.cli.render import json_line

    if as_json:
        for rejection in report.rejected:
            typer.echo(json_line(dict(rejection.as_dict())))
        summary = {
            "accepted": report.accepted,
            "duplicates": report.duplicates,
            "rejected": len(report.rejected),
        }
        typer.echo(json_line(summary))
        return
    for rejection in report.rejected[:SHOWN]:
        console.print(f"line {rejection.line}: {rejection.reason}", style="yellow", markup=False)
    more = len(report.rejected) - SHOWN
    if more > 0:
        hint = "" if rejected else "; --rejected FILE writes all of them"
        console.print(f"… and {more:,} more{hint}", style="yellow", markup=False)
    typer.echo(_counts(report))
