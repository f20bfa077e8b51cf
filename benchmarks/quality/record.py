"""The record of what was run: a JSON Lines file, one run a line, only ever added to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmarks.quality.setting import Setting
from shared.errors import DataFormatError


@dataclass(frozen=True, slots=True)
class Run:
    """One training and its scores on the test part.

    Attributes:
        options: where the training differed from the trainer's defaults.
        epochs: how many were run, and which was kept.
        sizes: examples trained on, chosen on, scored on, and how many of the last have a text that
            was also trained on (the published parts of some sets overlap).
        seconds: of training and scoring.
        date: of its end, UTC, ISO 8601.
        versions: of Python, torch and the code.
    """

    set: str
    setting: str
    seed: int
    fold: int
    options: Mapping[str, float]
    scores: Mapping[str, float]
    epochs: Mapping[str, int]
    sizes: Mapping[str, int]
    seconds: float
    threads: int
    date: str
    versions: Mapping[str, str]


def read_runs(path: Path) -> list[Run]:
    """All runs of the file; none where it does not exist. DataFormatError names a line that is no run."""
    if not path.exists():
        return []
    runs = []
    wanted = {field.name for field in fields(Run)}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            raw = json.loads(line)
        except json.JSONDecodeError:
            raise DataFormatError(
                f"{path}: line {number}: is not JSON; was it cut short? Delete it"
            ) from None
        if not isinstance(raw, dict) or set(raw) != wanted:
            raise DataFormatError(f"{path}: line {number}: must have the fields {', '.join(sorted(wanted))}")
        runs.append(Run(**raw))
    return runs


def append_run(path: Path, run: Run) -> None:
    """Add a run, on the disk when this returns: it may have taken an hour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(run)) + "\n")
        file.flush()
        os.fsync(file.fileno())


def runs_of(setting: Setting, runs: Iterable[Run]) -> list[Run]:
    """The runs that were made as the setting now says."""
    return [
        run
        for run in runs
        if (run.set, run.setting, run.options) == (setting.set, setting.name, setting.options)
    ]


def missing_runs(
    setting: Setting, runs: Iterable[Run], seeds: Sequence[int], folds: int | None = None
) -> list[tuple[int, int]]:
    """Seed and fold of the runs that are still to be made; ``folds`` limits them to the first ones."""
    done = {(run.seed, run.fold) for run in runs_of(setting, runs)}
    limit = setting.folds if folds is None else min(folds, setting.folds)
    return [(seed, fold) for seed in seeds for fold in range(limit) if (seed, fold) not in done]
