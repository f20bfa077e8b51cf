"""`switchyard queue`: the human queue from a terminal."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.options import Address, AsJson, Tenant, Timeout, run_async

if TYPE_CHECKING:
    from services.cli.target import Target
    from shared.pb.switchyard.v1.handoff_pb2 import Handover, QueueItem
    from shared.pb.switchyard.v1.handoff_pb2_grpc import HumanQueueServiceAsyncStub
    from shared.rpc.client import RpcClient

AnswerT = TypeVar("AnswerT")
Work = Callable[["RpcClient", "HumanQueueServiceAsyncStub", "Target"], Awaitable[AnswerT]]

app = typer.Typer(help="Work the human queue.", no_args_is_help=True)


class State(StrEnum):
    """Where an item stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    COMPLETED = "completed"


class Outcome(StrEnum):
    """What came of an item."""

    JUSTIFIED = "justified"
    FALSE_ALARM = "false_alarm"
    WRONG_QUEUE = "wrong_queue"
    ALREADY_SOLVED = "already_solved"
    SPAM = "spam"


_Item = Annotated[str, typer.Argument(help="Item id, as `queue list` shows it.")]
_Agent = Annotated[str, typer.Option(help="Who you are; your user name where not given.")]
_Lease = Annotated[int, typer.Option(min=0, help="How long you hold it, in seconds; 0: as the server does.")]


