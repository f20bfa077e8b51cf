"""The command line. Commands import what they need when they run, so that each starts fast."""

from __future__ import annotations

import typer

from services.cli import config_command, dead_letters, lexicon, policy, queue, ticket, train
from services.cli.analyse import classify, extract, score
from services.cli.bulk_import import import_messages
from services.cli.doctor import doctor
from services.cli.evaluate import evaluate
from services.cli.failure import CommandGroup
from services.cli.run import run
from services.cli.serve import serve
from services.cli.submit import submit, triage
from services.cli.watch import watch

HELP = """Switchyard: customer-support triage.

Exit status: 0 done; 1 refused or failed; 2 some of the input was rejected, or the command line is wrong;
3 the service or the store cannot be reached.
"""

_OPERATE, _CLIENT, _TEND = "Run", "Use", "Look after"

app = typer.Typer(
    name="switchyard",
    help=HELP,
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,  # their dumps of local variables could hold customers' words
    rich_markup_mode="rich",
)

app.command(rich_help_panel=_OPERATE)(run)
app.command(rich_help_panel=_OPERATE)(serve)
app.command(rich_help_panel=_OPERATE)(doctor)
app.command(rich_help_panel=_CLIENT)(submit)
app.command(rich_help_panel=_CLIENT)(triage)
app.command("import", rich_help_panel=_CLIENT)(import_messages)
app.command(rich_help_panel=_CLIENT)(watch)
app.add_typer(ticket.app, name="ticket", rich_help_panel=_CLIENT)
app.add_typer(queue.app, name="queue", rich_help_panel=_CLIENT)
app.command(rich_help_panel=_CLIENT)(classify)
app.command(rich_help_panel=_CLIENT)(extract)
app.command(rich_help_panel=_CLIENT)(score)
app.add_typer(policy.app, name="policy", rich_help_panel=_TEND)
app.add_typer(lexicon.app, name="lexicon", rich_help_panel=_TEND)
app.add_typer(config_command.app, name="config", rich_help_panel=_TEND)
app.add_typer(dead_letters.app, name="dead-letters", rich_help_panel=_TEND)
app.command(rich_help_panel=_TEND)(evaluate)
app.add_typer(train.app, name="train", rich_help_panel=_TEND)
