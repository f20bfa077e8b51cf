"""The record of runs, and the tables made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from benchmarks.quality.catalogue import all_settings, chosen_settings
from benchmarks.quality.record import Run, append_run, missing_runs, read_runs
from benchmarks.quality.scoring import single_intent
from benchmarks.quality.setting import Measure, Published, Setting, Split
from benchmarks.quality.table import BEGIN, END, mean_and_deviation, tables, with_tables
from shared.errors import DataFormatError

REPOSITORY = Path(__file__).parents[4]


def _no_data(data: Path, fold: int) -> Split:
    raise AssertionError("nothing is to be read here")


FOLDED = Setting(
    "tiny", "folded", 3, _no_data, {"epochs": 2}, single_intent,
    (Measure("accuracy", "accuracy", 0.9, (Published(0.912, "a model", "Doe 2020"),)),),
)  # fmt: skip
FIXED = Setting(
    "tiny", "fixed", 1, _no_data, {"epochs": 2}, single_intent, (Measure("accuracy", "accuracy"),)
)


def _run(setting: Setting, seed: int, fold: int, accuracy: float) -> Run:
    return Run(
        set=setting.set,
        setting=setting.name,
        seed=seed,
        fold=fold,
        options=dict(setting.options),
        scores={"accuracy": accuracy},
        epochs={"run": 2, "kept": 1},
        sizes={"train": 10, "dev": 2, "test": 4 + fold, "test_seen": 0},
        seconds=12.4,
        threads=1,
        date=f"2026-01-0{fold + 1}T10:00:00+00:00",
        versions={"commit": "abc"},
    )


def test_a_run_comes_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "results.jsonl"
    assert read_runs(file) == []
    runs = [_run(FOLDED, 17, 0, 0.5), _run(FIXED, 18, 0, 0.75)]
    for run in runs:
        append_run(file, run)
    assert read_runs(file) == runs
    file.write_text(file.read_text()[:-20], encoding="utf-8")
    with pytest.raises(DataFormatError, match="line 2: is not JSON"):
        read_runs(file)
    file.write_text('{"set": "tiny"}\n', encoding="utf-8")
    with pytest.raises(DataFormatError, match="line 1: must have the fields"):
        read_runs(file)


def test_what_was_run_is_not_run_again() -> None:
    runs = [_run(FOLDED, 17, 1, 0.5), _run(FIXED, 17, 0, 0.5)]
    assert missing_runs(FOLDED, runs, FOLDED.seeds) == [(17, 0), (17, 2)]
    assert missing_runs(FOLDED, runs, FOLDED.seeds, folds=2) == [(17, 0)]
    assert missing_runs(FOLDED, runs, (17, 18), folds=2) == [(17, 0), (18, 0), (18, 1)]
    assert missing_runs(FIXED, runs, FIXED.seeds, folds=2) == [(18, 0), (19, 0)]
    changed = replace(FOLDED, options={"epochs": 3})
    assert len(missing_runs(changed, runs, FOLDED.seeds)) == 3, "other options make another run"


def test_the_table_says_what_was_run_and_what_was_not() -> None:
    runs = [_run(FOLDED, 17, 0, 0.5), _run(FOLDED, 17, 1, 0.75)]
    written = tables([FOLDED, FIXED], runs)
    assert (
        "| tiny | folded | accuracy | 0.625 ± 0.177 | 2 of 3 | 0.900 | 0.912 a model (Doe 2020) |" in written
    )
    assert "| tiny | fixed | accuracy | not run | 0 of 3 |  |  |" in written
    assert "Of 2 settings 0 were run completely, 1 in part and 1 not at all." in written
    assert "| tiny | folded | 10 | 2 | 4 to 5 | 0 | 12 | 1 | 2026-01-01 to 2026-01-02 | 17 |" in written
    done = [_run(FOLDED, 17, fold, 0.5) for fold in range(3)] + [
        _run(FIXED, seed, 0, 0.5) for seed in FIXED.seeds
    ]
    assert "Of 2 settings 2 were run completely" in tables([FOLDED, FIXED], done)


def test_runs_of_earlier_options_are_not_counted() -> None:
    written = tables([replace(FOLDED, options={"epochs": 9})], [_run(FOLDED, 17, 0, 0.5)])
    assert "not run" in written
    assert "Not counted: 1 runs" in written


def test_deviation_is_that_of_a_sample() -> None:
    assert mean_and_deviation([0.5]) == "0.500"
    assert mean_and_deviation([0.1, 0.2, 0.3]) == "0.200 ± 0.100"


def test_the_tables_replace_what_stands_between_the_markers() -> None:
    document = f"# Title\n{BEGIN}\nold \\1\n{END}\nafter\n"
    assert with_tables(document, "new \\1") == f"# Title\n{BEGIN}\nnew \\1\n{END}\nafter\n"
    assert with_tables(f"{BEGIN}\n{END}", "new") == f"{BEGIN}\nnew\n{END}"
    with pytest.raises(DataFormatError, match="no lines"):
        with_tables("# Title\n", "new")


def test_the_tables_of_the_documentation_are_those_of_the_record() -> None:
    """Where this fails, run `make quality ARGS='--minutes 0'`."""
    document = (REPOSITORY / "docs/quality.md").read_text(encoding="utf-8")
    runs = read_runs(REPOSITORY / "benchmarks/quality/results.jsonl")
    assert document == with_tables(document, tables(all_settings(), runs))


def test_settings_are_told_apart_and_chosen_by_their_beginning() -> None:
    settings = all_settings()
    names = [setting.id for setting in settings]
    assert len(set(names)) == len(names) == 22
    assert {setting.set for setting in settings} == {
        "nlupp", "banking77", "clinc150", "multidogo", "restaurant8k", "goemotions", "brighter",
    }  # fmt: skip
    assert chosen_settings(settings, []) == settings
    assert [it.id for it in chosen_settings(settings, ["clinc", "nlupp/banking to hotels i"])] == [
        "nlupp/banking to hotels intents",
        "clinc150/full",
    ]
    with pytest.raises(ValueError, match="no setting begins with 'snips'"):
        chosen_settings(settings, ["snips"])
