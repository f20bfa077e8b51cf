"""`make proto-check` holds the protos against an earlier commit, and in CI never passes over that for want of one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
VENV = Path(sys.executable).parent.parent
AUTHOR = {f"GIT_{who}_{what}": "tests@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
CLEAN = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith(("GIT_", "MAKE"))}


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, env={**CLEAN, **AUTHOR}, check=True, capture_output=True)


def commit(repository: Path) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "A commit")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit, with our protos and our Makefile."""
    folder = tmp_path / "repository"
    shutil.copytree(REPOSITORY / "protos", folder / "protos", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(REPOSITORY / "Makefile", folder)
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


def proto_check(folder: Path, ci: str) -> subprocess.CompletedProcess[str]:
    """The target alone, with the tools of this environment in place of installing them."""
    words = ["make", "proto-check", f"VENV={VENV}", "-o", str(VENV / ".installed-dev")]
    return subprocess.run(words, cwd=folder, env={**CLEAN, "CI": ci}, capture_output=True, text=True, check=False)


def change(repository: Path, old: str, new: str) -> None:
    file = repository / "protos" / "switchyard" / "v1" / "intent.proto"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    commit(repository)


def test_a_change_that_breaks_clients_is_found(repository: Path) -> None:
    change(repository, "repeated IntentAnalysis results = 1;", "repeated IntentAnalysis results = 2;")
    found = proto_check(repository, "true")
    assert found.returncode != 0
    assert "intent.proto" in found.stdout + found.stderr


def test_a_change_that_breaks_nobody_passes(repository: Path) -> None:
    change(repository, "// The intents of each utterance.", "// The intents of each utterance, in order.")
    found = proto_check(repository, "true")
    assert found.returncode == 0, found.stderr
    assert "left out" not in found.stdout


@pytest.mark.parametrize("ci", ["true", ""])
def test_the_first_commit_has_nothing_to_be_held_against(repository: Path, ci: str) -> None:
    found = proto_check(repository, ci)
    assert found.returncode == 0, found.stderr
    assert "left out: breaking changes" in found.stdout


def test_a_shallow_clone_fails_in_ci_and_says_what_to_do(repository: Path, tmp_path: Path) -> None:
    change(repository, "repeated IntentAnalysis results = 1;", "repeated IntentAnalysis results = 2;")
    git(tmp_path, "clone", "-q", "--depth", "1", repository.as_uri(), "shallow")

    found = proto_check(tmp_path / "shallow", "true")
    assert found.returncode != 0
    assert "this clone is shallow" in found.stderr
    assert "git fetch --unshallow" in found.stderr

    elsewhere = proto_check(tmp_path / "shallow", "")
    assert elsewhere.returncode == 0
    assert "left out: breaking changes" in elsewhere.stdout
