"""Which intents a message has: calibrated probabilities, per-label thresholds, honest abstention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from shared.domain.analysis import Abstention, IntentAnalysis, IntentScore
from shared.domain.ticket import Utterance
from shared.errors import ModelCardError
from shared.inference.lexicon import Expander, Lexicon
from shared.inference.model import ModelCard
from shared.inference.session import OnnxModel

RUNNER_UP_FLOOR = 0.05
UNSUPPORTED_LANGUAGE = "unsupported_language"
LOW_CONFIDENCE = "low_confidence"

_Floats = npt.NDArray[np.float64]


class IntentCalibration:
    """From logits to probabilities as the card says, for all labels at once."""

    def __init__(self, card: ModelCard) -> None:
        per_label = card.calibration.per_label
        slope = 1.0 / card.calibration.temperature
        self._slopes = np.array([per_label[x].slope if x in per_label else slope for x in card.labels])
        self._intercepts = np.array([per_label[x].intercept if x in per_label else 0.0 for x in card.labels])

    def probabilities(self, logits: npt.NDArray[np.float32]) -> _Floats:
        """Logits [..., labels] -> probabilities of the same shape, in (0, 1)."""
        scaled = np.clip(logits.astype(np.float64) * self._slopes + self._intercepts, -60.0, 60.0)
        result: _Floats = 1.0 / (1.0 + np.exp(-scaled))
        return result


class IntentClassifier:
    """Classifies messages with one model; keeps no state between calls.

    The model must return one array [batch, labels] of logits, one independent sigmoid a label. It reads
    texts with the terms of ``lexicon`` written out.
    """

    def __init__(self, model: OnnxModel, lexicon: Expander | None = None) -> None:
        self._lexicon = lexicon or Lexicon()
        self.model = model
        self.card = model.card
        if model.card.task != "intent":
            raise ModelCardError(
                f"{model.card.name}: task is {model.card.task!r}, but an intent model is needed"
            )
        self._calibration = IntentCalibration(model.card)

    def classify(self, utterances: Sequence[Utterance]) -> list[IntentAnalysis]:
        """Analyses in the order of the utterances.

        A language that the model was not trained for is answered by an abstention, and the model
        does not see the text. Blocks while the model runs: call it off the event loop.
        """
        results: list[IntentAnalysis] = [
            IntentAnalysis(
                abstention=Abstention(
                    UNSUPPORTED_LANGUAGE, f"no intent model for language {utterance.language!r}"
                ),
                model=self.card.name,
            )
            for utterance in utterances
        ]
        served = [index for index, item in enumerate(utterances) if item.language in self.card.languages]
        if not served:
            return results
        texts = [self._lexicon.expand(utterances[index].text, utterances[index].tenant).text for index in served]
        outputs = self.model.predict(texts)
        for index, output in zip(served, outputs, strict=True):
            results[index] = judge(self.card, self._calibration.probabilities(output[0]))
        return results


def judge(card: ModelCard, probabilities: _Floats) -> IntentAnalysis:
    """The analysis that calibrated probabilities [labels] of one message amount to.

    Labels from their thresholds up are accepted, runners-up above 0.05 are told. Where none is
    accepted, the model may be sure that no intent applies (thanks, chit-chat) or undecided: the
    confidence in "none" is the probability that all labels are absent, ``prod(1 - p_i)``, taking
    the labels as independent. Below the card's ``review_below`` the analysis abstains.
    """
    order = np.argsort(-probabilities, kind="stable")
    scores = tuple(
        IntentScore(
            label=card.labels[index],
            probability=float(probabilities[index]),
            threshold=card.thresholds[card.labels[index]],
            accepted=bool(probabilities[index] >= card.thresholds[card.labels[index]]),
        )
        for index in order
    )
    told = tuple(score for score in scores if score.accepted or score.probability > RUNNER_UP_FLOOR)
    if any(score.accepted for score in told):
        return IntentAnalysis(intents=told, model=card.name)
    confidence = confidence_in_none(probabilities)
    if confidence < card.review_below:
        detail = f"confidence {confidence:.2f} that no intent applies is below {card.review_below:.2f}"
        return IntentAnalysis(intents=told, abstention=Abstention(LOW_CONFIDENCE, detail), model=card.name)
    return IntentAnalysis(intents=told, model=card.name)


def confidence_in_none(probabilities: _Floats) -> float:
    """Probability that no label applies, the labels taken as independent: ``prod(1 - p_i)``."""
    return float(np.prod(1.0 - probabilities))
