"""One network per task: the encoder and a head. Their forward signature is the ONNX contract."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from services.trainer.encoder import Encoder

SENTIMENT_LEVELS = 5
FRUSTRATION_STEPS = 4
EVIDENCE_LAYERS = (2, 4)


class Network(nn.Module):
    """Base: ``forward(input_ids, attention_mask)`` returns a tuple in the order of ``outputs``."""

    outputs: ClassVar[tuple[str, ...]]
    encoder: Encoder

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(encoder.config.dropout)


class IntentNetwork(Network):
    """Mean-pooled text -> ``logits`` [batch, intents], one independent sigmoid each."""

    outputs = ("logits",)

    def __init__(self, encoder: Encoder, labels: int) -> None:
        super().__init__(encoder)
        self.head = nn.Linear(encoder.config.width, labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        pooled = mean_pool(self.encoder(input_ids, attention_mask), attention_mask)
        return (self.head(self.dropout(pooled)),)


class SentimentNetwork(Network):
    """Mean-pooled text -> ``sentiment`` [batch, 5], ``frustration`` [batch, 4]; tokens -> ``evidence``.

    The k-th frustration logit is that of "frustration is at least k" on the 0-4 scale (ordinal
    regression by cumulative binary targets, Niu et al. 2016), so that
    ``mean(sigmoid(logits))`` is the expected level / 4.

    ``evidence`` [batch, tokens, 1] says how much a token's sentence carries of that. It is read from
    lower layers, where a token still speaks for itself: by the last one, all of them know the whole text
    and say the same.
    """

    outputs = ("sentiment", "frustration", "evidence")

    def __init__(self, encoder: Encoder) -> None:
        super().__init__(encoder)
        self.sentiment = nn.Linear(encoder.config.width, SENTIMENT_LEVELS)
        self.frustration = nn.Linear(encoder.config.width, FRUSTRATION_STEPS)
        self.evidence = nn.Linear(len(EVIDENCE_LAYERS) * encoder.config.width, 1)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        vectors = self.encoder.every_layer(input_ids, attention_mask)
        pooled = self.dropout(mean_pool(vectors[-1], attention_mask))
        lower = torch.cat([vectors[min(layer, len(vectors)) - 1] for layer in EVIDENCE_LAYERS], dim=-1)
        return self.sentiment(pooled), self.frustration(pooled), self.evidence(lower)


class TaggerNetwork(Network):
    """Token vectors -> ``logits`` [batch, tokens, BIO labels]."""

    outputs = ("logits",)

    def __init__(self, encoder: Encoder, labels: int) -> None:
        super().__init__(encoder)
        self.head = nn.Linear(encoder.config.width, labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        return (self.head(self.dropout(self.encoder(input_ids, attention_mask))),)


def mean_pool(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """Mean of the vectors of unmasked tokens: [batch, tokens, width] -> [batch, width]."""
    weights = attention_mask.to(torch.float32).unsqueeze(-1)
    return (hidden * weights).sum(dim=1) / weights.sum(dim=1)
