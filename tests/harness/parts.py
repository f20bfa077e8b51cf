"""Analyses as tests let services make them, and the stages that store them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from shared.domain.analysis import (
    IntentAnalysis,
    IntentScore,
    Part,
    Sentiment,
    SentimentAnalysis,
    SlotAnalysis,
)
from shared.domain.ticket import Utterance
from shared.streams.names import Group, Keys
from shared.streams.part_stage import PartStage, failed

INTENT = IntentAnalysis((IntentScore("refund_request", 0.9, 0.5, True),), model="intent@test")
SLOTS = SlotAnalysis(model="slots@test")
SENTIMENT = SentimentAnalysis(Sentiment.NEGATIVE, 0.8, 0.3, model="sentiment@test")
ANALYSES: dict[Part, Any] = {Part.INTENT: INTENT, Part.SLOTS: SLOTS, Part.SENTIMENT: SENTIMENT}
FAILED: dict[Part, Any] = {
    Part.INTENT: IntentAnalysis(abstention=failed()),
    Part.SLOTS: SlotAnalysis(abstention=failed()),
    Part.SENTIMENT: SentimentAnalysis(abstention=failed()),
}
GROUP_OF = {Part.INTENT: Group.INTENT, Part.SLOTS: Group.SLOTS, Part.SENTIMENT: Group.SENTIMENT}


def part_stage(redis: Redis, keys: Keys, part: Part, analyse: Any = None) -> PartStage[Any]:
    """The real stage of an analysis service of shard 0, with a model that says the same of all texts."""

    async def same(utterances: Sequence[Utterance]) -> Sequence[Any]:
        return [ANALYSES[part]] * len(utterances)

    return PartStage(redis, keys, 0, part, analyse or same, FAILED[part])
