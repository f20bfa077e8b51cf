"""`switchyard train`: fine-tune, export and score the models of a domain pack.

Needs the ``train`` extra (torch); everything of it is imported when a command runs, so that the
other commands work without it.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.errors import SwitchyardError

app = typer.Typer(help="Train, export and score the models of a domain pack.", no_args_is_help=True)

_DEFAULT_PACK = Path("deploy/packs/commerce")


class TaskName(StrEnum):
    """The three tasks that have a model."""

    INTENT = "intent"
    SLOTS = "slots"
    SENTIMENT = "sentiment"


_Task = Annotated[TaskName, typer.Argument(help="Which model.")]
_Pack = Annotated[Path, typer.Option(help="Folder of the domain pack.")]


@app.command("run")
def run(
    task: _Task,
    version: Annotated[str, typer.Option(help="Version of the new model, such as 2026.11.2.")],
    pack: _Pack = _DEFAULT_PACK,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the public data sets; without it only the pack's cases.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Most passes over the data.")] = 5,
    minutes: Annotated[float, typer.Option(min=0.1, help="Stop after the epoch in which these pass.")] = 60.0,
    scale: Annotated[float, typer.Option(min=0.0, help="How much of each public set, 1 = as planned.")] = 1.0,
    repeat_cases: Annotated[int, typer.Option(min=1, help="How often an epoch shows our own cases.")] = 4,
    seed: Annotated[
        int, typer.Option(help="Seed of the order, the dropout and the choice of examples.")
    ] = 17,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Keep the float weights here, to export them again later.")
    ] = None,
) -> None:
    """Fine-tune one task and put the model into the pack, with its card."""
    console = Console(stderr=True)
    try:
        from services.trainer.finetune import TrainingOptions
        from services.trainer.train import TrainingRequest, train_task
    except ModuleNotFoundError as error:
        raise _without_extra(console, error) from error
    options = TrainingOptions(epochs=epochs, minutes=minutes, seed=seed)
    request = TrainingRequest(
        task=task.value,
        pack=pack,
        version=version,
        data=data,
        scale=scale,
        repeat_cases=repeat_cases,
        checkpoint=checkpoint,
        options=options,
    )
    try:
        result = train_task(request, console)
    except SwitchyardError as error:
        console.print(f"[red]error:[/] {error}")
        raise typer.Exit(1) from error
    console.print(f"{result.card.name} lies in {result.directory}")
    _print_scores(Console(), result.card.scores)


@app.command("score")
def score_model(
    task: _Task,
    split: Annotated[str, typer.Option(help="Which of the pack's cases: dev or test.")] = "dev",
    pack: _Pack = _DEFAULT_PACK,
) -> None:
    """Score the pack's active model on the pack's labelled cases, as it is served."""
    console = Console(stderr=True)
    try:
        from services.trainer.card import score
        from services.trainer.sources import held_out
        from services.trainer.taxonomy import load_taxonomy
    except ModuleNotFoundError as error:
        raise _without_extra(console, error) from error
    from shared.inference.model import load_pack
    from shared.inference.session import OnnxModel

    try:
        model = OnnxModel.load(load_pack(pack).model_directory(task.value))
        examples = held_out(split, task.value, pack, load_taxonomy(pack))
    except SwitchyardError as error:
        console.print(f"[red]error:[/] {error}")
        raise typer.Exit(1) from error
    _print_scores(Console(), {split: score(model, examples)})


def _print_scores(console: Console, scores: dict[str, dict[str, float]]) -> None:
    table = Table("measure", *scores)
    for measure in dict.fromkeys(key for part in scores.values() for key in part):
        cells = (part.get(measure) for part in scores.values())
        table.add_row(measure, *("" if cell is None else f"{cell:.4g}" for cell in cells))
    console.print(table)


def _without_extra(console: Console, error: ModuleNotFoundError) -> typer.Exit:
    console.print(
        f"[red]error:[/] {error.name} is not installed; training needs the extra: "
        "pip install 'switchyard\\[train]'"
    )
    return typer.Exit(2)
