"""The load generator: submits messages from a process of its own and reads from the store what became of them.

It speaks gRPC with requests encoded beforehand, and follows progress by the counter of undecided messages, so
that it takes little of the cores that it shares with what it measures; its own CPU time is reported.
"""

from __future__ import annotations

import asyncio
import random
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from redis.asyncio import Redis

from benchmarks.processes import cpu_seconds, machine_cpu_seconds
from benchmarks.texts import TENANT, Sample
from shared.pb.switchyard.v1 import intake_pb2, ticket_pb2
from shared.streams.names import GROUPS_OF, Keys, Stream

MODEL_CPU = "switchyard_model_cpu_seconds_total "
METHOD = "/switchyard.v1.TicketIntakeService/"
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 300.0
UNARY_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Job:
    """What to submit where.

    ``rate`` 0: as fast as the engine takes it, in batches of ``batch`` (1: unary calls), with at most ``window``
    messages undecided. Else unary calls at that many a second on average, at random (Poisson) moments
    which do not wait for anything: an open loop.
    """

    address: str
    redis_url: str
    shards: int
    samples: Sequence[Sample]
    pids: dict[str, int]
    model_metrics: Sequence[str]
    batch: int = 50
    window: int = 250
    rate: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured; CPU in seconds by process, latencies in the order of the samples, in milliseconds.

    ``model_cpu`` is what the services' model threads used, as they say themselves. ``other_cpu`` is what anything else on the machine used meanwhile: noise.
    """

    per_second: float
    cpu: dict[str, float]
    model_cpu: float
    generator_cpu: float
    other_cpu: float
    seconds: float
    latencies_ms: list[float] = field(default_factory=list)


def run(job: Job) -> Outcome:
    """Submit all and wait until everything is decided and filed. RuntimeError where something is not."""
    return asyncio.run(_Generator(job).run())


class _Generator:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._keys = Keys(job.shards)
        self._redis = Redis.from_url(job.redis_url)
        self._sent_at = [0.0] * len(job.samples)
        self._sent = 0

    async def run(self) -> Outcome:
        job = self._job
        positions = [await self._end(shard) for shard in self._keys.every_shard()]
        async with grpc.aio.insecure_channel(job.address) as channel:
            await channel.channel_ready()
            requests = self._requests()
            models = self._model_cpu()
            before, own, machine = self._cpu(), time.process_time(), machine_cpu_seconds()
            began = time.time()
            await (self._open_loop(channel, requests) if job.rate else self._closed_loop(channel, requests))
            await self._settled()
            after, own = self._cpu(), time.process_time() - own
            machine, seconds = machine_cpu_seconds() - machine, time.time() - began
            models = self._model_cpu() - models
        decided = await self._decided(positions)
        await self._redis.aclose()
        cpu = {name: after[name] - before[name] for name in before}
        latencies = [
            decided[_reference(sample)] - 1000 * at for sample, at in zip(job.samples, self._sent_at, strict=True)
        ]
        return Outcome(
            len(job.samples) / (max(decided.values()) / 1000 - began),
            cpu, models, own, machine - sum(cpu.values()) - own, seconds, latencies,
        )  # fmt: skip

    def _requests(self) -> list[bytes]:
        """Encoded requests, one a batch."""
        messages = [
            ticket_pb2.NewMessage(ticket_id=it.ticket, message_id=it.message, text=it.text, channel=ticket_pb2.CHANNEL_EMAIL)
            for it in self._job.samples
        ]
        if self._job.rate or self._job.batch == 1:
            return [
                intake_pb2.SubmitMessageRequest(tenant=TENANT, message=message).SerializeToString()
                for message in messages
            ]
        size = self._job.batch
        return [
            intake_pb2.SubmitMessagesRequest(tenant=TENANT, messages=messages[i : i + size]).SerializeToString()
            for i in range(0, len(messages), size)
        ]

    async def _closed_loop(self, channel: grpc.aio.Channel, requests: Sequence[bytes]) -> None:
        size = self._job.batch
        submit = _method(channel, "SubmitMessage" if size == 1 else "SubmitMessages")
        todo = iter(enumerate(requests))

        async def sender() -> None:
            for index, request in todo:
                while self._sent + size > self._job.window and await self._undecided() + size > self._job.window:
                    await asyncio.sleep(POLL_SECONDS)
                self._sent += size
                for sample in range(index * size, min((index + 1) * size, len(self._sent_at))):
                    self._sent_at[sample] = time.time()
                _check(await submit(request), size)

        await asyncio.gather(*(sender() for _ in range(UNARY_AT_ONCE if size == 1 else 1)))

    async def _open_loop(self, channel: grpc.aio.Channel, requests: Sequence[bytes]) -> None:
        submit = _method(channel, "SubmitMessage")
        chance = random.Random(self._job.seed)
        due = time.time() + 0.05
        calls = []

        async def send(request: bytes) -> None:
            _check(await submit(request), 1)

        for index, request in enumerate(requests):
            due += chance.expovariate(self._job.rate)
            self._sent_at[index] = due  # not when it was sent: a late generator must not hide waiting
            await asyncio.sleep(max(0.0, due - time.time()))
            calls.append(asyncio.create_task(send(request)))
        await asyncio.gather(*calls)

    async def _undecided(self) -> int:
        values: Any = await self._redis.mget([self._keys.in_flight(shard) for shard in self._keys.every_shard()])
        return sum(int(value or 0) for value in values)

    async def _settled(self) -> None:
        """Until nothing is undecided and every group has ended every entry."""
        end = time.monotonic() + PATIENCE_SECONDS
        while await self._undecided() or await self._unfinished():
            if time.monotonic() > end:
                raise RuntimeError(f"{await self._undecided()} messages are undecided after {PATIENCE_SECONDS:g} s")
            await asyncio.sleep(POLL_SECONDS)

    async def _unfinished(self) -> bool:
        for stream in (stream for stream, groups in GROUPS_OF.items() if groups):
            for shard in self._keys.every_shard():
                for info in await self._redis.xinfo_groups(self._keys.stream(stream, shard)):
                    if info["pending"] or info["lag"]:
                        return True
        return False

    async def _end(self, shard: int) -> str:
        info: Any = await self._redis.xinfo_stream(self._keys.stream(Stream.DECIDED, shard))
        last = info["last-generated-id"]
        return last.decode() if isinstance(last, bytes) else str(last)

    async def _decided(self, positions: Sequence[str]) -> dict[str, float]:
        """When each message was decided (Unix ms, rounded up); RuntimeError unless each was, once and wholly."""
        found: dict[str, float] = {}
        for shard, position in enumerate(positions):
            rows: Any = await self._redis.xrange(self._keys.stream(Stream.DECIDED, shard), f"({position}", "+")
            for _, fields in rows:
                decision = ticket_pb2.Decision.FromString(fields[b"d"])
                if decision.revision != 1 or decision.partial:
                    raise RuntimeError("a decision was made without all parts: the engine is overloaded, send less")
                found[fields[b"k"].decode()] = int(fields[b"at"]) + 1.0
        if found.keys() != {_reference(sample) for sample in self._job.samples}:
            raise RuntimeError(f"{len(self._job.samples)} messages were submitted and {len(found)} decided")
        return found

    def _model_cpu(self) -> float:
        """CPU seconds of all model threads so far."""
        total = 0.0
        for address in self._job.model_metrics:
            with urllib.request.urlopen(address, timeout=10) as answer:
                for line in answer.read().decode().splitlines():
                    if line.startswith(MODEL_CPU):
                        total += float(line.split()[1])
        return total

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._job.pids.items()}


def _reference(sample: Sample) -> str:
    return f"{TENANT}|{sample.ticket}|{sample.message}"


def _method(channel: grpc.aio.Channel, name: str) -> Any:
    """A method of intake that takes and gives bytes."""
    return channel.unary_unary(METHOD + name, request_serializer=None, response_deserializer=None)


def _check(answer: bytes, size: int) -> None:
    """RuntimeError where a message was refused."""
    if size == 1:
        return  # a refusal is an RPC error
    for result in intake_pb2.SubmitMessagesResponse.FromString(answer).results:
        if result.HasField("error"):
            raise RuntimeError(f"a message was refused: {result.error.message}")
