"""A host with a model of the commerce pack: who waits for whom, and what its runs are told to cost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.config import PACKS
from shared.domain.ticket import Utterance
from shared.inference.host import ModelHost
from shared.inference.meter import ModelMeter
from shared.inference.model import load_pack
from shared.inference.session import OnnxModel, SessionOptions

COMMERCE = PACKS / "commerce"
LONGEST = "Where is my order A-10293, which I paid weeks ago? " * 400  # as long as a text may be
TEXTS = ["Where is my order 4411?", "thanks", "I was charged twice for the same pair of boots and nobody answers."]


def said(*texts: str) -> list[Utterance]:
    return [Utterance(text, "en", "default", "", 0) for text in texts]


class Predictor:
    """A model as a host runs it, which gives its outputs as they are."""

    def __init__(self, model: OnnxModel) -> None:
        self._model, self.name = model, model.card.name

    def __call__(self, utterances: Sequence[Utterance]) -> list[Any]:
        return self._model.predict([utterance.text for utterance in utterances])


class Told:
    """What the meter tells."""

    def __init__(self) -> None:
        self.cpu: list[float] = []
        self.tokens: list[int] = []
        self.meter = ModelMeter(self.cpu.append, self.tokens.append)


@pytest.fixture
def told() -> Told:
    return Told()


Host = Callable[..., ModelHost[Any]]


@pytest.fixture
async def host(told: Told, tmp_path: Path) -> AsyncIterator[Host]:
    """Makes hosts of the pack's intent model."""
    made: list[ModelHost[Any]] = []
    pack = tmp_path / "pack"
    shutil.copytree(COMMERCE, pack, ignore=shutil.ignore_patterns("cases", "slots", "sentiment"))

    def make(workers: int = 1) -> ModelHost[Any]:
        options = SessionOptions(observe_tokens=told.meter.ran_over)
        made.append(
            ModelHost(pack, "intent", lambda path: Predictor(OnnxModel.load(path, options)), workers, 5.0, told.meter)
        )
        return made[-1]

    yield make
    for one in made:
        await one.close()


def tokens_of(*texts: str) -> int:
    model = OnnxModel.load(load_pack(COMMERCE).model_directory("intent"))
    return sum(len(encoding.ids) for encoding in model.encode(texts))


async def test_a_batch_is_measured_as_a_whole(host: Host, told: Told) -> None:
    running = host()
    await running.analyse(said(*TEXTS))
    await running.analyse(said(TEXTS[0]))
    assert told.tokens == [tokens_of(*TEXTS), tokens_of(TEXTS[0])]
    assert len(told.cpu) == 2
    assert min(told.cpu) > 0


async def test_batches_that_run_at_once_are_measured_apart(host: Host, told: Told) -> None:
    running = host(workers=2)
    batches = [said(text) * 20 for text in TEXTS]
    await asyncio.gather(*(running.analyse(batch) for batch in batches))
    assert sorted(told.tokens) == sorted(20 * tokens_of(text) for text in TEXTS)


async def test_a_batch_does_not_wait_for_the_whole_of_long_direct_calls(host: Host, told: Told) -> None:
    running = host()
    direct = [asyncio.create_task(running.answer(said(LONGEST) * 20)) for _ in range(3)]
    while not told.cpu:
        await asyncio.sleep(0.001)  # until the first slice is done
    before = len(told.cpu)

    await running.analyse(said(*TEXTS))

    assert len(told.cpu) - before <= 3, "the batch waits for the slice that runs, and for none of those behind it"
    assert not any(call.done() for call in direct)
    answers = await asyncio.gather(*direct)
    assert [len(answer) for answer in answers] == [20, 20, 20]


async def test_a_short_direct_call_does_not_wait_for_the_whole_of_a_long_one(host: Host) -> None:
    running = host()
    long = asyncio.create_task(running.answer(said(LONGEST) * 20))
    await asyncio.sleep(0)
    assert len(await running.answer(said(*TEXTS))) == len(TEXTS)
    assert not long.done()
    await long


async def test_a_direct_call_is_answered_as_a_batch_is(host: Host, told: Told) -> None:
    running = host()
    texts = [*TEXTS, LONGEST] * 3
    answered = await running.answer(said(*texts))
    assert told.tokens == [], "it is no batch of the pipeline"
    processed = await running.analyse(said(*texts))
    for one, other in zip(answered, processed, strict=True):
        assert np.array_equal(one[0], other[0])


def test_a_batch_that_raises_has_cost_time_and_processed_nothing(told: Told) -> None:
    with pytest.raises(ValueError, match="broken"), told.meter.batch():
        told.meter.ran_over(40)
        raise ValueError("broken")
    assert (len(told.cpu), told.tokens) == (1, [])
    with told.meter.batch():
        told.meter.ran_over(2)
        told.meter.ran_over(3)
    assert told.tokens == [5]
