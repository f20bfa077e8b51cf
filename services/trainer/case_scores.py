"""Scores of judged case files, as cases.md defines them, with bootstrap intervals over conversations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.trainer.case_run import JudgedMessage
from services.trainer.evaluate import (
    calibration_error,
    f1,
    frustration_scores,
    intent_scores,
    sentiment_scores,
    slot_scores,
)
from services.trainer.example import SlotSpan
from shared.domain.analysis import Sentiment
from shared.domain.decision import Outcome

LEVELS = tuple(level.value for level in Sentiment)
Conversations = Sequence[Sequence[JudgedMessage]]
Scores = dict[str, dict[str, float]]
RESAMPLES = 500
INTERVAL = (2.5, 97.5)


def case_scores(conversations: Conversations, labels: Sequence[str]) -> Scores:
    """Scores by part: intents, slots, frustration, sentiment, escalate.

    A label that is missing from a message is not scored; a part without any label is left out.
    """
    messages = [message for conversation in conversations for message in conversation]
    scores: Scores = {}
    if intended := [each for each in messages if each.message.intents is not None]:
        scores["intents"] = _intents(intended, labels)
    if spanned := [each for each in messages if each.message.slots is not None]:
        found = slot_scores([gold_slots(each) for each in spanned], [found_slots(each) for each in spanned])
        scores["slots"] = {name: found[name] for name in ("f1", "partial_f1", "precision", "recall")}
    if graded := [each for each in messages if each.message.frustration is not None]:
        truth = np.array([each.message.frustration for each in graded], dtype=np.float64)
        found = frustration_scores(truth, np.array([frustration(each) for each in graded]))
        scores["frustration"] = {
            name: found[f"frustration_{name}"] for name in ("pearson", "spearman", "mae")
        }
    if levelled := [each for each in messages if each.message.sentiment is not None]:
        found = sentiment_scores(
            np.array([LEVELS.index(each.message.sentiment or "") for each in levelled]),
            np.array([LEVELS.index(level(each)) for each in levelled]),
        )
        scores["sentiment"] = {name: found[f"sentiment_{name}"] for name in ("macro_f1", "accuracy", "mae")}
    if called := [each for each in messages if each.message.escalate is not None]:
        scores["escalate"] = {**_escalations(called), "on_time": on_time(conversations)}
    return scores


def intervals(
    conversations: Conversations,
    score: Callable[[Conversations], Scores],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, dict[str, tuple[float, float]]]:
    """95 % percentile intervals of every score (Efron 1979); whole conversations are drawn, since messages of
    one are not independent.
    """
    generator = np.random.default_rng(seed)
    drawn: dict[str, dict[str, list[float]]] = {}
    for _ in range(resamples):
        picks = generator.integers(0, len(conversations), len(conversations))
        for part, values in score([conversations[pick] for pick in picks]).items():
            for name, value in values.items():
                drawn.setdefault(part, {}).setdefault(name, []).append(value)
        progress()
    return {
        part: {name: _interval(values) for name, values in names.items()} for part, names in drawn.items()
    }


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One intent or slot type: how often labelled, found, and right."""

    label: str
    labelled: int
    found: int
    right: int

    @property
    def f1(self) -> float:
        return f1(self.right, self.found, self.labelled)


def by_intent(conversations: Conversations, labels: Sequence[str]) -> list[LabelScore]:
    """Each intent that is labelled or found, the worst F1 first."""
    truth, accepted = _intent_matrices(_with_intents(conversations), labels)
    counts = zip(labels, truth.sum(0), accepted.sum(0), (truth & accepted).sum(0), strict=True)
    return _worst_first([LabelScore(label, int(n), int(m), int(hits)) for label, n, m, hits in counts])


def by_slot(conversations: Conversations) -> list[LabelScore]:
    """Each slot type that is labelled or found (exact spans), the worst F1 first."""
    counts: dict[str, list[int]] = {}
    for message in (each for conversation in conversations for each in conversation):
        if message.message.slots is None:
            continue
        gold, found = set(gold_slots(message)), set(found_slots(message))
        for place, spans in enumerate((gold, found, gold & found)):
            for span in spans:
                counts.setdefault(span.type, [0, 0, 0])[place] += 1
    return _worst_first([LabelScore(label, *count) for label, count in counts.items()])


def confusions(conversations: Conversations) -> list[tuple[str, str, int]]:
    """Pairs (missed intent, intent found in a message in its place) with counts, the most frequent first."""
    counts: dict[tuple[str, str], int] = {}
    for message in _with_intents(conversations):
        gold, found = set(message.message.intents or ()), accepted_intents(message)
        for missed in gold - found:
            for extra in found - gold or {"(none)"}:
                counts[missed, extra] = counts.get((missed, extra), 0) + 1
    return sorted(((*pair, count) for pair, count in counts.items()), key=lambda row: (-row[2], row[0], row[1]))


