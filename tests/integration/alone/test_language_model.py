"""What finds out languages loads while the service starts: calls before are told to come again, a failure ends it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from py3langid.langid import MODEL_DIR

from services.intake import app
from services.intake.config import IntakeConfig
from shared import language
from shared.config import PlatformConfig
from shared.errors import ModelError
from shared.lifecycle import Service, run_until_signal
from tests.harness.helpdesk import Helpdesk, said
from tests.harness.letters import GERMAN
from tests.harness.store_process import StoreProcess
from tests.harness.waiting import eventually

pytestmark = pytest.mark.usefixtures("redis")  # an empty store: other tests lay it out otherwise
MODEL = (MODEL_DIR / language.MODEL).read_bytes()


def build(store: StoreProcess) -> Service:
    return app.build(PlatformConfig(redis_url=store.url), IntakeConfig(port=0, metrics_port=0))


async def test_a_model_that_cannot_be_loaded_ends_intake(
    any_store: StoreProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = tmp_path / "model.npz.xz"
    spoilt.write_bytes(MODEL[:1000])
    monkeypatch.setattr(language, "MODEL", str(spoilt))

    async with asyncio.timeout(20):
        with pytest.raises(ModelError, match="language model cannot be loaded"):
            await run_until_signal([build(any_store)], grace=1.0)


async def test_a_call_before_the_model_is_loaded_is_told_to_come_again(
    any_store: StoreProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "model.npz.xz"
    os.mkfifo(pipe)  # whoever reads it waits until somebody writes
    monkeypatch.setattr(language, "MODEL", str(pipe))
    service = build(any_store)
    await service.start()
    address = f"127.0.0.1:{service.server.port}"
    try:
        async with Helpdesk("default", address) as desk, grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await desk.submit(said("T-1", "m1", GERMAN))
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "say the language" in (refusal.value.details() or "")
            with pytest.raises(grpc.aio.AioRpcError) as refusal:
                await desk.submit_batch([said("T-1", "m1", GERMAN)])
            assert refusal.value.code() is grpc.StatusCode.UNAVAILABLE
            assert (await desk.submit(said("T-1", "m1", GERMAN, language="de"))).sequence == 1
            health = health_pb2_grpc.HealthStub(channel)

            async def serving() -> bool:
                answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
                return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

            assert not await serving()
            await asyncio.to_thread(pipe.write_bytes, MODEL)
            await eventually(serving, "intake is ready")
            assert (await desk.submit(said("T-1", "m2", GERMAN))).language == "de"
    finally:
        if not service.ready():
            await asyncio.to_thread(pipe.write_bytes, MODEL)
        await service.stop(1.0)
