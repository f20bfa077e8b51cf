"""`switchyard ticket show`: a whole conversation with what was found in it and decided about it."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.options import Address, AsJson, Tenant, Timeout, run_async

app = typer.Typer(help="Look at tickets.", no_args_is_help=True)


@app.callback()
def tickets() -> None:
    """Look at tickets."""


@app.command()
def show(
    ticket: Annotated[str, typer.Argument(help="Ticket id.")],
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Show a conversation: messages, analyses, decisions and the state it is in.

    With --json one line a message, then one line with the conversation's state.
    """
    from rich.console import Console

    from services.cli.conversation import conversation_text
    from services.cli.render import json_line
    from services.cli.target import target
    from shared.pb.switchyard.v1 import intake_pb2, intake_pb2_grpc
    from shared.rpc.client import RpcClient

    where = target("intake", address, tenant, timeout)

    async def work() -> intake_pb2.GetTicketResponse:
        async with RpcClient(where.address) as client:
            stub = client.stub(intake_pb2_grpc.TicketIntakeServiceStub)
            request = intake_pb2.GetTicketRequest(tenant=where.tenant, ticket_id=ticket)
            return await client.call(stub.GetTicket, request, where.timeout_s)

    answer = run_async(work())
    if as_json:
        for entry in answer.entries:
            typer.echo(json_line(entry))
        typer.echo(json_line(answer.conversation))
        return
    Console(highlight=False).print(conversation_text(answer.entries, answer.conversation))
