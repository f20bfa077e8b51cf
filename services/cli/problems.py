"""How a command tells what is wrong with a document that somebody wrote."""

from __future__ import annotations

import typer

from services.cli.failure import FAILED
from services.cli.render import json_line
from shared.document_problems import DocumentError


def refuse(error: DocumentError, as_json: bool) -> typer.Exit:
    """Print every problem of a document; the exit that the command ends by."""
    if as_json:
        problems = [
            {"line": one.line, "field": one.path, "problem": one.problem, "mend": one.mend} for one in error.problems
        ]
        typer.echo(json_line({"valid": False, "problems": problems}))
    else:
        typer.echo(str(error), err=True)
    return typer.Exit(FAILED)
