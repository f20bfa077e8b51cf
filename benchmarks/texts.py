"""Messages of realistic lengths: texts of our own from the pack's labelled cases, and e-mails made of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.domain.ticket import Utterance
from shared.inference.model import load_pack
from shared.inference.session import OnnxModel
from shared.language import LanguageIdentifier

TENANT = "default"
REPLY_SHARE = 0.25  # of the messages continue an earlier ticket
REPLY_DISTANCE = 200  # messages between the two
EMAIL_SHARE = 0.15  # of the messages are e-mails, which quote one to three others
MOST_QUOTED = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to submit: ids, text, its length in tokens of the models, and what the models are given."""

    ticket: str
    message: str
    text: str
    tokens: int
    language: str

    @property
    def utterance(self) -> Utterance:
        """As the analysis services see it."""
        return Utterance(self.text, self.language, TENANT, "", 1_790_000_000_000)


def draw(pack: Path, count: int, seed: int, run: str = "") -> list[Sample]:
    """``count`` messages, the same for the same seed; ``run`` makes their ids new.

    Lengths: customers' messages as they stand in the cases (English; about 40 tokens), of which
    EMAIL_SHARE carry others below, as e-mails do (about 120). The language is what intake finds.
    """
    chance = random.Random(seed)
    pool = sorted(set(_customers(pack)))
    languages = LanguageIdentifier(load_pack(pack).languages[0])
    languages.wait()
    lengths = _Lengths(pack)
    samples: list[Sample] = []
    for index in range(count):
        text = chance.choice(pool)
        if chance.random() < EMAIL_SHARE:
            text = "\n\n".join([text, *chance.sample(pool, chance.randint(1, MOST_QUOTED))])
        follows = index >= REPLY_DISTANCE and chance.random() < REPLY_SHARE
        ticket = samples[index - REPLY_DISTANCE].ticket if follows else f"{run}T{index}"
        samples.append(Sample(ticket, f"m{index}", text, lengths.tokens(text), languages.identify(text)))
    return samples


class _Lengths:
    """Counts tokens with the intent model's tokenizer; all three models share its vocabulary."""

    def __init__(self, pack: Path) -> None:
        self._model = OnnxModel.load(load_pack(pack).model_directory("intent"))

    def tokens(self, text: str) -> int:
        return len(self._model.encode([text])[0].ids)


def _customers(pack: Path) -> Iterator[str]:
    for file in sorted((pack / "cases").glob("*/*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case["lang"] == "en":
                yield from (it["text"] for it in case["messages"] if it["author"] == "customer")
