"""A valid request for every RPC: what mutations start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from shared.pb.switchyard.v1 import handoff_pb2, intake_pb2, intent_pb2, router_pb2, sentiment_pb2, slots_pb2
from shared.pb.switchyard.v1.ticket_pb2 import AUTHOR_CUSTOMER, CHANNEL_EMAIL, NewMessage
from shared.pb.switchyard.v1.utterance_pb2 import Utterance
from tests.harness.letters import FURIOUS
from tests.hostile.rpcs import RPCS, Stranger, rpc

TENANT = "shop"
MARK = "Quetzalcoatl"  # stands in every text that is sent, and may stand in no log
SOME_DAY = Timestamp(seconds=1_790_000_000)
TEXT = f"{MARK} wants his 12.50 EUR for order A-10293 back by tomorrow. Call +44 161 496 0733, at once!"


@dataclass(frozen=True, repr=False)
class Requests:
    """By method: a valid request."""

    by_method: dict[str, Message]
    _numbers: Iterator[int] = field(default_factory=count)

    def of(self, method: str) -> Message:
        """A copy to spoil; its messages are of a ticket that nobody has named yet, so that they are accepted."""
        request = self.by_method[method]
        copy = type(request)()
        copy.CopyFrom(request)
        fields = {field.name for field in copy.DESCRIPTOR.fields}
        messages = getattr(copy, "messages", ()) if "messages" in fields else ()
        for message in (copy.message,) if "message" in fields else messages:  # type: ignore[attr-defined]
            message.ticket_id = f"T-new-{next(self._numbers):08}"  # of one length: hypothesis repeats itself
        return copy


def new_message(message: str = "m1", ticket: str = "T-1", text: str = TEXT) -> NewMessage:
    """A message with every field set."""
    return NewMessage(
        ticket_id=ticket, message_id=message, text=text, author=AUTHOR_CUSTOMER, channel=CHANNEL_EMAIL,
        sent_at=SOME_DAY, language="en", region="GB", customer_tier="gold", subject="Refund", attributes={"brand": "north"},
    )  # fmt: skip


def valid_requests(stranger: Stranger) -> Requests:
    """Puts a ticket before a person first, so that the human queue has an item to name."""
    item = waiting_item(stranger)
    message = new_message()
    words = [Utterance(text=TEXT, language="en", tenant=TENANT, region="GB", sent_at=SOME_DAY)]
    named = {"tenant": TENANT, "item_id": item, "agent": "ana"}
    lease = Duration(seconds=60)
    requests: list[Message] = [
        intake_pb2.SubmitMessageRequest(tenant=TENANT, message=message),
        intake_pb2.SubmitMessagesRequest(tenant=TENANT, messages=[message, new_message("m2")]),
        intake_pb2.TriageRequest(tenant=TENANT, message=message),
        intake_pb2.GetTicketRequest(tenant=TENANT, ticket_id="T-angry"),
        intake_pb2.WatchDecisionsRequest(tenant=TENANT, resume_token=token_of_the_end(stranger)),
        intent_pb2.ClassifyRequest(utterances=words),
        slots_pb2.ExtractRequest(utterances=words),
        sentiment_pb2.ScoreRequest(utterances=words),
        router_pb2.PreviewRequest(tenant=TENANT, messages=[message], policy_yaml=""),
        handoff_pb2.ListItemsRequest(tenant=TENANT, queue="escalations", state=1, limit=10),
        handoff_pb2.ClaimItemRequest(
            tenant=TENANT, agent="ana", queues=["escalations"], skills=["refund"], languages=["en"], lease=lease
        ),
        handoff_pb2.RenewItemRequest(**named, lease=lease),
        handoff_pb2.ReleaseItemRequest(**named),
        handoff_pb2.CompleteItemRequest(**named, disposition=1, note=f"{MARK} has his money"),
        handoff_pb2.GetItemRequest(tenant=TENANT, item_id=item),
        handoff_pb2.WatchItemsRequest(tenant=TENANT, queue="escalations"),
    ]
    by_type = {type(request): request for request in requests}
    return Requests({one.method: by_type[one.request] for one in RPCS})


def waiting_item(stranger: Stranger) -> str:
    """Id of an item in the human queue."""
    for number in range(1, 4):
        angry = intake_pb2.TriageRequest(tenant=TENANT, message=new_message(f"m{number}", "T-angry", FURIOUS))
        triage = rpc("Triage")
        answer = stranger.send(triage.service, triage.path, angry.SerializeToString(), 30)
        assert answer.code is grpc.StatusCode.OK, answer
    listing = handoff_pb2.ListItemsRequest(tenant=TENANT)
    for _ in range(200):
        items = handoff_pb2.ListItemsResponse.FromString(stranger.call(rpc("ListItems"), listing).body).items
        if items:
            return items[0].item_id
    raise AssertionError("a furious customer did not reach the human queue")


def token_of_the_end(stranger: Stranger) -> str:
    """A resume token as received."""
    answer = stranger.call(rpc("WatchDecisions"), intake_pb2.WatchDecisionsRequest(tenant=TENANT))
    return intake_pb2.WatchDecisionsResponse.FromString(answer.body).resume_token
