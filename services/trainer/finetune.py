"""The one training loop: all weights of encoder and head, AdamW, linear decay with warm-up."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Encoding, Tokenizer

from services.trainer.batches import Item, collate, ordered_batches, shuffled_batches
from services.trainer.example import Example
from services.trainer.networks import Network
from services.trainer.tasks import Outputs, TrainingTask


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How long and how hard to train.

    ``minutes`` ends training after the epoch in which it passes; ``patience`` is the number of
    epochs without a better dev score after which it stops; ``frozen_words`` keeps the word
    vectors as they are, which saves a fifth of a step and keeps rare words from drifting.
    """

    epochs: int = 5
    learning_rate: float = 1e-4
    head_learning_rate: float = 1e-3
    warm_up: float = 0.06
    weight_decay: float = 0.01
    token_budget: int = 1024
    max_batch: int = 32
    max_tokens: int = 192
    patience: int = 2
    minutes: float = 60.0
    seed: int = 17
    frozen_words: bool = True
    threads: int = 2


@dataclass(slots=True)
class TrainingLog:
    """What happened: the loss and the dev score of each epoch, and which epoch was kept."""

    losses: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0


def encode_items(task: TrainingTask, tokenizer: Tokenizer, examples: Sequence[Example]) -> list[Item]:
    """Items of all examples that say something for the task."""
    encodings = tokenizer.encode_batch([example.text for example in examples])
    items = (task.item(example, encoding) for example, encoding in zip(examples, encodings, strict=True))
    return [item for item in items if item is not None]


def fine_tune(
    task: TrainingTask,
    network: Network,
    tokenizer: Tokenizer,
    train: Sequence[Example],
    dev: Sequence[Example],
    options: TrainingOptions,
    console: Console,
) -> TrainingLog:
    """Train ``network`` in place and leave it with the weights of the best epoch on ``dev``.

    Without ``dev`` examples there is nothing to choose by: all epochs are run and the last is kept.
    ``tokenizer`` must cut at ``options.max_tokens``. The order of batches, dropout and the head's
    start follow ``options.seed``.
    """
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    items = encode_items(task, tokenizer, train)
    dev_encodings = tokenizer.encode_batch([example.text for example in dev])
    network.encoder.words.weight.requires_grad_(not options.frozen_words)
    batch_plan = [
        shuffled_batches(
            items, token_budget=options.token_budget, max_batch=options.max_batch, seed=options.seed + epoch
        )
        for epoch in range(options.epochs)
    ]
    optimizer, schedule = _optimizer(network, options, sum(len(plan) for plan in batch_plan))
    log = TrainingLog()
    best = copy.deepcopy(network.state_dict())
    began = time.monotonic()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
    )
    with Progress(*columns, console=console) as progress:
        for epoch, batches in enumerate(batch_plan):
            bar = progress.add_task(
                f"{task.name} epoch {epoch + 1}/{options.epochs}", total=len(batches), loss=0.0
            )
            network.train()
            total = 0.0
            for done, members in enumerate(batches, start=1):
                batch = collate(members, per_token=task.per_token)
                with _precision():
                    outputs = network(batch.ids, batch.mask)
                loss = task.loss([output.float() for output in outputs], batch)
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad(set_to_none=True)
                total += loss.item()
                progress.update(bar, advance=1, loss=total / done)
            score = task.score(network_outputs(network, dev_encodings), dev, dev_encodings) if dev else 0.0
            log.losses.append(total / len(batches))
            log.scores.append(score)
            told = f", dev score {score:.4f}" if dev else ""
            console.print(f"{task.name}: epoch {epoch + 1}, loss {log.losses[-1]:.4f}{told}")
            if score >= max(log.scores):
                log.best_epoch = epoch + 1
                best = copy.deepcopy(network.state_dict())
            if (
                epoch + 1 - log.best_epoch >= options.patience
                or time.monotonic() - began > options.minutes * 60
            ):
                break
    network.load_state_dict(best)
    network.eval()
    log.seconds = time.monotonic() - began
    return log


def network_outputs(network: Network, encodings: Sequence[Encoding]) -> Outputs:
    """Outputs of a network in evaluation mode for each text, without padding."""
    network.eval()
    items = [Item(tuple(encoding.ids), {}, 1.0) for encoding in encodings]
    results: list[list[torch.Tensor]] = [[] for _ in items]
    with torch.inference_mode():
        for indices, members in ordered_batches(items, token_budget=4096, max_batch=32) if items else ():
            ids = torch.zeros((len(members), max(len(item.ids) for item in members)), dtype=torch.long)
            mask = torch.zeros_like(ids)
            for row, item in enumerate(members):
                ids[row, : len(item.ids)] = torch.tensor(item.ids)
                mask[row, : len(item.ids)] = 1
            for output in network(ids, mask):
                for row, index in enumerate(indices):
                    kept = output[row, : len(items[index].ids)] if output.dim() == 3 else output[row]
                    results[index].append(kept.float())
    return [[output.numpy() for output in outputs] for outputs in results]


def _precision() -> torch.autocast:
    """bfloat16 where the processor multiplies it in tiles (AMX); elsewhere it is slower than float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=torch.cpu._is_amx_tile_supported())


def _optimizer(
    network: Network, options: TrainingOptions, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    groups: dict[tuple[bool, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.startswith("encoder."), parameter.dim() > 1), []).append(parameter)
    optimizer = torch.optim.AdamW(
        [
            {
                "params": parameters,
                "lr": options.learning_rate if in_encoder else options.head_learning_rate,
                "weight_decay": options.weight_decay if matrix else 0.0,
            }
            for (in_encoder, matrix), parameters in groups.items()
        ],
        fused=True,
    )
    warm = max(1, int(steps * options.warm_up))

    def factor(step: int) -> float:
        return step / warm if step < warm else max(0.0, (steps - step) / max(1, steps - warm))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
