"""Analyses and decides a conversation without storing anything."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import grpc

from services.router.decide import decide
from shared.convert import intent_from_pb, sentiment_from_pb, slots_from_pb, utterance_to_pb
from shared.domain.analysis import Analysis
from shared.domain.decision import Conversation, TicketEntry
from shared.domain.policy import Policy
from shared.domain.ticket import Author, Message, Utterance
from shared.errors import UnavailableError
from shared.pb.switchyard.v1 import (
    intent_pb2,
    intent_pb2_grpc,
    sentiment_pb2,
    sentiment_pb2_grpc,
    slots_pb2,
    slots_pb2_grpc,
)

CALL_SECONDS = 20.0


class AnalysisClients:
    """The direct faces of the three analysis services."""

    def __init__(self, intent: str, slots: str, sentiment: str) -> None:
        self._channels = [grpc.aio.insecure_channel(address) for address in (intent, slots, sentiment)]
        self._intent = intent_pb2_grpc.IntentServiceStub(self._channels[0])
        self._slots = slots_pb2_grpc.SlotServiceStub(self._channels[1])
        self._sentiment = sentiment_pb2_grpc.SentimentServiceStub(self._channels[2])

    async def analyse(self, messages: Sequence[Message]) -> list[Analysis]:
        """One analysis a message. Raises UnavailableError where a service is away."""
        utterances = [
            utterance_to_pb(Utterance(m.text, m.language, m.key.tenant, m.region, m.sent_at_ms)) for m in messages
        ]
        try:
            intents, slots, sentiments = await asyncio.gather(
                self._intent.Classify(intent_pb2.ClassifyRequest(utterances=utterances), timeout=CALL_SECONDS),
                self._slots.Extract(slots_pb2.ExtractRequest(utterances=utterances), timeout=CALL_SECONDS),
                self._sentiment.Score(sentiment_pb2.ScoreRequest(utterances=utterances), timeout=CALL_SECONDS),
            )
        except grpc.aio.AioRpcError as error:
            raise UnavailableError(f"an analysis service did not answer ({error.code().name}); try again") from error
        return [
            Analysis(intent_from_pb(i), slots_from_pb(s), sentiment_from_pb(f))
            for i, s, f in zip(intents.results, slots.results, sentiments.results, strict=True)
        ]

    async def close(self) -> None:
        await asyncio.gather(*(channel.close(None) for channel in self._channels))


async def preview(
    clients: AnalysisClients, policy: Policy, messages: Sequence[Message]
) -> tuple[list[TicketEntry], Conversation]:
    """Decide a conversation message by message, as the live path would."""
    customer = [message for message in messages if message.author is Author.CUSTOMER]
    analyses = iter(await clients.analyse(customer) if customer else [])
    conversation, entries = Conversation(), []
    for sequence, message in enumerate(messages, start=1):
        numbered = replace(message, sequence=sequence)
        analysis = next(analyses) if message.author is Author.CUSTOMER else Analysis()
        decision, conversation = decide(policy, numbered, analysis, conversation)
        entries.append(TicketEntry(numbered, analysis, decision))
    return entries, conversation
