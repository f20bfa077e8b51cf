"""`switchyard classify`, `extract` and `score`: ask one analysis service directly; nothing is stored."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from google.protobuf.message import Message

from services.cli.options import Address, AsJson, Timeout, run_async
from services.cli.render import excerpt, intents_of, json_line, sentiment_of, slots_of

if TYPE_CHECKING:
    from shared.pb.switchyard.v1.utterance_pb2 import Utterance
    from shared.rpc.client import RpcClient

MOST_AT_ONCE = 64  # as the services accept
ECHO_WIDTH = 60

ResultT = TypeVar("ResultT", bound=Message)
Ask = Callable[["RpcClient", "Sequence[Utterance]", float], Awaitable[Sequence[ResultT]]]

_Texts = Annotated[list[str], typer.Argument(help="Texts; a single - reads one a line from standard input.")]
_Language = Annotated[str, typer.Option(help="ISO 639-1 code of the texts; English where not given.")]
_Region = Annotated[str, typer.Option(help="Country, ISO 3166-1 alpha-2: helps to read phones and dates.")]
_Tenant = Annotated[str, typer.Option("--tenant", "-t", help="Tenant whose id patterns and products apply.")]


def classify(
    texts: _Texts, language: _Language = "", address: Address = None, timeout: Timeout = None, as_json: AsJson = False
) -> None:
    """Find the intents of texts."""
    from shared.pb.switchyard.v1 import intent_pb2, intent_pb2_grpc, ticket_pb2

    async def ask(
        client: RpcClient, utterances: Sequence[Utterance], timeout_s: float
    ) -> Sequence[ticket_pb2.IntentAnalysis]:
        stub = client.stub(intent_pb2_grpc.IntentServiceStub)
        request = intent_pb2.ClassifyRequest(utterances=utterances)
        return (await client.call(stub.Classify, request, timeout_s)).results

    _analyse("intent", address, timeout, _batches(texts, language), ask, intents_of, as_json)


def extract(
    texts: _Texts,
    language: _Language = "",
    region: _Region = "",
    tenant: _Tenant = "",
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Find and normalise the slots of texts: order ids, amounts, dates …"""
    from shared.pb.switchyard.v1 import slots_pb2, slots_pb2_grpc, ticket_pb2

    async def ask(
        client: RpcClient, utterances: Sequence[Utterance], timeout_s: float
    ) -> Sequence[ticket_pb2.SlotAnalysis]:
        stub = client.stub(slots_pb2_grpc.SlotServiceStub)
        request = slots_pb2.ExtractRequest(utterances=utterances)
        return (await client.call(stub.Extract, request, timeout_s)).results

    _analyse("slots", address, timeout, _batches(texts, language, region, tenant), ask, slots_of, as_json)


def score(
    texts: _Texts, language: _Language = "", address: Address = None, timeout: Timeout = None, as_json: AsJson = False
) -> None:
    """Score the sentiment and frustration of texts."""
    from shared.pb.switchyard.v1 import sentiment_pb2, sentiment_pb2_grpc, ticket_pb2

    async def ask(
        client: RpcClient, utterances: Sequence[Utterance], timeout_s: float
    ) -> Sequence[ticket_pb2.SentimentAnalysis]:
        stub = client.stub(sentiment_pb2_grpc.SentimentServiceStub)
        request = sentiment_pb2.ScoreRequest(utterances=utterances)
        return (await client.call(stub.Score, request, timeout_s)).results

    _analyse("sentiment", address, timeout, _batches(texts, language), ask, sentiment_of, as_json)


def _analyse(
    service: str,
    address: str | None,
    timeout: float | None,
    batches: Iterator[list[Utterance]],
    ask: Ask[ResultT],
    show: Callable[[ResultT], str],
    as_json: bool,
) -> None:
    from services.cli.target import target
    from shared.rpc.client import RpcClient

    where = target(service, address, None, timeout)

    async def work() -> None:
        async with RpcClient(where.address) as client:
            for batch in batches:
                results = await ask(client, batch, where.timeout_s)
                for utterance, result in zip(batch, results, strict=True):
                    if as_json:
                        typer.echo(json_line(result))
                    else:
                        typer.echo(f"{excerpt(utterance.text, ECHO_WIDTH)}\n  {show(result)}")

    run_async(work())


def _batches(texts: list[str], language: str, region: str = "", tenant: str = "") -> Iterator[list[Utterance]]:
    from shared.pb.switchyard.v1.utterance_pb2 import Utterance

    lines = (line.rstrip("\n") for line in sys.stdin) if texts == ["-"] else iter(texts)
    batch: list[Utterance] = []
    for text in lines:
        batch.append(Utterance(text=text, language=language, region=region, tenant=tenant))
        if len(batch) == MOST_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