@app.command("list")
def list_items(
    queue: Annotated[str, typer.Option(help="Only this queue.")] = "",
    state: Annotated[State | None, typer.Option(help="Only this state; waiting and claimed where not given.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")] = 100,
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """List who waits for a person: most urgent first, then oldest first."""
    from rich.console import Console

    from services.cli.handover import items_table
    from services.cli.render import json_line
    from shared.pb.switchyard.v1 import handoff_pb2 as pb

    async def work(
        client: RpcClient, stub: HumanQueueServiceAsyncStub, where: Target
    ) -> pb.ListItemsResponse:
        wanted = pb.ItemState.Value(f"ITEM_STATE_{state.name}") if state else pb.ITEM_STATE_UNSPECIFIED
        request = pb.ListItemsRequest(tenant=where.tenant, queue=queue, state=wanted, limit=limit)
        return await client.call(stub.ListItems, request, where.timeout_s)

    answer = _run(work, tenant, address, timeout)
    if as_json:
        for item in answer.items:
            typer.echo(json_line(item))
        return
    if answer.items:
        Console(highlight=False).print(items_table(answer.items))
    typer.echo(f"{answer.waiting} waiting, {answer.claimed} with an agent")


@app.command()
def show(
    item: _Item, tenant: Tenant = None, address: Address = None, timeout: Timeout = None, as_json: AsJson = False
) -> None:
    """Show the whole hand-over of an item."""
    from shared.pb.switchyard.v1 import handoff_pb2 as pb

    async def work(client: RpcClient, stub: HumanQueueServiceAsyncStub, where: Target) -> Handover:
        request = pb.GetItemRequest(tenant=where.tenant, item_id=item)
        return (await client.call(stub.GetItem, request, where.timeout_s)).handover

    _print_handover(_run(work, tenant, address, timeout), as_json)


@app.command()
def claim(
    agent: _Agent = "",
    queue: Annotated[list[str], typer.Option(help="Queue that you work; may be repeated.")] = [],  # noqa: B006
    skill: Annotated[list[str], typer.Option(help="Intent that you can handle; may be repeated.")] = [],  # noqa: B006
    language: Annotated[list[str], typer.Option(help="Language that you speak; may be repeated.")] = [],  # noqa: B006
    lease: _Lease = 0,
    item: Annotated[str, typer.Option(help="Take exactly this item.")] = "",
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Take the most urgent, oldest item that fits, and show its hand-over."""
    from google.protobuf.duration_pb2 import Duration

    from shared.pb.switchyard.v1 import handoff_pb2 as pb
    from shared.rpc.client import ONCE

    async def work(
        client: RpcClient, stub: HumanQueueServiceAsyncStub, where: Target
    ) -> pb.ClaimItemResponse:
        request = pb.ClaimItemRequest(
            tenant=where.tenant,
            agent=agent or getpass.getuser(),
            queues=queue,
            skills=skill,
            languages=language,
            lease=Duration(seconds=lease) if lease else None,
            item_id=item,
        )
        # Never repeated by itself: an answer that was lost on its way would leave a second item claimed.
        return await client.call(stub.ClaimItem, request, where.timeout_s, ONCE)

    answer = _run(work, tenant, address, timeout)
    if answer.HasField("handover"):
        _print_handover(answer.handover, as_json)
    elif not as_json:
        typer.echo("nothing that fits is waiting")


@app.command()
def renew(
    item: _Item,
    agent: _Agent = "",
    lease: _Lease = 0,
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Hold an item for longer."""
    from google.protobuf.duration_pb2 import Duration

    from shared.pb.switchyard.v1 import handoff_pb2 as pb

    async def work(client: RpcClient, stub: HumanQueueServiceAsyncStub, where: Target) -> QueueItem:
        request = pb.RenewItemRequest(
            tenant=where.tenant,
            item_id=item,
            agent=agent or getpass.getuser(),
            lease=Duration(seconds=lease) if lease else None,
        )
        return (await client.call(stub.RenewItem, request, where.timeout_s)).item

    _print_item(_run(work, tenant, address, timeout), as_json)


@app.command()
def release(
    item: _Item,
    agent: _Agent = "",
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Put an item back at its old place."""
    from shared.pb.switchyard.v1 import handoff_pb2 as pb

    async def work(client: RpcClient, stub: HumanQueueServiceAsyncStub, where: Target) -> QueueItem:
        request = pb.ReleaseItemRequest(tenant=where.tenant, item_id=item, agent=agent or getpass.getuser())
        return (await client.call(stub.ReleaseItem, request, where.timeout_s)).item

    _print_item(_run(work, tenant, address, timeout), as_json)


@app.command()
def complete(
    item: _Item,
    disposition: Annotated[Outcome, typer.Option(help="What came of it.")],
    note: Annotated[str, typer.Option(help="For the lead; never shown to the customer.")] = "",
    agent: _Agent = "",
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """End an item with what came of it."""
    from shared.pb.switchyard.v1 import handoff_pb2 as pb

    async def work(client: RpcClient, stub: HumanQueueServiceAsyncStub, where: Target) -> QueueItem:
        request = pb.CompleteItemRequest(
            tenant=where.tenant,
            item_id=item,
            agent=agent or getpass.getuser(),
            disposition=pb.Disposition.Value(f"DISPOSITION_{disposition.name}"),
            note=note,
        )
        return (await client.call(stub.CompleteItem, request, where.timeout_s)).item

    _print_item(_run(work, tenant, address, timeout), as_json)


def _run(
    work: Work[AnswerT], tenant: str | None, address: str | None, timeout: float | None
) -> AnswerT:
    from services.cli.target import target
    from shared.pb.switchyard.v1 import handoff_pb2_grpc
    from shared.rpc.client import RpcClient

    where = target("handoff", address, tenant, timeout)

    async def call() -> AnswerT:
        async with RpcClient(where.address) as client:
            return await work(client, client.stub(handoff_pb2_grpc.HumanQueueServiceStub), where)

    return run_async(call())


def _print_handover(handover: Handover, as_json: bool) -> None:
    from rich.console import Console

    from services.cli.handover import handover_text
    from services.cli.render import json_line

    if as_json:
        typer.echo(json_line(handover))
    else:
        Console(highlight=False).print(handover_text(handover))


def _print_item(item: QueueItem, as_json: bool) -> None:
    from rich.console import Console

    from services.cli.handover import item_text
    from services.cli.render import json_line

    if as_json:
        typer.echo(json_line(item))
    else:
        Console(highlight=False).print(item_text(item))
