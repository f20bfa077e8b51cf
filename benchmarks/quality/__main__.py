"""Measures on the public sets and writes the tables: `python -m benchmarks.quality`, or `make quality`.

What the record already holds is not run again, so that it can be stopped and started at will.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.quality.catalogue import all_settings, chosen_settings
from benchmarks.quality.measuring import measure
from benchmarks.quality.record import Run, append_run, missing_runs, read_runs, runs_of
from benchmarks.quality.setting import Setting
from benchmarks.quality.table import mean_and_deviation, tables, with_tables
from shared.errors import DataFormatError

REPOSITORY = Path(__file__).resolve().parents[2]
MOST_BARS = 15  # epochs that are worth a bar each; more are runs of seconds, told in one line


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is missing, then write the tables; also when it is stopped."""
    console = Console(stderr=True)
    parser = _parser()
    options = parser.parse_args(arguments)
    settings = all_settings()
    try:
        with_tables(_document(options.docs), "")  # told now, not after hours of training
        chosen = chosen_settings(settings, options.set)
        runs = read_runs(options.out)
    except (ValueError, DataFormatError) as error:
        parser.error(str(error))
    plan = [
        (setting, seed, fold)
        for setting in chosen
        for seed, fold in missing_runs(setting, runs, options.seeds or setting.seeds, options.folds)
    ]
    if options.list:
        _print_state(chosen, runs)
        return
    try:
        _run_all(plan, options, console)
    except DataFormatError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        sys.exit(1)
    finally:
        _write_tables(options.docs, settings, read_runs(options.out))
        console.print(f"record: {options.out}, tables: {options.docs}", highlight=False)


def _run_all(plan: Sequence[tuple[Setting, int, int]], options: argparse.Namespace, console: Console) -> None:
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("public sets", total=len(plan))
        for setting, seed, fold in plan:
            if time.monotonic() - began >= options.minutes * 60:
                console.print(f"{options.minutes:g} minutes are over; what is left runs another time")
                return
            progress.update(bar, description=f"{setting.id}, seed {seed}, fold {fold}")
            loud = setting.options["epochs"] <= MOST_BARS
            if loud:  # the training has bars of its own, and a console shows one set at a time
                progress.stop()
            run = measure(
                setting, options.data, seed, fold, options.threads, console if loud else Console(quiet=True)
            )
            append_run(options.out, run)
            progress.start()
            progress.update(bar, advance=1)
            told = ", ".join(f"{it.name} {run.scores[it.key]:.4f}" for it in setting.measures)
            console.print(
                f"{setting.id}, seed {seed}, fold {fold}: {told}, {run.seconds:.0f} s", highlight=False
            )


def _print_state(settings: Sequence[Setting], runs: Sequence[Run]) -> None:
    for setting in settings:
        mine = runs_of(setting, runs)
        planned = len(setting.seeds) * setting.folds
        scores = (
            f"{it.name} {mean_and_deviation([run.scores[it.key] for run in mine])}"
            for it in setting.measures
            if mine
        )
        print(f"{setting.id}: {len(mine)} of {planned} runs", *scores, sep="  ")


def _write_tables(document: Path, settings: Sequence[Setting], runs: Sequence[Run]) -> None:
    document.write_text(with_tables(_document(document), tables(settings, runs)), encoding="utf-8")


def _document(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataFormatError(
            f"{path}: cannot be read ({error.strerror}); name the document by --docs"
        ) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description="Train and score on public sets with the trainer's own code.",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PREFIX",
        help='settings whose "set/name" begins so, such as nlupp or "nlupp/banking intents"; may be repeated; all if none',
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, nargs="+", metavar="N", help="instead of the settings' own")
    parser.add_argument("--folds", type=int, metavar="N", help="only the first folds of a setting")
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="begin no further run after so many; none is cut off; 0 only writes the tables",
    )
    parser.add_argument(
        "--threads", type=int, default=2, help="of torch; 1 where something else is computing"
    )
    parser.add_argument(
        "--data", type=Path, default=REPOSITORY.parent / "shared" / "data", help="the public sets"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).with_name("results.jsonl"), help="the record"
    )
    parser.add_argument(
        "--docs", type=Path, default=REPOSITORY / "docs" / "quality.md", help="where the tables go"
    )
    parser.add_argument("--list", action="store_true", help="only tell what has been run")
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the tables are written then too
    main()
