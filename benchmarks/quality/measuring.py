"""One run: train on a split with the trainer's own code, score its test part."""

from __future__ import annotations

import importlib.metadata
import math
import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from tokenizers import Tokenizer

from benchmarks.quality.record import Run
from benchmarks.quality.setting import Predictions, Setting, Split
from services.trainer.encoder import Encoder, base_model_directory
from services.trainer.example import Example
from services.trainer.finetune import TrainingOptions, fine_tune, network_outputs
from services.trainer.networks import Network
from services.trainer.train import base_tokenizer


def measure(setting: Setting, data: Path, seed: int, fold: int, threads: int, console: Console) -> Run:
    """Train and score.

    Args:
        data: folder of the public sets.
        threads: of torch; two slow each other down where another process computes.

    Raises:
        DataFormatError: the set is missing or malformed.
    """
    split = setting.prepare(data, fold)
    options = training_options(setting, seed, threads)
    tokenizer = base_tokenizer(options.max_tokens)
    began = time.monotonic()
    torch.manual_seed(seed)
    network = split.task.network(Encoder.load(base_model_directory()))
    log = fine_tune(split.task, network, tokenizer, split.train, split.dev, options, console)
    dev, test = (_predictions(network, tokenizer, part) for part in (split.dev, split.test))
    scores = setting.score(split.task, dev, test)
    return Run(
        set=setting.set,
        setting=setting.name,
        seed=seed,
        fold=fold,
        options=dict(setting.options),
        scores={name: round(value, 5) for name, value in scores.items()},
        epochs={"run": len(log.losses), "kept": log.best_epoch},
        sizes=_sizes(split),
        seconds=round(time.monotonic() - began, 1),
        threads=threads,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=_versions(),
    )


def training_options(setting: Setting, seed: int, threads: int) -> TrainingOptions:
    """The setting's own; training is never cut off by the clock, which would make it another setting."""
    chosen: dict[str, Any] = dict(setting.options)
    return TrainingOptions(**chosen, minutes=math.inf, seed=seed, threads=threads)


def _predictions(network: Network, tokenizer: Tokenizer, examples: Sequence[Example]) -> Predictions:
    encodings = tokenizer.encode_batch([example.text for example in examples])
    return Predictions(examples, encodings, network_outputs(network, encodings))


def _sizes(split: Split) -> dict[str, int]:
    seen = {example.text for example in split.train}
    return {
        "train": len(split.train),
        "dev": len(split.dev),
        "test": len(split.test),
        "test_seen": sum(example.text in seen for example in split.test),
    }


def _versions() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "switchyard": importlib.metadata.version("switchyard"),
        "commit": _commit(),
    }


def _commit() -> str:
    """Of the checkout, "+" after it where code was changed since; empty where there is no git."""
    here = Path(__file__).parent
    try:
        head, changed = (
            subprocess.run(
                ["git", "-C", str(here), *words], capture_output=True, text=True, check=True
            ).stdout
            for words in (
                ("rev-parse", "--short", "HEAD"),
                ("status", "--porcelain", "--", ":(top)services", ":(top)shared", ":(top)benchmarks/*.py"),
            )
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.strip() + ("+" if changed.strip() else "")
