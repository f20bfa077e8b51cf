"""RouterService: protobuf in and out."""

from __future__ import annotations

from typing import Any

from services.router.policy import load_policy
from services.router.policy_store import PolicyStore
from services.router.preview import AnalysisClients, preview
from shared.clock import Clock
from shared.convert import conversation_to_pb, entry_to_pb, message_from_new
from shared.language import LanguageIdentifier
from shared.pb.switchyard.v1 import router_pb2 as pb
from shared.pb.switchyard.v1 import router_pb2_grpc as pb_grpc
from shared.rpc.server import Servicer
from shared.tenants import Tenants


class RouterServicer(pb_grpc.RouterServiceServicer):
    """Previews; live decisions come from the queue."""

    def __init__(
        self,
        tenants: Tenants,
        policies: PolicyStore,
        clients: AnalysisClients,
        languages: LanguageIdentifier,
        clock: Clock,
    ) -> None:
        self._tenants, self._policies, self._clients = tenants, policies, clients
        self._languages, self._clock = languages, clock

    async def Preview(self, request: pb.PreviewRequest, context: Any) -> pb.PreviewResponse:
        self._tenants.require(request.tenant)
        if request.policy_yaml:
            policy = load_policy(request.policy_yaml, self._policies.intents)
        else:
            policy = self._policies.live()
        now = self._clock.now_ms()
        messages = [
            message_from_new(request.tenant, new, new.language or self._languages.identify(new.text), now)
            for new in request.messages
        ]
        entries, conversation = await preview(self._clients, policy, messages)
        return pb.PreviewResponse(
            entries=[entry_to_pb(entry) for entry in entries], conversation=conversation_to_pb(conversation)
        )


def servicer(implementation: RouterServicer) -> Servicer:
    """The servicer with its registration."""
    return Servicer(
        "switchyard.v1.RouterService", pb_grpc.add_RouterServiceServicer_to_server, implementation
    )
