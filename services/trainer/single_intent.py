"""Intent as a choice of one label: for label sets of which exactly one applies to a text."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Encoding
from torch import Tensor
from torch.nn import functional

from services.trainer.batches import Batch
from services.trainer.example import Example
from services.trainer.tasks import IntentTask, Outputs


class SingleIntentTask(IntentTask):
    """Softmax cross-entropy instead of one sigmoid a label; the network and its output are the same.

    An example without intent belongs to none of the labels and pulls towards all of them alike
    (outlier exposure, Hendrycks et al. 2019), so that a low largest probability tells such texts.
    ``negatives`` are not looked at: where one label applies, the others do not.
    """

    def targets(self, example: Example, encoding: Encoding) -> dict[str, Tensor] | None:  # noqa: ARG002
        if example.intents is None:
            return None
        chosen = example.intents or self.labels
        return {"truth": torch.tensor([(label in chosen) / len(chosen) for label in self.labels])}

    def loss(self, outputs: Sequence[Tensor], batch: Batch) -> Tensor:
        each = functional.cross_entropy(outputs[0], batch.targets["truth"], reduction="none")
        return (each * batch.weights).sum() / batch.weights.sum()

    def score(self, outputs: Outputs, examples: Sequence[Example], encodings: Sequence[Encoding]) -> float:  # noqa: ARG002
        """Accuracy over the examples that have an intent."""
        hits = [
            self.labels[int(output[0].argmax())] in item.intents
            for output, item in zip(outputs, examples, strict=True)
            if item.intents
        ]
        return sum(hits) / len(hits) if hits else 0.0
