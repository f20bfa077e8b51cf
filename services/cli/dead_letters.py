"""`switchyard dead-letters`: entries that were given up, and what to do about them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from services.cli.failure import FAILED
from services.cli.options import AsJson, run_async

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from shared.streams.dead_letter import DeadLetter, DeadLetters
    from shared.streams.names import Keys

ResultT = TypeVar("ResultT")

app = typer.Typer(help="Look at entries that were given up, replay or drop them.", no_args_is_help=True)

_Ids = Annotated[list[str] | None, typer.Argument(help="Ids, as `dead-letters list` shows them.", show_default=False)]
_All = Annotated[bool, typer.Option("--all", help="All there are now.")]


@app.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, help="At most this many, the oldest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the oldest first."""
    from rich.console import Console
    from rich.table import Table

    from services.cli.render import json_line

    async def work(letters: DeadLetters, _redis: Redis, _keys: Keys) -> tuple[list[DeadLetter], int]:
        return await letters.all(limit), await letters.count()

    found, count = _run(work)
    if as_json:
        for letter in found:
            typer.echo(json_line(_as_dict(letter)))
        return
    if found:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in ("id", "when", "given up by", "tenant", "ticket", "message", "reason"):
            table.add_column(name, overflow="fold")
        for letter in found:
            key = letter.key
            table.add_row(letter.id, _local(letter.at_ms), letter.group, key.tenant, key.ticket, key.message, letter.reason)
        Console(highlight=False, markup=False).print(table)
    typer.echo(f"{count} dead letter{'' if count == 1 else 's'}" + (f", {len(found)} shown" if count > len(found) else ""))


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id, as `dead-letters list` shows it.")],
    text: Annotated[bool, typer.Option("--text", help="Print what was written, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter; the customer's words only with --text."""
    from services.cli.render import json_line, plain

    async def work(letters: DeadLetters, redis: Redis, keys: Keys) -> dict[str, Any]:
        from shared.streams.records import Records

        letter = await letters.find(letter_id)
        record = await Records(redis, keys).message(letter.key)
        content = _as_dict(letter)
        content["record"] = "kept" if record else "expired"
        if record is not None:
            content["language"] = record.message.language
            content["characters"] = len(record.message.text)
            content["decided"] = record.decision.outcome.value if record.decision else ""
            if text:
                content["text"] = record.message.text
        return content

    content = _run(work)
    if as_json:
        typer.echo(json_line(content))
        return
    for name, value in content.items():
        typer.echo(f"{name.replace('_', ' '):<11} {plain(str(value))}")


@app.command()
def replay(ids: _Ids = None, every: _All = False, as_json: AsJson = False) -> None:
    """Hand messages to the service that gave them up once more; mend the cause first.

    A replayed analysis or decision makes a new revision of the message's decision.
    """
    from shared.streams.dead_letter import Replay

    async def work(letter: DeadLetter, letters: DeadLetters) -> tuple[bool, str]:
        status = await letters.replay(letter)
        hint = {
            Replay.REPLAYED: "",
            Replay.MISSING: "somebody else replayed or dropped it",
            Replay.GONE: "its message has expired; drop it",
            Replay.UNDECIDED: "its message is being decided now; try again in a moment",
        }[status]
        return status is Replay.REPLAYED, hint

    _each(ids, every, as_json, "replayed", work)


@app.command()
def drop(ids: _Ids = None, every: _All = False, as_json: AsJson = False) -> None:
    """Forget dead letters. Messages and their decisions stay as they are."""

    async def work(letter: DeadLetter, letters: DeadLetters) -> tuple[bool, str]:
        return await letters.drop(letter), "somebody else replayed or dropped it"

    _each(ids, every, as_json, "dropped", work)


def _each(
    ids: list[str] | None,
    every: bool,
    as_json: bool,
    done: str,
    act: Callable[[DeadLetter, DeadLetters], Awaitable[tuple[bool, str]]],
) -> None:
    """Do the same to each; ends with status 1 where one could not be done."""
    from services.cli.render import json_line

    if bool(ids) == every:
        raise typer.BadParameter("name dead letters, or use --all")

    async def work(letters: DeadLetters, _redis: Redis, _keys: Keys) -> list[tuple[str, bool, str]]:
        chosen = await letters.all() if every else [await letters.find(one) for one in ids or ()]
        return [(letter.id, *await act(letter, letters)) for letter in chosen]

    outcomes = _run(work)
    for letter_id, ok, hint in outcomes:
        if as_json:
            typer.echo(json_line({"id": letter_id, done: ok, "hint": "" if ok else hint}))
        else:
            typer.echo(f"{letter_id} {done}" if ok else f"{letter_id} not {done}: {hint}", err=not ok)
    if not outcomes and not as_json:
        typer.echo("there are no dead letters")
    if not all(ok for _, ok, _ in outcomes):
        raise typer.Exit(FAILED)


def _run(work: Callable[[DeadLetters, Redis, Keys], Awaitable[ResultT]]) -> ResultT:
    from services.cli.settings import load_settings
    from services.cli.store import open_store
    from shared.streams.dead_letter import DeadLetters

    async def run() -> ResultT:
        async with open_store(load_settings()) as (redis, keys):
            return await work(DeadLetters(redis, keys), redis, keys)

    return run_async(run())


def _as_dict(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "at": datetime.fromtimestamp(letter.at_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        "stream": letter.stream.value,
        "group": letter.group,
        "tenant": letter.key.tenant,
        "ticket_id": letter.key.ticket,
        "message_id": letter.key.message,
        "deliveries": letter.deliveries,
        "reason": letter.reason,
    }


def _local(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
