"""A running service takes in a new model, policy or lexicon without dropping a call, and refuses a bad one."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
import yaml

from shared.config import PACKS
from shared.pb.switchyard.v1 import intent_pb2, intent_pb2_grpc
from shared.pb.switchyard.v1.utterance_pb2 import Utterance
from tests.harness.store_process import StoreProcess
from tests.harness.system import System, some_server
from tests.harness.waiting import eventually

COMMERCE = PACKS / "commerce"
RELOAD_SECONDS = 0.1


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the pack with its intent model alone."""
    copy = tmp_path / "pack"
    ignored = shutil.ignore_patterns("cases", "slots", "sentiment")
    shutil.copytree(COMMERCE, copy, ignore=ignored)
    return copy


@pytest.fixture
def system(pack: Path) -> Iterator[System]:
    settings = {"platform.pack": pack, "intent.model.reload_s": RELOAD_SECONDS}
    with StoreProcess(some_server()) as store, System(store.url, [("intent",)], settings) as running:
        yield running


def publish(pack: Path, version: str, spoil: bool = False) -> None:
    """Add a version of the intent model (the same weights under a new name), and make it the active one."""
    manifest_file = pack / "pack.yaml"
    manifest = yaml.safe_load(manifest_file.read_text(encoding="utf-8"))
    folder = pack / "models" / "intent"
    shutil.copytree(folder / manifest["models"]["intent"], folder / version)
    card_file = folder / version / "card.yaml"
    card = yaml.safe_load(card_file.read_text(encoding="utf-8"))
    card["version"] = version
    if spoil:
        card["sha256"]["model.onnx"] = hashlib.sha256(b"another model").hexdigest()
    card_file.write_text(yaml.safe_dump(card), encoding="utf-8")
    manifest["models"]["intent"] = version
    replacement = manifest_file.with_suffix(".new")
    replacement.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    replacement.replace(manifest_file)


class Caller:
    """Classifies without a pause, and remembers which model answered each call."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = intent_pb2_grpc.IntentServiceStub(channel)
        self.models: list[str] = []

    async def run(self) -> None:
        request = intent_pb2.ClassifyRequest(utterances=[Utterance(text="Where is my parcel?", language="en")])
        while True:
            answer = await self._stub.Classify(request, timeout=10)
            self.models.append(answer.results[0].model)


async def test_models_are_swapped_under_load_and_bad_ones_refused(system: System, pack: Path) -> None:
    async with grpc.aio.insecure_channel(system.address("intent")) as channel, asyncio.TaskGroup() as group:
        caller = Caller(channel)
        calling = group.create_task(caller.run())  # a failed call fails the test

        async def answered_by(version: str) -> bool:
            return bool(caller.models) and caller.models[-1] == f"intent@{version}"

        async def refused() -> bool:
            return bool(system.events("model_refused"))

        await eventually(lambda: answered_by(system_version()), "the first model answers")
        assert told_by_metrics(system) == [f"intent@{system_version()}"]
        publish(pack, "2099.1")
        await eventually(lambda: answered_by("2099.1"), "the new model answers")
        assert told_by_metrics(system) == ["intent@2099.1"]
        publish(pack, "2099.2-spoilt", spoil=True)
        await eventually(refused, "the spoilt model is refused")
        assert told_by_metrics(system) == ["intent@2099.1"]
        so_far = len(caller.models)

        async def went_on() -> bool:
            return len(caller.models) > so_far + 5

        await eventually(went_on, "calls are answered after the refusal")
        calling.cancel()

    assert list(dict.fromkeys(caller.models)) == [f"intent@{system_version()}", "intent@2099.1"]
    assert len(system.events("model_refused")) == 1, "told once"
    assert "2099.2-spoilt" in system.events("model_refused")[0]["error"]


async def test_a_lexicon_is_swapped_in_without_the_model_and_a_bad_one_refused(system: System, pack: Path) -> None:
    file = pack / "lexicon.yaml"
    shipped = file.read_text(encoding="utf-8")
    text, meaning = "xyzzy!", "Where is my order? It should have been here on Monday."
    async with grpc.aio.insecure_channel(system.address("intent")) as channel:
        stub = intent_pb2_grpc.IntentServiceStub(channel)

        async def labels(said: str) -> list[str]:
            request = intent_pb2.ClassifyRequest(utterances=[Utterance(text=said, language="en", tenant="default")])
            (result,) = (await stub.Classify(request, timeout=10)).results
            return [f"{score.label} {score.probability}" for score in result.intents]

        async def understood() -> bool:
            return await labels(text) == wanted

        async def refused() -> bool:
            return bool(system.events("lexicon_refused"))

        wanted = await labels(meaning)
        assert not await understood()
        file.write_text(shipped + f"    xyzzy: '{meaning.removesuffix('.')}'\n", encoding="utf-8")
        wanted = await labels(meaning.removesuffix(".") + "!")
        await eventually(understood, "the tenant's new term is written out")
        (serving,) = told_by_metrics(system, "lexicon")
        file.write_text("version: spoilt\nentries: [xyzzy]\n", encoding="utf-8")
        await eventually(refused, "the spoilt lexicon is refused")
        await asyncio.sleep(5 * RELOAD_SECONDS)
        assert await understood(), "the old one serves on"

    (refusal,) = system.events("lexicon_refused")
    assert "line 2: entries: is a list" in refusal["error"]
    assert refusal["serving"] == serving
    first, second = system.events("lexicon_loaded")
    assert first["version"] != second["version"] == serving
    assert told_by_metrics(system, "lexicon") == [serving]
    assert not system.events("model_loaded"), "the model stayed as it was"


def told_by_metrics(system: System, what: str = "model") -> list[str]:
    """What the metrics name as serving; one, unless something is wrong."""
    return [sample.labels[what] for sample in system.samples("intent") if sample.name == "switchyard_model_info"]


def system_version() -> str:
    """The version that the pack ships."""
    manifest = yaml.safe_load((COMMERCE / "pack.yaml").read_text(encoding="utf-8"))
    return str(manifest["models"]["intent"])
