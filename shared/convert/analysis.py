"""What the analysis services say: protobuf to domain and back."""

from __future__ import annotations

from shared.domain.analysis import (
    Abstention,
    Analysis,
    Evidence,
    IntentAnalysis,
    IntentScore,
    Sentiment,
    SentimentAnalysis,
    Slot,
    SlotAnalysis,
    SlotSource,
)
from shared.pb.switchyard.v1 import ticket_pb2 as pb

_SENTIMENTS = list(Sentiment)
_SOURCES = list(SlotSource)


def _abstention_to_pb(value: Abstention | None) -> pb.Abstention | None:
    return pb.Abstention(reason=value.reason, detail=value.detail) if value else None


def intent_to_pb(value: IntentAnalysis) -> pb.IntentAnalysis:
    return pb.IntentAnalysis(
        intents=[
            pb.IntentScore(
                label=s.label, probability=s.probability, threshold=s.threshold, accepted=s.accepted
            )
            for s in value.intents
        ],
        abstention=_abstention_to_pb(value.abstention),
        model=value.model,
    )


def intent_from_pb(value: pb.IntentAnalysis) -> IntentAnalysis:
    return IntentAnalysis(
        intents=tuple(
            IntentScore(s.label, s.probability, s.threshold, s.accepted) for s in value.intents
        ),
        abstention=_abstention_from_pb(value),
        model=value.model,
    )


def slots_to_pb(value: SlotAnalysis) -> pb.SlotAnalysis:
    return pb.SlotAnalysis(
        slots=[
            pb.Slot(
                type=s.type,
                text=s.text,
                start=s.start,
                end=s.end,
                value=s.value,
                confidence=s.confidence,
                source=pb.SlotSource.ValueType(_SOURCES.index(s.source) + 1),
            )
            for s in value.slots
        ],
        abstention=_abstention_to_pb(value.abstention),
        model=value.model,
    )


def slots_from_pb(value: pb.SlotAnalysis) -> SlotAnalysis:
    return SlotAnalysis(
        slots=tuple(
            Slot(s.type, s.text, s.start, s.end, s.value, s.confidence, _SOURCES[s.source - 1])
            for s in value.slots
        ),
        abstention=_abstention_from_pb(value),
        model=value.model,
    )


def evidence_to_pb(value: Evidence | None) -> pb.Evidence | None:
    return pb.Evidence(start=value.start, end=value.end, share=value.share) if value else None


def sentiment_to_pb(value: SentimentAnalysis) -> pb.SentimentAnalysis:
    return pb.SentimentAnalysis(
        sentiment=pb.Sentiment.ValueType(_SENTIMENTS.index(value.sentiment) + 1),
        sentiment_probability=value.sentiment_probability,
        frustration=value.frustration,
        evidence=evidence_to_pb(value.evidence),
        abstention=_abstention_to_pb(value.abstention),
        model=value.model,
    )


def sentiment_from_pb(value: pb.SentimentAnalysis) -> SentimentAnalysis:
    return SentimentAnalysis(
        sentiment=_SENTIMENTS[value.sentiment - 1] if value.sentiment else Sentiment.NEUTRAL,
        sentiment_probability=value.sentiment_probability,
        frustration=value.frustration,
        evidence=evidence_from_pb(value),
        abstention=_abstention_from_pb(value),
        model=value.model,
    )


def _abstention_from_pb(
    holder: pb.IntentAnalysis | pb.SlotAnalysis | pb.SentimentAnalysis,
) -> Abstention | None:
    if not holder.HasField("abstention"):
        return None
    return Abstention(holder.abstention.reason, holder.abstention.detail)


def evidence_from_pb(holder: pb.SentimentAnalysis | pb.Reason) -> Evidence | None:
    if not holder.HasField("evidence"):
        return None
    return Evidence(holder.evidence.start, holder.evidence.end, holder.evidence.share)


def encode_part(part: IntentAnalysis | SlotAnalysis | SentimentAnalysis) -> bytes:
    """A part of an analysis as a message record holds it."""
    if isinstance(part, IntentAnalysis):
        return intent_to_pb(part).SerializeToString()
    if isinstance(part, SlotAnalysis):
        return slots_to_pb(part).SerializeToString()
    return sentiment_to_pb(part).SerializeToString()


def decode_analysis(intent: bytes | None, slots: bytes | None, sentiment: bytes | None) -> Analysis:
    """The parts of a message record; None where one has not landed."""
    return Analysis(
        intent=None if intent is None else intent_from_pb(pb.IntentAnalysis.FromString(intent)),
        slots=None if slots is None else slots_from_pb(pb.SlotAnalysis.FromString(slots)),
        sentiment=None if sentiment is None else sentiment_from_pb(pb.SentimentAnalysis.FromString(sentiment)),
    )


def analysis_to_pb(value: Analysis) -> pb.Analysis:
    return pb.Analysis(
        intent=intent_to_pb(value.intent) if value.intent else None,
        slots=slots_to_pb(value.slots) if value.slots else None,
        sentiment=sentiment_to_pb(value.sentiment) if value.sentiment else None,
    )
