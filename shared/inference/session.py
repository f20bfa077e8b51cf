"""Runs an exported model: tokenizer and ONNX Runtime session, loaded from a model folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnxruntime as ort  # type: ignore[import-untyped]
from tokenizers import Encoding, Tokenizer

from shared.errors import ModelCardError
from shared.inference.batcher import plan_batches
from shared.inference.model import MODEL_FILE, TOKENIZER_FILE, ModelCard, load_card, verify_file

FloatArray: TypeAlias = npt.NDArray[np.float32]

# No word of a language is longer, so text beyond this many characters a token cannot change the
# first max_tokens tokens of honest text, and a megabyte of it costs no tokenizer time.
_CHARACTERS_PER_TOKEN = 32


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a session uses the machine.

    One thread without spinning is fastest when several services share the cores: spinning
    threads of three sessions take each other's time (measured 31 ms a message against 8).

    ``max_batch`` is 1 for the sake of reproducible answers: dynamic int8 takes the scale of its
    activations from the whole batch, so that a message's probabilities moved by up to 0.22 with
    its neighbours. Over messages of mixed lengths larger batches saved no CPU time here (6.7 ms a
    message alone, 6.6 in eights); only short texts of equal length gain, by a fifth or so.
    ``observe_tokens`` is told the padded tokens of each run, on the thread that runs it.
    """

    threads: int = 1
    token_budget: int = 512
    max_batch: int = 1
    observe_tokens: Callable[[int], None] = lambda _tokens: None


class OnnxModel:
    """A model of a pack, ready to run. Safe to call from several threads.

    ``encode`` and ``run`` are the parts; ``predict`` joins them with batching by like length.
    """

    def __init__(
        self, card: ModelCard, tokenizer: Tokenizer, session: ort.InferenceSession, options: SessionOptions
    ) -> None:
        self.card = card
        self.options = options
        self._tokenizer = tokenizer
        self._session = session
        self._inputs = tuple(item.name for item in session.get_inputs())
        self._outputs = tuple(item.name for item in session.get_outputs())
        if unknown := set(self._inputs) - {"input_ids", "attention_mask", "token_type_ids"}:
            raise ModelCardError(f"{card.name}: {MODEL_FILE} wants an unknown input {sorted(unknown)[0]!r}")

    @classmethod
    def load(cls, directory: Path, options: SessionOptions | None = None) -> OnnxModel:
        """Load card, tokenizer and weights from a model folder, checking hashes.

        Raises:
            ModelCardError: a file is missing, malformed or unusable.
            ModelIntegrityError: a file differs from the hash on the card.
        """
        options = options or SessionOptions()
        card = load_card(directory)
        tokenizer_file = verify_file(directory, TOKENIZER_FILE, card)
        # by path and not as bytes, of which onnxruntime would hold a second copy (24 MB)
        model_file = verify_file(directory, MODEL_FILE, card)
        try:
            tokenizer = Tokenizer.from_file(str(tokenizer_file))
            session = ort.InferenceSession(
                str(model_file), _session_options(options), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # both libraries raise exceptions of many kinds for a malformed file
            raise ModelCardError(f"{directory}: the model cannot be loaded: {error}") from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=card.max_tokens)
        return cls(card, tokenizer, session, options)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of what `run` returns, in its order."""
        return self._outputs

    def encode(self, texts: Sequence[str], *, offsets: bool = False) -> list[Encoding]:
        """Tokenise, cut to the card's ``max_tokens``; ``len(encoding.ids)`` is the length in tokens.

        ``offsets=True`` fills ``encoding.offsets`` with (start, end) in code points of the text;
        without it they are zeros and tokenising is faster.
        """
        limit = self.card.max_tokens * _CHARACTERS_PER_TOKEN
        cut = [text[:limit] for text in texts]
        # One at a time: a batch would be spread over threads of the tokenizer's own, beside those configured.
        encode = self._tokenizer.encode_batch if offsets else self._tokenizer.encode_batch_fast
        return [encode([text])[0] for text in cut]

    def run(self, batch: Sequence[Encoding]) -> list[FloatArray]:
        """One pass over one batch, padded to its longest text.

        Returns:
            The model's outputs, each float32 of shape [len(batch), …] (token outputs:
            [len(batch), longest, labels]).
        """
        longest = max(len(encoding.ids) for encoding in batch)
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros((len(batch), longest), dtype=np.int64)
        for row, encoding in enumerate(batch):
            count = len(encoding.ids)
            ids[row, :count] = encoding.ids
            mask[row, :count] = 1
        self.options.observe_tokens(ids.size)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        outputs = self._session.run(None, {name: feed[name] for name in self._inputs})
        return [np.asarray(output, dtype=np.float32) for output in outputs]

    def run_all(self, encodings: Sequence[Encoding]) -> list[list[FloatArray]]:
        """Run any number of texts in batches of like length.

        Returns:
            For each text, in the order given, one array for each output without the batch axis;
            token outputs hold the text's own tokens only.
        """
        results: list[list[FloatArray]] = [[] for _ in encodings]
        plan = plan_batches(
            [len(encoding.ids) for encoding in encodings],
            token_budget=self.options.token_budget,
            max_batch=self.options.max_batch,
        )
        for indices in plan:
            outputs = self.run([encodings[index] for index in indices])
            for row, index in enumerate(indices):
                count = len(encodings[index].ids)
                results[index] = [out[row, :count] if out.ndim == 3 else out[row] for out in outputs]
        return results

    def predict(self, texts: Sequence[str]) -> list[list[FloatArray]]:
        """`encode` and `run_all` in one."""
        return self.run_all(self.encode(texts))


def _session_options(options: SessionOptions) -> ort.SessionOptions:
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Shapes change with every batch: a memory pattern would be planned and kept for each of them,
    # and the arena would keep the largest batch's memory for ever.
    settings.enable_mem_pattern = False
    settings.enable_cpu_mem_arena = False
    settings.log_severity_level = 3
    return settings
