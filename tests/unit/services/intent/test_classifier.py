"""Acceptance by label thresholds, runners-up, and the two ways to abstain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intent.classifier import IntentCalibration, IntentClassifier, confidence_in_none, judge
from shared.domain.ticket import Utterance
from shared.errors import ModelCardError
from shared.inference.lexicon import Entry, Lexicon, TenantEntries
from shared.inference.model import Calibration, ModelCard, Platt, load_pack
from shared.inference.session import OnnxModel

PACK = Path(__file__).parents[4] / "deploy" / "packs" / "commerce"
LABELS = ("refund_request", "praise", "complaint")


def _card(**changes: object) -> ModelCard:
    content: dict[str, object] = {
        "task": "intent",
        "version": "1.0",
        "base_model": "tiny (MIT)",
        "languages": ("en",),
        "labels": LABELS,
        "thresholds": {"refund_request": 0.4, "praise": 0.5, "complaint": 0.6},
        "review_below": 0.5,
        "max_tokens": 64,
        "sha256": {"model.onnx": "0" * 64, "tokenizer.json": "0" * 64},
    }
    return ModelCard.model_validate({**content, **changes})


@pytest.fixture(scope="module")
def classifier() -> IntentClassifier:
    return IntentClassifier(OnnxModel.load(load_pack(PACK).model_directory("intent")))


def test_each_label_has_its_own_threshold() -> None:
    analysis = judge(_card(), np.array([0.45, 0.45, 0.6]))
    assert {score.label for score in analysis.accepted} == {"refund_request", "complaint"}
    assert analysis.abstention is None
    assert analysis.model == "intent@1.0"


def test_runners_up_are_told_most_probable_first_and_faint_ones_are_not() -> None:
    analysis = judge(_card(), np.array([0.05, 0.45, 0.9]))
    assert [(score.label, score.accepted) for score in analysis.intents] == [
        ("complaint", True),
        ("praise", False),
    ]
    assert analysis.intents[1].threshold == 0.5


def test_no_intent_with_confidence_is_an_answer() -> None:
    analysis = judge(_card(), np.array([0.1, 0.02, 0.02]))
    assert analysis.accepted == () and analysis.abstention is None


def test_no_intent_without_confidence_abstains_and_tells_the_runners_up() -> None:
    analysis = judge(_card(), np.array([0.39, 0.3, 0.2]))
    assert analysis.abstention is not None
    assert analysis.abstention.reason == "low_confidence"
    assert "0.34" in analysis.abstention.detail
    assert len(analysis.intents) == 3


@given(st.lists(st.floats(0, 1), min_size=3, max_size=3))
def test_abstention_and_acceptance_exclude_each_other(values: list[float]) -> None:
    probabilities = np.array(values)
    analysis = judge(_card(), probabilities)
    undecided = confidence_in_none(probabilities) < 0.5
    assert (analysis.abstention is not None) == (not analysis.accepted and undecided)
    shown = [score.probability for score in analysis.intents]
    assert shown == sorted(shown, reverse=True)


def test_calibration_is_by_temperature_unless_a_label_has_its_own() -> None:
    calibration = Calibration(temperature=2.0, per_label={"praise": Platt(slope=3.0, intercept=-1.0)})
    logits = np.array([[2.0, 1.0, -4.0]], dtype=np.float32)
    found = IntentCalibration(_card(calibration=calibration)).probabilities(logits)
    wanted = 1 / (1 + np.exp(-np.array([[1.0, 2.0, -2.0]])))
    assert np.allclose(found, wanted)


def test_extreme_logits_stay_finite() -> None:
    found = IntentCalibration(_card()).probabilities(np.array([1e30, -1e30, 0.0], dtype=np.float32))
    assert np.isfinite(found).all() and found.min() >= 0.0 and found.max() <= 1.0


def test_an_unserved_language_abstains_beside_served_ones(classifier: IntentClassifier) -> None:
    results = classifier.classify(
        [
            Utterance("Wo ist meine Bestellung?", "de"),
            Utterance("I want a refund for order 5512, it arrived broken.", "en"),
            Utterance("Where is it?", "und"),
        ]
    )
    assert [item.abstention.reason if item.abstention else "" for item in results] == [
        "unsupported_language",
        "",
        "unsupported_language",
    ]
    assert all(item.model == classifier.card.name for item in results)
    assert results[0].intents == ()


def test_the_commerce_model_knows_plain_requests(classifier: IntentClassifier) -> None:
    wanted = {
        "I want my money back, please refund the jacket.": "refund_request",
        "Please cancel my order, I ordered it by mistake this morning.": "cancel_order",
        "I forgot my password and the reset mail never arrives, I can't log in.": "login_problem",
        "Can I speak to a real person please?": "human_handoff",
    }
    results = classifier.classify([Utterance(text, "en") for text in wanted])
    for (text, label), analysis in zip(wanted.items(), results, strict=True):
        assert label in {score.label for score in analysis.accepted}, text


def test_the_model_reads_what_the_lexicon_writes_out(classifier: IntentClassifier) -> None:
    lexicon = Lexicon([Entry("wismo", "where is my order")], {"acme": TenantEntries((Entry("gmmb", "give me my money back"),))})
    reading = IntentClassifier(classifier.model, lexicon)
    short = [Utterance("WISMO, GMMB!", "en"), Utterance("wismo, gmmb!", "en", "acme"), Utterance("wismo?", "de")]
    long = [
        Utterance("where is my order, GMMB!", "en"),
        Utterance("where is my order, give me my money back!", "en"),
        Utterance("wismo?", "de"),
    ]
    assert reading.classify(short) == classifier.classify(long)
    assert classifier.classify(short) != classifier.classify(long), "without it, it is another text"


def test_nothing_gives_nothing(classifier: IntentClassifier) -> None:
    assert classifier.classify([]) == []


def test_a_model_of_another_task_is_refused() -> None:
    model = OnnxModel.load(load_pack(PACK).model_directory("sentiment"))
    with pytest.raises(ModelCardError, match="sentiment"):
        IntentClassifier(model)
