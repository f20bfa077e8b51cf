"""Trains one task from its data to a model folder that a service can load."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from rich.console import Console
from tokenizers import Tokenizer

from services.trainer.card import MAX_TOKENS, calibrated_card, provisional_card, scored_card, write_card
from services.trainer.encoder import Encoder, base_model_directory
from services.trainer.example import Example
from services.trainer.export import write_model
from services.trainer.finetune import TrainingLog, TrainingOptions, fine_tune
from services.trainer.networks import Network
from services.trainer.sources import TrainingSet, held_out, training_set
from services.trainer.tasks import TrainingTask, training_task
from services.trainer.taxonomy import Taxonomy, load_taxonomy
from shared.inference.model import CARD_FILE, MODEL_FILE, TOKENIZER_FILE, ModelCard, Task, TrainingData
from shared.inference.session import OnnxModel


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """What to train.

    Attributes:
        pack: folder of the domain pack; its cases are read and its models folder written.
        data: folder of the public sets, or None to train on the pack's cases alone.
        version: of the new model; a model of that version is replaced.
        scale: multiplies how much is taken of each public set.
        repeat_cases: how many times an epoch shows the pack's own cases.
        checkpoint: file for the float weights, so that they can be exported again without
            training (`export_checkpoint`); None keeps none.
    """

    task: Task
    pack: Path
    version: str
    data: Path | None = None
    scale: float = 1.0
    repeat_cases: int = 4
    checkpoint: Path | None = None
    options: TrainingOptions = field(default_factory=TrainingOptions)


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The model's card, where it lies, and the course of the training."""

    card: ModelCard
    directory: Path
    log: TrainingLog


def train_task(request: TrainingRequest, console: Console | None = None) -> TrainingResult:
    """Fine-tune, export, calibrate on dev, score on dev and test, and put the model in place.

    Raises:
        DataFormatError: the taxonomy, the cases, a public set or a label map is malformed.
    """
    console = console or Console(stderr=True)
    taxonomy = load_taxonomy(request.pack)
    task = training_task(request.task, taxonomy)
    data = _training_set(request, taxonomy)
    for part in data.data:
        console.print(f"{request.task}: {part.examples} examples of {part.name} ({part.licence})")
    tokenizer = base_tokenizer(request.options.max_tokens)
    torch.manual_seed(request.options.seed)
    network = task.network(Encoder.load(base_model_directory()))
    dev = held_out("dev", request.task, request.pack, taxonomy)
    log = fine_tune(task, network, tokenizer, data.examples, dev, request.options, console)
    if request.checkpoint is not None:
        request.checkpoint.parent.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), request.checkpoint)
    card, directory = _publish(request, task, network, data.data)
    return TrainingResult(card, directory, log)


def export_checkpoint(request: TrainingRequest, checkpoint: Path) -> TrainingResult:
    """Export, calibrate and score again from the float weights that a training has kept.

    ``request`` must be that of the training, since the card tells of its data.
    """
    taxonomy = load_taxonomy(request.pack)
    task = training_task(request.task, taxonomy)
    network = task.network(Encoder.load(base_model_directory()))
    network.load_state_dict(torch.load(checkpoint, weights_only=True))
    card, directory = _publish(request, task, network, _training_set(request, taxonomy).data)
    return TrainingResult(card, directory, TrainingLog())


def _training_set(request: TrainingRequest, taxonomy: Taxonomy) -> TrainingSet:
    return training_set(
        request.task,
        request.pack,
        request.data,
        taxonomy,
        repeat_cases=request.repeat_cases,
        scale=request.scale,
        seed=request.options.seed,
    )


def base_tokenizer(max_tokens: int) -> Tokenizer:
    """The base encoder's tokenizer, cutting at ``max_tokens`` and padding nothing."""
    tokenizer = Tokenizer.from_file(str(base_model_directory() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def _publish(
    request: TrainingRequest, task: TrainingTask, network: Network, data: Sequence[TrainingData]
) -> tuple[ModelCard, Path]:
    taxonomy = task.taxonomy
    with tempfile.TemporaryDirectory() as scratch:
        staging = Path(scratch) / request.version
        write_model(network, base_tokenizer(MAX_TOKENS), staging)
        dev = held_out("dev", request.task, request.pack, taxonomy)
        test = held_out("test", request.task, request.pack, taxonomy)
        card = finish_card(task, request.version, staging, data, dev, test)
        target = request.pack / "models" / request.task / request.version
        _put_in_place(staging, target)
    return card, target


def finish_card(
    task: TrainingTask,
    version: str,
    directory: Path,
    data: Sequence[TrainingData],
    dev: Sequence[Example],
    test: Sequence[Example],
) -> ModelCard:
    """Calibrate the exported files of ``directory`` on dev, score them, and write their card."""
    write_card(provisional_card(task, version, directory, data), directory)
    write_card(calibrated_card(OnnxModel.load(directory), task, dev), directory)
    card = scored_card(OnnxModel.load(directory), {"dev": dev, "test": test})
    write_card(card, directory)
    return card


def _put_in_place(staging: Path, target: Path) -> None:
    """Move the files file by file, the card last: until it changes, hashes tell a half-written model."""
    target.mkdir(parents=True, exist_ok=True)
    for file in (MODEL_FILE, TOKENIZER_FILE, CARD_FILE):
        partial = target / f".{file}.partial"
        shutil.copyfile(staging / file, partial)
        partial.replace(target / file)
