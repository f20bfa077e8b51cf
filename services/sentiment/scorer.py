"""How a customer feels: sentiment level, frustration, and the sentence that carries most of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from services.sentiment.sentences import Sentence, split_sentences
from shared.domain.analysis import Abstention, Evidence, Sentiment, SentimentAnalysis
from shared.domain.ticket import Utterance
from shared.errors import ModelCardError
from shared.inference.expanded import Expanded
from shared.inference.lexicon import Expander, Lexicon
from shared.inference.model import ModelCard
from shared.inference.session import OnnxModel

UNSUPPORTED_LANGUAGE = "unsupported_language"
LEVELS = tuple(Sentiment)
OUTPUTS = ("sentiment", "frustration", "evidence")

# Below this a message is calm: nobody will ask which sentence carried it.
EVIDENCE_FROM = 0.25
# A pause in the text that is shorter says nothing alone ("Hi,", "--", "Ref: 12").
MIN_SENTENCE_CHARACTERS = 4

_Floats = npt.NDArray[np.float32]


class SentimentScorer:
    """Scores messages with one model; keeps no state between calls.

    The model must return ``sentiment`` [batch, 5] (softmax, worst first), ``frustration`` [batch, 4],
    whose k-th sigmoid is the probability that frustration is at least k of 4, and ``evidence``
    [batch, tokens, 1], whose mean over a sentence's tokens is its logit of being the one that carries
    most of the frustration.
    """

    def __init__(self, model: OnnxModel, lexicon: Expander | None = None) -> None:
        """``lexicon`` says which terms are written out in what the model reads."""
        self._lexicon = lexicon or Lexicon()
        self.model = model
        self.card = model.card
        if model.card.task != "sentiment":
            raise ModelCardError(
                f"{model.card.name}: task is {model.card.task!r}, but a sentiment model is needed"
            )
        if model.card.labels != tuple(level.value for level in LEVELS):
            raise ModelCardError(f"{model.card.name}: labels must be the five levels, worst first")
        if set(model.output_names) != set(OUTPUTS):
            raise ModelCardError(f"{model.card.name}: the model must have the outputs {', '.join(OUTPUTS)}")
        self._sentiment, self._frustration, self._evidence = (model.output_names.index(name) for name in OUTPUTS)

    def score(self, utterances: Sequence[Utterance]) -> list[SentimentAnalysis]:
        """Analyses in the order of the utterances.

        Languages that the model was not trained for are answered by an abstention. Blocks while the
        model runs: call it off the event loop.
        """
        expanded = [self._lexicon.expand(item.text, item.tenant) for item in utterances]
        read = [replace(item, text=it.text) for item, it in zip(utterances, expanded, strict=True)]
        return [as_written(found, it) for found, it in zip(self._score(read), expanded, strict=True)]

    def _score(self, utterances: Sequence[Utterance]) -> list[SentimentAnalysis]:
        """The same for texts as the model shall read them."""
        results: list[SentimentAnalysis] = [
            SentimentAnalysis(
                abstention=Abstention(
                    UNSUPPORTED_LANGUAGE, f"no sentiment model for language {item.language!r}"
                ),
                model=self.card.name,
            )
            for item in utterances
        ]
        served = [index for index, item in enumerate(utterances) if item.language in self.card.languages]
        if not served:
            return results
        outputs = self.model.predict([utterances[index].text for index in served])
        for index, output in zip(served, outputs, strict=True):
            analysis = judge(self.card, output[self._sentiment], output[self._frustration])
            if analysis.frustration >= EVIDENCE_FROM:
                evidence = self._heaviest(utterances[index].text, output[self._evidence][:, 0])
                analysis = replace(analysis, evidence=evidence)
            results[index] = analysis
        return results

    def _heaviest(self, text: str, scores: _Floats) -> Evidence | None:
        """The sentence that carries most; None where the model has read no sentence at all.

        ``scores`` is [tokens]; a sentence that was cut off has none.
        """
        sentences = notable_sentences(text)
        if len(sentences) == 1:
            return Evidence(sentences[0].start, sentences[0].end, 1.0)
        # Offsets cost tokenising time, so only what needs them is tokenised with them.
        (encoding,) = self.model.encode([text], offsets=True)
        read = [(sentence, tokens_of(sentence, encoding.offsets)) for sentence in sentences]
        logits = [(sentence, float(scores[mine].mean())) for sentence, mine in read if mine]
        return heaviest([sentence for sentence, _ in logits], [logit for _, logit in logits]) if logits else None


def tokens_of(sentence: Sentence, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Places of the tokens that begin in a sentence; ``offsets`` are theirs, (0, 0) for a special one."""
    return [
        place for place, (start, end) in enumerate(offsets) if end > start and sentence.start <= start < sentence.end
    ]


def as_written(analysis: SentimentAnalysis, expanded: Expanded) -> SentimentAnalysis:
    """The analysis of an expanded text with its evidence where that stands in the original."""
    if analysis.evidence is None:
        return analysis
    start, end = expanded.written(analysis.evidence.start, analysis.evidence.end)
    return replace(analysis, evidence=replace(analysis.evidence, start=start, end=end))


def judge(card: ModelCard, sentiment_logits: _Floats, frustration_logits: _Floats) -> SentimentAnalysis:
    """The analysis (without evidence) that the logits of one message amount to."""
    scaled = sentiment_logits.astype(np.float64) / card.calibration.temperature
    weights = np.exp(scaled - scaled.max())
    probabilities = weights / weights.sum()
    best = int(probabilities.argmax())
    return SentimentAnalysis(
        sentiment=LEVELS[best],
        sentiment_probability=float(probabilities[best]),
        frustration=frustration(card, frustration_logits),
        model=card.name,
    )


def frustration(card: ModelCard, logits: _Floats) -> float:
    """Frustration in [0, 1]: the expected level / 4, corrected by the card's calibration curve."""
    clipped = np.clip(logits.astype(np.float64), -60.0, 60.0)
    raw = float(np.mean(1.0 / (1.0 + np.exp(-clipped))))
    if not card.calibration.curve:
        return raw
    knots = np.asarray(card.calibration.curve)
    return float(np.interp(raw, knots[:, 0], knots[:, 1]))


def notable_sentences(text: str) -> tuple[Sentence, ...]:
    """Sentences that can say something, in order of the text; all of them where all are very short."""
    sentences = split_sentences(text)
    return tuple(item for item in sentences if item.end - item.start >= MIN_SENTENCE_CHARACTERS) or tuple(sentences)


def heaviest(sentences: Sequence[Sentence], logits: Sequence[float]) -> Evidence:
    """The sentence of highest logit; its share is its probability among all sentences (softmax)."""
    index = max(range(len(sentences)), key=logits.__getitem__)
    share = 1.0 / sum(math.exp(logit - logits[index]) for logit in logits)
    return Evidence(sentences[index].start, sentences[index].end, share)
