"""Parts of an analysis survive being stored, each on its own and all together."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.convert import (
    analysis_to_pb,
    decode_analysis,
    encode_part,
    intent_from_pb,
    intent_to_pb,
    sentiment_from_pb,
    sentiment_to_pb,
    slots_from_pb,
    slots_to_pb,
)
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

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SHARES = st.floats(0, 1)
OFFSETS = st.integers(0, 20_000)
ABSTENTIONS = st.none() | st.builds(Abstention, TEXTS, TEXTS)
INTENTS = st.builds(
    IntentAnalysis,
    intents=st.lists(st.builds(IntentScore, TEXTS, SHARES, SHARES, st.booleans()), max_size=4).map(tuple),
    abstention=ABSTENTIONS,
    model=TEXTS,
)
SLOTS = st.builds(
    SlotAnalysis,
    slots=st.lists(
        st.builds(Slot, TEXTS, TEXTS, OFFSETS, OFFSETS, TEXTS, SHARES, st.sampled_from(SlotSource)), max_size=4
    ).map(tuple),
    abstention=ABSTENTIONS,
    model=TEXTS,
)
SENTIMENTS = st.builds(
    SentimentAnalysis,
    sentiment=st.sampled_from(Sentiment),
    sentiment_probability=SHARES,
    frustration=SHARES,
    evidence=st.none() | st.builds(Evidence, OFFSETS, OFFSETS, SHARES),
    abstention=ABSTENTIONS,
    model=TEXTS,
)
ANALYSES = st.builds(Analysis, st.none() | INTENTS, st.none() | SLOTS, st.none() | SENTIMENTS)


@given(INTENTS)
def test_intents_come_back(part: IntentAnalysis) -> None:
    assert intent_from_pb(intent_to_pb(part)) == part


@given(SLOTS)
def test_slots_come_back(part: SlotAnalysis) -> None:
    assert slots_from_pb(slots_to_pb(part)) == part


@given(SENTIMENTS)
def test_sentiment_comes_back(part: SentimentAnalysis) -> None:
    assert sentiment_from_pb(sentiment_to_pb(part)) == part


@given(ANALYSES)
@settings(max_examples=40)
def test_parts_of_a_record_come_back_and_missing_ones_stay_missing(analysis: Analysis) -> None:
    stored = [None if part is None else encode_part(part) for part in (analysis.intent, analysis.slots, analysis.sentiment)]
    assert decode_analysis(*stored) == analysis


@given(ANALYSES)
@settings(max_examples=40)
def test_the_wire_tells_a_missing_part_from_an_empty_one(analysis: Analysis) -> None:
    wire = analysis_to_pb(analysis)
    for name in ("intent", "slots", "sentiment"):
        assert wire.HasField(name) == (getattr(analysis, name) is not None), name


def test_an_empty_part_that_has_landed_is_not_missing() -> None:
    """It encodes to no bytes at all, which must not be read as "not there"."""
    empty = Analysis(IntentAnalysis(), SlotAnalysis(), SentimentAnalysis())
    assert analysis_to_pb(empty).HasField("slots")
    assert decode_analysis(encode_part(IntentAnalysis()), encode_part(SlotAnalysis()), None).missing == ("sentiment",)


@pytest.mark.parametrize("level", Sentiment)
def test_sentiment_levels_have_the_names_of_the_wire(level: Sentiment) -> None:
    wire = sentiment_to_pb(SentimentAnalysis(level)).sentiment
    assert pb.Sentiment.Name(wire) == f"SENTIMENT_{level.name}"


@pytest.mark.parametrize("source", SlotSource)
def test_slot_sources_have_the_names_of_the_wire(source: SlotSource) -> None:
    wire = slots_to_pb(SlotAnalysis((Slot("order_id", "A1", 0, 2, "A1", 1.0, source),))).slots[0].source
    assert pb.SlotSource.Name(wire) == f"SLOT_SOURCE_{source.name}"


def test_an_older_record_without_a_sentiment_level_is_neutral() -> None:
    assert sentiment_from_pb(pb.SentimentAnalysis()).sentiment is Sentiment.NEUTRAL
