"""The record as Markdown tables, beside what is wanted and what others published; pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence

from benchmarks.quality.record import Run, missing_runs, runs_of
from benchmarks.quality.setting import Measure, Setting
from shared.errors import DataFormatError

BEGIN, END = "<!-- quality: begin -->", "<!-- quality: end -->"


def tables(settings: Sequence[Setting], runs: Sequence[Run]) -> str:
    """Scores, then what they were measured on; every setting has its row, run or not."""
    lines = [
        "| set | setting | measure | ours | runs | to reach | published |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for setting in settings:
        mine = runs_of(setting, runs)
        lines += [_score_row(setting, measure, mine) for measure in setting.measures]
    lines += ["", _state(settings, runs)]
    if outdated := len(runs) - sum(len(runs_of(setting, runs)) for setting in settings):
        lines += ["", f"Not counted: {outdated} runs of settings that were changed since."]
    lines += [
        "",
        "| set | setting | trained on | chosen on | scored on | of these also trained on | seconds a run | epochs | dates | seeds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_basis_row(setting, mine) for setting in settings if (mine := runs_of(setting, runs))]
    return "\n".join(lines)


def with_tables(document: str, written: str) -> str:
    """The document with what stands between its two markers replaced; DataFormatError where it has none."""
    between = re.compile(f"(?s)(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})")
    if not between.search(document):
        raise DataFormatError(
            f"the document has no lines {BEGIN} and {END}; put them where the tables belong"
        )
    return between.sub(lambda _: written + "\n", document)


def mean_and_deviation(values: Sequence[float]) -> str:
    """ "0.652 ± 0.011": mean and sample standard deviation; of one value there is none."""
    mean = f"{statistics.fmean(values):.3f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.3f}"


def _score_row(setting: Setting, measure: Measure, runs: Sequence[Run]) -> str:
    ours = mean_and_deviation([run.scores[measure.key] for run in runs]) if runs else "not run"
    published = "; ".join(f"{it.value:.3f} {it.model} ({it.source})" for it in measure.published)
    wanted = f"{measure.to_reach:.3f}" if measure.to_reach is not None else ""
    return _row(setting.set, setting.name, measure.name, ours, _count(setting, runs), wanted, published)


def _count(setting: Setting, runs: Sequence[Run]) -> str:
    planned = len(setting.seeds) * setting.folds
    if open_runs := len(missing_runs(setting, runs, setting.seeds)):
        return f"{planned - open_runs} of {planned}"
    return str(len(runs))


def _state(settings: Sequence[Setting], runs: Sequence[Run]) -> str:
    complete = sum(not missing_runs(setting, runs, setting.seeds) for setting in settings)
    untouched = sum(not runs_of(setting, runs) for setting in settings)
    partly = len(settings) - complete - untouched
    return f"Of {len(settings)} settings {complete} were run completely, {partly} in part and {untouched} not at all."


def _basis_row(setting: Setting, runs: Sequence[Run]) -> str:
    sizes = (_range(run.sizes[key] for run in runs) for key in ("train", "dev", "test", "test_seen"))
    return _row(
        setting.set,
        setting.name,
        *sizes,
        _range(round(run.seconds) for run in runs),
        _range(run.epochs["kept"] for run in runs),
        " to ".join(sorted({min(run.date for run in runs)[:10], max(run.date for run in runs)[:10]})),
        ", ".join(str(seed) for seed in sorted({run.seed for run in runs})),
    )


def _range(values: Iterable[int]) -> str:
    ordered = sorted(values)
    return str(ordered[0]) if ordered[0] == ordered[-1] else f"{ordered[0]} to {ordered[-1]}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
