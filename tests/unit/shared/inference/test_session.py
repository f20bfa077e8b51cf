"""A model of the commerce pack, loaded and run as a service does."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from shared.errors import ModelCardError, ModelIntegrityError
from shared.inference.model import load_pack
from shared.inference.session import OnnxModel, SessionOptions

PACK = Path(__file__).parents[4] / "deploy" / "packs" / "commerce"

TEXTS = [
    "Where is my order 4411?",
    "I was charged twice for the same pair of boots and nobody answers my mails.",
    "thanks",
    "Hello 👋 — “déjà vu”",
]


@pytest.fixture(scope="module")
def intent_directory() -> Path:
    return load_pack(PACK).model_directory("intent")


@pytest.fixture(scope="module")
def model(intent_directory: Path) -> OnnxModel:
    return OnnxModel.load(intent_directory)


def test_it_loads_in_under_a_second(intent_directory: Path) -> None:
    began = time.perf_counter()
    OnnxModel.load(intent_directory)
    assert time.perf_counter() - began < 1.0


def test_an_answer_does_not_depend_on_its_neighbours(model: OnnxModel) -> None:
    together = model.predict(TEXTS)
    assert [output[0].shape for output in together] == [(len(model.card.labels),)] * len(TEXTS)
    for text, output in zip(TEXTS, together, strict=True):
        assert np.array_equal(output[0], model.predict([text])[0][0])


def test_batches_keep_the_order_of_the_texts(intent_directory: Path, model: OnnxModel) -> None:
    padded: list[int] = []
    batched = OnnxModel.load(intent_directory, SessionOptions(max_batch=4, observe_tokens=padded.append))
    for alone, together in zip(model.predict(TEXTS), batched.predict(TEXTS), strict=True):
        # dynamic int8 scales activations by the batch, so that neighbours move a result a little
        assert np.corrcoef(alone[0], together[0])[0, 1] > 0.95
    assert 1 <= len(padded) < len(TEXTS)


def test_nothing_in_nothing_out(model: OnnxModel) -> None:
    assert model.predict([]) == []


def test_offsets_count_code_points(model: OnnxModel) -> None:
    text = TEXTS[3]
    encoding = model.encode([text], offsets=True)[0]
    pieces = [text[start:end] for start, end in encoding.offsets if end > start]
    assert pieces[0] == "Hello"
    assert "".join(pieces) == text.replace(" ", "")


def test_texts_are_cut_to_the_cards_length(model: OnnxModel) -> None:
    encoding = model.encode(["order " * 5000])[0]
    assert len(encoding.ids) == model.card.max_tokens
    assert np.isfinite(model.run([encoding])[0]).all()


def test_token_outputs_are_without_padding() -> None:
    tagger = OnnxModel.load(load_pack(PACK).model_directory("slots"))
    encodings = tagger.encode(TEXTS, offsets=True)
    for encoding, output in zip(encodings, tagger.run_all(encodings), strict=True):
        assert output[0].shape == (len(encoding.ids), len(tagger.card.labels))


def test_a_tampered_model_is_refused(intent_directory: Path, tmp_path: Path) -> None:
    folder = tmp_path / intent_directory.name
    shutil.copytree(intent_directory, folder)
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)
    with pytest.raises(ModelIntegrityError, match=r"model\.onnx"):
        OnnxModel.load(folder)


def test_a_missing_tokenizer_is_named(intent_directory: Path, tmp_path: Path) -> None:
    folder = tmp_path / intent_directory.name
    shutil.copytree(intent_directory, folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelCardError, match=r"tokenizer\.json"):
        OnnxModel.load(folder)