def badness(message: JudgedMessage) -> float:
    """How wrong a message was read, 0 for wholly right: to show the worst first."""
    labels, total = message.message, 0.0
    if labels.intents is not None:
        total += len(set(labels.intents) ^ accepted_intents(message))
    if labels.slots is not None:
        total += 0.5 * len(set(gold_slots(message)) ^ set(found_slots(message)))
    if labels.frustration is not None:
        total += abs(labels.frustration - 4.0 * frustration(message))
    if labels.escalate is not None:
        total += 2.0 * (labels.escalate != escalated(message))
    return total


def accepted_intents(message: JudgedMessage) -> set[str]:
    part = message.analysis.intent
    return {score.label for score in part.accepted} if part else set()


def gold_slots(message: JudgedMessage) -> list[SlotSpan]:
    return [SlotSpan(slot.type, slot.start, slot.end) for slot in message.message.slots or ()]


def found_slots(message: JudgedMessage) -> list[SlotSpan]:
    part = message.analysis.slots
    return [SlotSpan(slot.type, slot.start, slot.end) for slot in part.slots] if part else []


def frustration(message: JudgedMessage) -> float:
    """In [0, 1]; 0 where the scorer abstained."""
    part = message.analysis.sentiment
    return part.frustration if part else 0.0


def level(message: JudgedMessage) -> str:
    part = message.analysis.sentiment
    return part.sentiment.value if part else Sentiment.NEUTRAL.value


def escalated(message: JudgedMessage) -> bool:
    return message.decision.outcome is Outcome.ESCALATED


def on_time(conversations: Conversations) -> float:
    """Of the conversations that should be escalated at some message: the share that is, at that one or a
    neighbouring one. 0 where there are none.
    """
    hits = []
    for conversation in conversations:
        wanted = next((place for place, each in enumerate(conversation) if each.message.escalate), None)
        if wanted is None:
            continue
        done = next((place for place, each in enumerate(conversation) if escalated(each)), None)
        hits.append(done is not None and abs(done - wanted) <= 1)
    return float(np.mean(hits)) if hits else 0.0


def reliability(conversations: Conversations, labels: Sequence[str], bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability, share right, pairs) of equal-mass bins over the intents' probabilities above 0.05."""
    messages = _with_intents(conversations)
    truth, _ = _intent_matrices(messages, labels)
    probabilities = _probabilities(messages, labels)
    chosen = probabilities > 0.05
    values, right = probabilities[chosen], truth[chosen]
    order = np.argsort(values, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(values[part].mean()), float(right[part].mean()), len(part)) for part in parts]


def _intents(messages: Sequence[JudgedMessage], labels: Sequence[str]) -> dict[str, float]:
    truth, accepted = _intent_matrices(messages, labels)
    probabilities = _probabilities(messages, labels)
    found = intent_scores(truth, accepted, probabilities)
    return {
        "micro_f1": found["micro_f1"],
        "macro_f1": found["macro_f1"],
        "exact": found["exact_match"],
        "ece": calibration_error(truth, probabilities),
        "precision": found["precision"],
        "recall": found["recall"],
    }


def _escalations(messages: Sequence[JudgedMessage]) -> dict[str, float]:
    wanted = np.array([bool(each.message.escalate) for each in messages])
    made = np.array([escalated(each) for each in messages])
    hits = float((wanted & made).sum())
    return {
        "precision": hits / max(1.0, float(made.sum())),
        "recall": hits / max(1.0, float(wanted.sum())),
        "f1": f1(hits, float(made.sum()), float(wanted.sum())),
    }


def _with_intents(conversations: Conversations) -> list[JudgedMessage]:
    return [each for conversation in conversations for each in conversation if each.message.intents is not None]


def _intent_matrices(
    messages: Sequence[JudgedMessage], labels: Sequence[str]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    place = {label: index for index, label in enumerate(labels)}
    truth = np.zeros((len(messages), len(labels)), dtype=np.bool_)
    accepted = np.zeros_like(truth)
    for row, message in enumerate(messages):
        truth[row, [place[label] for label in message.message.intents or ()]] = True
        accepted[row, [place[label] for label in accepted_intents(message) if label in place]] = True
    return truth, accepted


def _probabilities(messages: Sequence[JudgedMessage], labels: Sequence[str]) -> npt.NDArray[np.float64]:
    """Those that the analyses tell, all above 0.05; others are 0."""
    place = {label: index for index, label in enumerate(labels)}
    found = np.zeros((len(messages), len(labels)))
    for row, message in enumerate(messages):
        for score in message.analysis.intent.intents if message.analysis.intent else ():
            if score.label in place:
                found[row, place[score.label]] = score.probability
    return found


def _worst_first(scores: Sequence[LabelScore]) -> list[LabelScore]:
    return sorted((each for each in scores if each.labelled or each.found), key=lambda each: (each.f1, each.label))


def _interval(values: Sequence[float]) -> tuple[float, float]:
    low, high = np.percentile(values, INTERVAL)
    return float(low), float(high)
