"""Cards and packs are read strictly, and a changed file is never served."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.errors import ModelCardError, ModelIntegrityError
from shared.inference.model import load_card, load_pack, verify_file, verify_files


def _card(**changes: Any) -> dict[str, Any]:
    card: dict[str, Any] = {
        "task": "intent",
        "version": "1.0",
        "base_model": "tiny (MIT)",
        "languages": ["en"],
        "labels": ["refund_request", "praise"],
        "thresholds": {"refund_request": 0.4, "praise": 0.5},
        "max_tokens": 64,
        "sha256": {
            "model.onnx": hashlib.sha256(b"weights").hexdigest(),
            "tokenizer.json": hashlib.sha256(b"words").hexdigest(),
        },
    }
    card.update(changes)
    return card


def _folder(tmp_path: Path, card: dict[str, Any]) -> Path:
    folder = tmp_path / "1.0"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights")
    (folder / "tokenizer.json").write_bytes(b"words")
    (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    return folder


def test_a_card_is_read_with_its_defaults(tmp_path: Path) -> None:
    card = load_card(_folder(tmp_path, _card()))
    assert card.name == "intent@1.0"
    assert card.calibration.temperature == 1.0
    assert card.thresholds["praise"] == 0.5


def test_intact_files_pass(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _card())
    card = load_card(folder)
    verify_files(folder, card)
    assert verify_file(folder, "model.onnx", card) == folder / "model.onnx"


def test_a_changed_file_is_refused_by_name_and_hashes(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _card())
    (folder / "model.onnx").write_bytes(b"weights!")
    with pytest.raises(ModelIntegrityError) as caught:
        verify_files(folder, load_card(folder))
    assert caught.value.file == folder / "model.onnx"
    assert caught.value.expected == hashlib.sha256(b"weights").hexdigest()
    assert caught.value.actual == hashlib.sha256(b"weights!").hexdigest()
    assert "model.onnx" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = _folder(tmp_path, _card())
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelCardError, match=r"tokenizer\.json.*cannot be read"):
        verify_files(folder, load_card(folder))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "blue"}, "colour"),
        ({"task": "weather"}, "task"),
        ({"labels": ["praise", "praise"]}, "named twice"),
        ({"thresholds": {"praise": 0.5}}, "refund_request"),
        ({"thresholds": {"praise": 0.5, "refund_request": 1.5}}, "thresholds.refund_request"),
        ({"thresholds": {"praise": 0.5, "refund_request": 0.5, "spam": 0.5}}, "spam"),
        ({"calibration": {"temperature": 0}}, "calibration.temperature"),
        ({"calibration": {"per_label": {"spam": {"slope": 1.0}}}}, "spam"),
        ({"calibration": {"curve": [[0.0, 0.1], [0.0, 0.2]]}}, "rise"),
        ({"calibration": {"curve": [[0.0, 0.3], [1.0, 0.2]]}}, "rise"),
        ({"sha256": {"model.onnx": "0" * 64}}, "sha256"),
        ({"sha256": {"model.onnx": "abc", "tokenizer.json": "0" * 64}}, "sha256"),
        ({"max_tokens": 4096}, "max_tokens"),
        ({"languages": []}, "languages"),
        ({"version": "2.0"}, "folder"),
    ],
)
def test_a_wrong_card_names_the_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    folder = _folder(tmp_path, _card(**changes))
    with pytest.raises(ModelCardError, match=message) as caught:
        load_card(folder)
    assert "card.yaml" in str(caught.value)


@pytest.mark.parametrize("content", ["", "- a\n- b\n", "a: [", "\x00"])
def test_a_file_that_is_no_card_is_refused(tmp_path: Path, content: str) -> None:
    folder = _folder(tmp_path, _card())
    (folder / "card.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ModelCardError, match=r"card\.yaml"):
        load_card(folder)


def test_a_pack_names_the_folder_of_each_task(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(
        "name: tiny\nversion: 1\nlanguages: [en]\nmodels: {intent: '1.0'}\n", encoding="utf-8"
    )
    pack = load_pack(tmp_path)
    assert pack.model_directory("intent") == tmp_path / "models" / "intent" / "1.0"
    with pytest.raises(ModelCardError, match=r"models\.slots"):
        pack.model_directory("slots")


def test_a_pack_without_file_or_with_unknown_fields_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCardError, match="cannot be read"):
        load_pack(tmp_path)
    (tmp_path / "pack.yaml").write_text(
        "name: tiny\nversion: 1\nlanguages: [en]\nmodels: {}\nmood: good\n", encoding="utf-8"
    )
    with pytest.raises(ModelCardError, match="mood"):
        load_pack(tmp_path)
