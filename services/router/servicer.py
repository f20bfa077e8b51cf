"""RouterService: protobuf in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from services.router.policy import load_policy
from services.router.policy_store import PolicyStore
from services.router.preview import AnalysisClients, preview
from shared.clock import Clock
from shared.convert import conversation_to_pb, entry_to_pb, message_from_new
from shared.language import LanguageIdentifier
from shared.pb.switchyard.v1 import router_pb2 as pb
from shared.pb.switchyard.v1 import router_pb2_grpc as pb_grpc
from shared.pb.switchyard.v1.ticket_pb2 import NewMessage
from shared.rpc.server import Servicer
from shared.tenants import Tenants


class RouterServicer(pb_grpc.RouterServiceServicer):
    """Previews; live decisions come from the queue."""

    def __init__(
        self,
        tenants: Tenants,
        policies: PolicyStore,
        clients: AnalysisClients,
        default_language: str,
        clock: Clock,
    ) -> None:
        self._tenants, self._policies, self._clients = tenants, policies, clients
        self._default_language, self._clock = default_language, clock

    async def Preview(self, request: pb.PreviewRequest, context: Any) -> pb.PreviewResponse:
        self._tenants.require(request.tenant)
        if request.policy_yaml:
            policy = load_policy(request.policy_yaml, self._policies.intents)
        else:
            policy = self._policies.live()
        now = self._clock.now_ms()
        languages = await self._languages(request.messages)
        messages = [
            message_from_new(request.tenant, new, language, now)
            for new, language in zip(request.messages, languages, strict=True)
        ]
        entries, conversation = await preview(self._clients, policy, messages)
        return pb.PreviewResponse(
            entries=[entry_to_pb(entry) for entry in entries], conversation=conversation_to_pb(conversation)
        )

    async def _languages(self, messages: Iterable[NewMessage]) -> list[str]:
        """The language of each, found out as intake does where it is not given.

        What that takes (80 MB) is loaded by the first preview that needs it: most routers never do.
        """

        def found() -> list[str]:
            identifier = LanguageIdentifier(self._default_language)
            identifier.wait()
            return [new.language or identifier.identify(new.text) for new in messages]

        if all(new.language for new in messages):
            return [new.language for new in messages]
        return await asyncio.to_thread(found)


def servicer(implementation: RouterServicer) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.RouterService", pb_grpc.add_RouterServiceServicer_to_server, implementation
    )
