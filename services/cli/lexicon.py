"""`switchyard lexicon check`: does a lexicon document hold?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.failure import FAILED
from services.cli.options import AsJson

app = typer.Typer(help="Look after lexicon documents.", no_args_is_help=True)


@app.callback()
def lexicons() -> None:
    """Look after lexicon documents."""


@app.command()
def check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The document.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Check a lexicon document; every problem is named with its line."""
    from services.cli.problems import refuse
    from services.cli.render import json_line
    from shared.inference.lexicon_document import LexiconDocumentError, read_lexicon

    try:
        lexicon = read_lexicon(file.read_text(encoding="utf-8"), str(file))
    except UnicodeDecodeError:
        typer.echo(f"error: {file}: is not valid UTF-8", err=True)
        raise typer.Exit(FAILED) from None
    except LexiconDocumentError as error:
        raise refuse(error, as_json) from None
    if as_json:
        typer.echo(
            json_line(
                {
                    "valid": True, "version": lexicon.version, "terms": lexicon.terms,
                    "tenants": list(lexicon.tenants), "problems": [],
                }
            )
        )  # fmt: skip
        return
    own = f"; tenants with terms of their own: {', '.join(lexicon.tenants)}" if lexicon.tenants else ""
    typer.echo(f"{file}: holds. Version {lexicon.version}: {lexicon.terms} terms{own}")
