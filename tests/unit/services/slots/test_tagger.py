"""The tagger over a real ONNX session: offsets, windows of long texts, and the shipped model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

onnx = pytest.importorskip("onnx")  # comes with what training needs

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from services.slots.tagger import Tagger  # noqa: E402
from shared.errors import ModelCardError  # noqa: E402
from shared.inference.model import load_pack  # noqa: E402
from shared.inference.session import OnnxModel  # noqa: E402

LABELS = ["O", "B-person_name", "I-person_name"]
VOCABULARY = {"[PAD]": 0, "[CLS]": 1, "[SEP]": 2, "[UNK]": 3, "id": 4, "##x": 5, "word": 6}
WINDOW = 40


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Tagger:
    """A model that labels every "id" as a name: one look-up table, so its answers are known."""
    return Tagger(OnnxModel.load(write_model(tmp_path_factory.mktemp("model") / "1")))


def write_model(folder: Path, task: str = "slots") -> Path:
    folder.mkdir(parents=True)
    table = np.zeros((len(VOCABULARY), len(LABELS)), dtype=np.float32)
    table[:, 0] = 8
    table[VOCABULARY["id"]] = [0, 8, 0]
    table[VOCABULARY["##x"]] = [0, 0, 8]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["logits"])],
        "lookup",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", len(LABELS)])],
        [numpy_helper.from_array(table, "table")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        folder / "model.onnx",
    )
    tokenizer = Tokenizer(models.WordPiece(VOCABULARY, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    card = {
        "task": task,
        "version": folder.name,
        "base_model": "a table",
        "languages": ["en"],
        "labels": LABELS,
        "max_tokens": WINDOW,
        "sha256": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in ("model.onnx", "tokenizer.json")
        },
    }
    (folder / "card.yaml").write_text(yaml.safe_dump(card), encoding="utf-8")
    return folder


def spans(tagger: Tagger, text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in tagger.tag([text])[0]]


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👩‍👧 idx, 🙏",
        "e\u0301le\u0301phant idx",
        "שלום idx مرحبا",
        "Ünïcödé\u200b idx",
        "idx\u0000",
        "\ufeffidx\r\n\t",
    ],
)
def test_offsets_count_code_points_of_the_original(small: Tagger, text: str) -> None:
    assert spans(small, text) == ["idx"]


@pytest.mark.parametrize("length", [10, 37, 38, 39, 61, 62, 63, 100, 500, 2000])
def test_no_part_of_a_long_text_goes_unseen(small: Tagger, length: int) -> None:
    words = ["id" if index % 7 == 3 else "word" for index in range(length)]
    text = " ".join(words)
    assert len(small.tag([text])[0]) == words.count("id")


def test_long_texts_without_a_place_to_cut(small: Tagger) -> None:
    assert spans(small, "word" * 3000 + " idx")[-1:] == ["idx"]
    assert spans(small, "." * 3000 + " idx") == ["idx"]
    assert spans(small, " " * 15000 + "idx" + "\n" * 3000) == ["idx"]
    assert spans(small, "." * 19990) == []


def test_texts_of_all_lengths_in_one_call_keep_their_order(small: Tagger) -> None:
    texts = ["id", "", "word " * 300 + "id", "word", "id word id"]
    assert [len(found) for found in small.tag(texts)] == [1, 0, 1, 0, 2]
    assert small.tag([]) == []


def test_a_model_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelCardError, match="slots model is needed"):
        Tagger(OnnxModel.load(write_model(tmp_path / "1", task="sentiment")))


@pytest.fixture(scope="module")
def shipped(pack: Path) -> Iterator[Tagger]:
    yield Tagger(OnnxModel.load(load_pack(pack).model_directory("slots")))


def test_the_shipped_model_reads_a_name(shipped: Tagger) -> None:
    text = "Hello, my name is Imogen Farthing 🙂 and I live in York."
    assert "Imogen Farthing" in [text[hit.start : hit.end] for hit in shipped.tag([text])[0]]
    assert shipped.name.startswith("slots@")
    assert "en" in shipped.languages
