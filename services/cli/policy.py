"""`switchyard policy check`: does a policy document hold?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import FAILED
from services.cli.options import AsJson

app = typer.Typer(help="Look after policy documents.", no_args_is_help=True)


@app.callback()
def policies() -> None:
    """Look after policy documents."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The document.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Check a policy document against the pack's taxonomy; every problem is named with its line."""
    from services.cli.problems import refuse
    from services.cli.render import json_line
    from services.cli.settings import load_settings
    from services.router.policy import PolicyDocumentError, load_policy
    from services.router.policy_store import read_intents

    intents = read_intents(load_settings().platform.pack)
    try:
        policy = load_policy(file.read_text(encoding="utf-8"), intents, str(file))
    except UnicodeDecodeError:
        typer.echo(f"error: {file}: is not valid UTF-8", err=True)
        raise typer.Exit(FAILED) from None
    except PolicyDocumentError as error:
        raise refuse(error, as_json) from None
    if as_json:
        typer.echo(json_line({"valid": True, "version": policy.version, "problems": []}))
        return
    typer.echo(
        f"{file}: holds. Version {policy.version}: {len(policy.routes)} routes, "
        f"{len(policy.overrides)} overrides; a person from frustration {policy.escalation.escalate_at:g}, "
        f"back below {policy.escalation.release_at:g}"
    )
