"""`switchyard submit` and `switchyard triage`: hand in one message; triage waits for its decision."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import Address, AsJson, Tenant, Timeout, run_async

if TYPE_CHECKING:
    from shared.pb.switchyard.v1.ticket_pb2 import NewMessage

_Text = Annotated[str, typer.Argument(help="What the customer wrote; - reads it from standard input.")]
_Ticket = Annotated[str, typer.Option("--ticket", help="Ticket id; a new one where not given.")]
_Id = Annotated[str, typer.Option("--message-id", help="Id within the ticket; a new one where not given.")]
_Author = Annotated[str, typer.Option(help="customer or agent.")]
_Channel = Annotated[str, typer.Option(help="email, chat, form or social.")]
_Language = Annotated[str, typer.Option(help="ISO 639-1 code; found out where not given.")]
_Region = Annotated[str, typer.Option(help="Country of the customer, ISO 3166-1 alpha-2.")]
_Tier = Annotated[str, typer.Option(help="The customer's tier.")]
_Subject = Annotated[str, typer.Option(help="Subject line.")]
_SentAt = Annotated[str, typer.Option(help="When it was written, such as 2026-11-22T09:30:00Z.")]


def submit(
    text: _Text,
    ticket: _Ticket = "",
    message_id: _Id = "",
    author: _Author = "",
    channel: _Channel = "",
    language: _Language = "",
    region: _Region = "",
    tier: _Tier = "",
    subject: _Subject = "",
    sent_at: _SentAt = "",
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Submit a message. Once this returns, it is safe and will be decided.

    Submitting the same ids and text again is harmless: the first acknowledgement comes back.
    """
    from services.cli.render import json_line, moment
    from services.cli.target import target
    from shared.pb.switchyard.v1 import intake_pb2, intake_pb2_grpc
    from shared.rpc.client import RpcClient

    where = target("intake", address, tenant, timeout)
    message = _message(text, ticket, message_id, author, channel, language, region, tier, subject, sent_at)

    async def work() -> intake_pb2.SubmitMessageResponse:
        async with RpcClient(where.address) as client:
            stub = client.stub(intake_pb2_grpc.TicketIntakeServiceStub)
            request = intake_pb2.SubmitMessageRequest(tenant=where.tenant, message=message)
            return await client.call(stub.SubmitMessage, request, where.timeout_s)

    answer = run_async(work()).acknowledgement
    if as_json:
        typer.echo(json_line(answer))
        return
    known = " (known already)" if answer.duplicate else ""
    typer.echo(
        f"accepted{known}: ticket {answer.ticket_id}, message {answer.message_id}, "
        f"no. {answer.sequence}, {answer.language}, {moment(answer.accepted_at)}"
    )


def triage(
    text: _Text,
    ticket: _Ticket = "",
    message_id: _Id = "",
    author: _Author = "",
    channel: _Channel = "",
    language: _Language = "",
    region: _Region = "",
    tier: _Tier = "",
    subject: _Subject = "",
    sent_at: _SentAt = "",
    tenant: Tenant = None,
    address: Address = None,
    timeout: Timeout = None,
    as_json: AsJson = False,
) -> None:
    """Submit a message and wait for its decision."""
    from rich.console import Console

    from services.cli.render import analysis_text, decision_text, json_line
    from services.cli.target import target
    from shared.pb.switchyard.v1 import intake_pb2, intake_pb2_grpc
    from shared.rpc.client import RpcClient

    where = target("intake", address, tenant, timeout)
    message = _message(text, ticket, message_id, author, channel, language, region, tier, subject, sent_at)

    async def work() -> intake_pb2.TriageResponse:
        async with RpcClient(where.address) as client:
            stub = client.stub(intake_pb2_grpc.TicketIntakeServiceStub)
            request = intake_pb2.TriageRequest(tenant=where.tenant, message=message)
            return await client.call(stub.Triage, request, where.timeout_s)

    answer = run_async(work())
    if as_json:
        typer.echo(json_line(answer))
        return
    console = Console(highlight=False)
    acknowledged = answer.acknowledgement
    console.print(f"ticket {acknowledged.ticket_id}, message {acknowledged.message_id}", style="dim", markup=False)
    console.print(decision_text(answer.decision, message.text))
    console.print(analysis_text(answer.analysis))


def _message(
    text: str,
    ticket: str,
    message_id: str,
    author: str,
    channel: str,
    language: str,
    region: str,
    tier: str,
    subject: str,
    sent_at: str,
) -> NewMessage:
    from services.cli.new_message import new_message

    return new_message(
        {
            "ticket_id": ticket or f"T-{uuid.uuid4().hex[:12]}",
            "message_id": message_id or f"M-{uuid.uuid4().hex[:12]}",
            "text": sys.stdin.read() if text == "-" else text,
            "author": author,
            "channel": channel,
            "language": language,
            "region": region,
            "customer_tier": tier,
            "subject": subject,
            "sent_at": sent_at,
        }
    )
