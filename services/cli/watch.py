"""`switchyard watch`: follow decisions as they are made, across restarts of the server."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.options import Address, AsJson, Tenant

if TYPE_CHECKING:
    from shared.pb.switchyard.v1.intake_pb2 import WatchDecisionsResponse
    from shared.rpc.client import RpcClient

RECONNECT_SECONDS = (0.2, 5.0)


def watch(
    token: Annotated[
        str, typer.Option("--from", help="Resume token of an earlier run; 'begin' for the oldest decision kept.")
    ] = "",
    count: Annotated[int, typer.Option(min=0, help="End after this many decisions; 0 goes on until Ctrl-C.")] = 0,
    tenant: Tenant = None,
    address: Address = None,
    as_json: AsJson = False,
) -> None:
    """Follow decisions: from now on, or from a resume token.

    Each decision comes at least once, in order within a ticket. The last token is printed at the end; with
    --json it stands in every line.
    """
    from services.cli.target import target

    where = target("intake", address, tenant)
    follower = _Follower(where.address, where.tenant, token, count, as_json)
    try:
        asyncio.run(follower.run())
    except KeyboardInterrupt:
        pass
    finally:
        if not as_json and follower.token:
            typer.echo(f"go on with --from {follower.token}", err=True)


class _Follower:
    def __init__(self, address: str, tenant: str, token: str, count: int, as_json: bool) -> None:
        self._address, self._tenant, self._left, self._as_json = address, tenant, count or -1, as_json
        self.token = token

    async def run(self) -> None:
        """Until enough decisions were printed; reconnects once it has been connected."""
        from shared.errors import UnavailableError
        from shared.rpc.client import RpcClient

        connected, pause = False, RECONNECT_SECONDS[0]
        async with RpcClient(self._address) as client:
            while self._left:
                seen = self.token
                try:
                    await self._follow(client)
                    return
                except UnavailableError as error:
                    connected = connected or self.token != seen
                    if not connected:
                        raise
                    pause = RECONNECT_SECONDS[0] if self.token != seen else min(pause * 2, RECONNECT_SECONDS[1])
                    print(f"{error}; trying again", file=sys.stderr)
                    await asyncio.sleep(pause)

    async def _follow(self, client: RpcClient) -> None:
        from shared.pb.switchyard.v1 import intake_pb2, intake_pb2_grpc

        stub = client.stub(intake_pb2_grpc.TicketIntakeServiceStub)
        request = intake_pb2.WatchDecisionsRequest(tenant=self._tenant, resume_token=self.token)
        async for response in client.stream(stub.WatchDecisions, request):
            self.token = response.resume_token
            if response.HasField("decision"):
                self._print(response)
                self._left -= 1
                if not self._left:
                    return

    def _print(self, response: WatchDecisionsResponse) -> None:
        from services.cli.render import decision_line, json_line

        typer.echo(json_line(response) if self._as_json else decision_line(response.decision))
