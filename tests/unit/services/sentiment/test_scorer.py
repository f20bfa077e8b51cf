"""Levels, frustration and the sentence that carries most of it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.scorer import (
    EVIDENCE_FROM,
    LEVELS,
    SentimentScorer,
    as_written,
    frustration,
    heaviest,
    judge,
    notable_sentences,
    tokens_of,
)
from services.sentiment.sentences import Sentence
from shared.domain.analysis import Sentiment
from shared.domain.ticket import Utterance
from shared.errors import ModelCardError
from shared.inference.expanded import Expanded
from shared.inference.lexicon import Entry, Lexicon, TenantEntries
from shared.inference.model import Calibration, ModelCard, load_pack
from shared.inference.session import OnnxModel

PACK = Path(__file__).parents[4] / "deploy" / "packs" / "commerce"


def _card(calibration: Calibration | None = None) -> ModelCard:
    return ModelCard.model_validate(
        {
            "task": "sentiment",
            "version": "1.0",
            "base_model": "tiny (MIT)",
            "languages": ("en",),
            "labels": tuple(level.value for level in LEVELS),
            "calibration": calibration or Calibration(),
            "max_tokens": 64,
            "sha256": {"model.onnx": "0" * 64, "tokenizer.json": "0" * 64},
        }
    )


def _floats(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, dtype=np.float32)


@pytest.fixture(scope="module")
def scorer() -> SentimentScorer:
    return SentimentScorer(OnnxModel.load(load_pack(PACK).model_directory("sentiment")))


def test_the_level_is_the_most_probable_and_temperature_softens_it() -> None:
    logits = _floats(0.0, 3.0, 1.0, 0.0, 0.0)
    sharp = judge(_card(), logits, _floats(-9, -9, -9, -9))
    soft = judge(_card(Calibration(temperature=3.0)), logits, _floats(-9, -9, -9, -9))
    assert sharp.sentiment is soft.sentiment is Sentiment.NEGATIVE
    assert 0.2 < soft.sentiment_probability < sharp.sentiment_probability < 1.0


def test_frustration_is_the_expected_level_over_four() -> None:
    assert frustration(_card(), _floats(60, 60, 60, 60)) == pytest.approx(1.0)
    assert frustration(_card(), _floats(60, 60, -60, -60)) == pytest.approx(0.5)
    assert frustration(_card(), _floats(-60, -60, -60, -60)) == pytest.approx(0.0)


def test_the_curve_corrects_frustration_between_its_knots() -> None:
    card = _card(Calibration(curve=((0.0, 0.1), (0.5, 0.5), (1.0, 0.9))))
    assert frustration(card, _floats(60, -60, -60, -60)) == pytest.approx(0.3)


@given(st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=9, max_size=9))
def test_scores_stay_in_their_ranges(values: list[float]) -> None:
    analysis = judge(_card(), _floats(*values[:5]), _floats(*values[5:]))
    assert 0.0 <= analysis.frustration <= 1.0
    assert 0.2 - 1e-9 <= analysis.sentiment_probability <= 1.0


def test_the_heaviest_sentence_has_its_probability_among_all() -> None:
    sentences = [Sentence(0, 5), Sentence(6, 12), Sentence(13, 20)]
    evidence = heaviest(sentences, [0.0, math.log(6.0), math.log(3.0)])
    assert (evidence.start, evidence.end) == (6, 12)
    assert evidence.share == pytest.approx(0.6)
    assert heaviest(sentences, [-90.0, -90.0, -90.0]).share == pytest.approx(1 / 3)


def test_a_token_belongs_to_the_sentence_that_it_begins_in() -> None:
    offsets = [(0, 0), (0, 2), (3, 7), (8, 12), (12, 13), (0, 0)]
    assert tokens_of(Sentence(0, 7), offsets) == [1, 2]
    assert tokens_of(Sentence(8, 13), offsets) == [3, 4]
    assert tokens_of(Sentence(20, 30), offsets) == [], "what was cut off has none"


def test_scraps_are_not_evidence() -> None:
    text = "Hi,\nThe pump failed again.\n--\nJo"
    assert [text[item.start : item.end] for item in notable_sentences(text)] == ["The pump failed again."]
    assert len(notable_sentences("No!")) == 1


def test_angry_messages_rank_above_calm_ones(scorer: SentimentScorer) -> None:
    calm, annoyed, furious = scorer.score(
        [
            Utterance("Could you tell me the opening hours of the shop in Leeds?", "en"),
            Utterance("This is the second time I write about the missing lid. A bit disappointing.", "en"),
            Utterance(
                "You are useless liars! Three weeks of lies, I want my money NOW or I call my lawyer.", "en"
            ),
        ]
    )
    assert calm.frustration < annoyed.frustration < furious.frustration
    assert calm.evidence is None
    assert furious.sentiment is Sentiment.VERY_NEGATIVE and furious.frustration > 0.6


def test_evidence_points_at_the_angry_sentence_of_the_original_text(scorer: SentimentScorer) -> None:
    angry = "You people are a disgrace and I am sick of your lies!"
    text = f"👋 Hello,  my order number is 4411.\n\n{angry} The parcel was due on Monday."
    analysis = scorer.score([Utterance(text, "en")])[0]
    assert analysis.frustration >= EVIDENCE_FROM
    assert analysis.evidence is not None
    assert text[analysis.evidence.start : analysis.evidence.end] == angry
    assert 1 / 3 < analysis.evidence.share <= 1.0


@given(st.text(max_size=120))
def test_any_text_is_scored_with_offsets_inside_it(scorer: SentimentScorer, text: str) -> None:
    analysis = scorer.score([Utterance(text, "en")])[0]
    assert 0.0 <= analysis.frustration <= 1.0
    if analysis.evidence is not None:
        assert 0 <= analysis.evidence.start < analysis.evidence.end <= len(text)
        assert 0.0 <= analysis.evidence.share <= 1.0


LEXICON = Lexicon(
    [Entry("yaad", "you are a disgrace"), Entry("iasoyl", "I am sick of your lies"), Entry("hi", "Hello. Good day to you. Well")],
    {"calm": TenantEntries((Entry("yaad", "thank you"),), removed=("iasoyl",))},
)


@pytest.fixture(scope="module")
def reading(scorer: SentimentScorer) -> SentimentScorer:
    return SentimentScorer(scorer.model, LEXICON)


def test_evidence_points_into_the_original_of_an_expanded_text(scorer: SentimentScorer, reading: SentimentScorer) -> None:
    angry = "YAAD and iasoyl!!"
    text = f"👋 hi, my order number is 4411.\n\n{angry} The parcel was due on Monday."
    analysis = reading.score([Utterance(text, "en")])[0]
    assert analysis.evidence is not None
    assert text[analysis.evidence.start : analysis.evidence.end] == angry
    read = LEXICON.expand(text).text
    (plain,) = scorer.score([Utterance(read, "en")])
    assert plain.evidence is not None
    assert read[plain.evidence.start : plain.evidence.end] == "you are a disgrace and I am sick of your lies!!"
    assert as_written(plain, LEXICON.expand(text)) == analysis, "apart from its place, all is as for the written-out text"
    assert as_written(plain, Expanded(read)) == plain


def test_a_tenant_has_a_lexicon_of_its_own(reading: SentimentScorer) -> None:
    rude, kind = reading.score([Utterance("yaad!", "en"), Utterance("yaad!", "en", "calm")])
    assert kind.frustration < rude.frustration


@given(st.lists(st.sampled_from(["yaad", "iasoyl", "hi", " ", "! ", "\n", "-", "👩‍👩‍👧", "e\u0301", "no"]) | st.text(max_size=3)))
def test_any_expanded_text_is_scored_with_offsets_inside_the_original(reading: SentimentScorer, pieces: list[str]) -> None:
    text = "".join(pieces)
    evidence = reading.score([Utterance(text, "en")])[0].evidence
    assert evidence is None or 0 <= evidence.start < evidence.end <= len(text)


def test_an_unserved_language_abstains(scorer: SentimentScorer) -> None:
    analysis = scorer.score([Utterance("Das ist eine Frechheit!", "de")])[0]
    assert analysis.abstention is not None and analysis.abstention.reason == "unsupported_language"
    assert analysis.model == scorer.card.name


def test_a_model_of_another_task_is_refused() -> None:
    with pytest.raises(ModelCardError, match="intent"):
        SentimentScorer(OnnxModel.load(load_pack(PACK).model_directory("intent")))
