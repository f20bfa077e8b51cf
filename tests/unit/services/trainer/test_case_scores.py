"""Scores of judged cases, on small conversations whose figures can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.trainer.case_report import report_html
from services.trainer.case_run import JudgedMessage
from services.trainer.case_scores import (
    badness,
    by_intent,
    by_slot,
    case_scores,
    confusions,
    intervals,
    on_time,
    reliability,
)
from services.trainer.readers.cases import Case, CaseMessage, CaseSlot
from shared.domain.analysis import (
    Analysis,
    IntentAnalysis,
    IntentScore,
    Sentiment,
    SentimentAnalysis,
    Slot,
    SlotAnalysis,
    SlotSource,
)
from shared.domain.decision import Decision, Outcome, Priority, Reason, Rule
from shared.domain.ticket import MessageKey

LABELS = ("refund_request", "complaint", "praise")
TEXT = "Order A-1 of monday"


def judged(
    number: int = 1,
    *,
    case: str = "c",
    labelled: list[str] | None = None,
    found: dict[str, float] | None = None,
    escalate: bool | None = None,
    person: bool = False,
    frustration: tuple[float, float] | None = None,
    slots: tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]] | None = None,
) -> JudgedMessage:
    """A message with what it was labelled and what was found; intents are accepted from 0.5."""
    gold, got = slots or ([], [])
    message = CaseMessage(
        author="customer", text=TEXT, intents=labelled, escalate=escalate,
        frustration=None if frustration is None else frustration[0],
        slots=None if slots is None else [CaseSlot(type=t, text=TEXT[a:b], start=a, end=b) for t, a, b in gold],
    )  # fmt: skip
    analysis = Analysis(
        IntentAnalysis(tuple(IntentScore(label, p, 0.5, p >= 0.5) for label, p in (found or {}).items())),
        SlotAnalysis(tuple(Slot(t, TEXT[a:b], a, b, "", 1.0, SlotSource.TAGGER) for t, a, b in got)),
        SentimentAnalysis(Sentiment.NEUTRAL, 1.0, frustration[1] if frustration else 0.0),
    )
    outcome = Outcome.ESCALATED if person else Outcome.ROUTED
    decision = Decision(
        MessageKey("t", case, f"m{number}"), number, outcome, "q", Priority.LOW, (Reason(Rule.ROUTE),), 0.0, 0.0, "p-1"
    )
    return JudgedMessage(Case(id=case, lang="en", channel="chat", messages=[message]), number, message, analysis, decision)


def test_intents_are_counted_over_pairs_and_unlabelled_messages_left_out() -> None:
    conversation = [
        judged(1, labelled=["refund_request", "complaint"], found={"refund_request": 0.9, "praise": 0.6}),
        judged(2, labelled=["complaint"], found={"complaint": 0.8}),
        judged(3, found={"praise": 0.9}),
    ]
    scores = case_scores([conversation], LABELS)["intents"]
    assert scores["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert scores["macro_f1"] == pytest.approx((1.0 + 2 / 3) / 2)
    assert scores["exact"] == 0.5
    assert "slots" not in case_scores([conversation], LABELS)


def test_slots_count_exactly_and_by_overlap() -> None:
    right = ([("order_id", 6, 9), ("date", 13, 19)], [("order_id", 6, 9), ("date", 10, 19)])
    scores = case_scores([[judged(slots=right)]], LABELS)["slots"]
    assert (scores["f1"], scores["partial_f1"]) == (0.5, 1.0)
    assert [(each.label, each.f1) for each in by_slot([[judged(slots=right)]])] == [("date", 0.0), ("order_id", 1.0)]


def test_frustration_is_compared_on_the_scale_of_the_labels() -> None:
    conversation = [judged(n, frustration=(label, level)) for n, (label, level) in enumerate([(0, 0.25), (4, 1.0)], 1)]
    assert case_scores([conversation], LABELS)["frustration"]["mae"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("labels", "made", "share"),
    [
        ([False, True, True], [False, False, True], 1.0),
        ([False, False, True], [True, True, True], 0.0),
        ([True, True], [False, False], 0.0),
    ],
    ids=["a message late", "two early", "never"],
)
def test_on_time_is_at_the_right_message_or_its_neighbour(labels: list[bool], made: list[bool], share: float) -> None:
    conversation = [
        judged(n, escalate=label, person=person) for n, (label, person) in enumerate(zip(labels, made, strict=True), 1)
    ]
    calm = [judged(1, case="calm", escalate=False, person=True)]
    assert on_time([conversation, calm]) == share, "only those that should be escalated count"


def test_escalations_are_counted_message_by_message() -> None:
    pairs = [(True, True), (True, False), (False, True), (False, False)]
    conversation = [judged(n, escalate=a, person=b) for n, (a, b) in enumerate(pairs, 1)]
    scores = case_scores([conversation], LABELS)["escalate"]
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0.5, 0.5, 0.5)


def test_the_worst_label_and_the_worst_message_come_first() -> None:
    good = judged(1, labelled=["praise"], found={"praise": 0.9})
    bad = judged(2, labelled=["refund_request"], found={"complaint": 0.9})
    assert badness(good) == 0.0 < badness(bad)
    assert badness(replace(bad, message=bad.message.model_copy(update={"escalate": True}))) > badness(bad)
    assert [each.label for each in by_intent([[good, bad]], LABELS)] == ["complaint", "refund_request", "praise"]
    assert confusions([[good, bad]]) == [("refund_request", "complaint", 1)]


def test_intervals_hold_the_score_and_are_the_same_each_time() -> None:
    conversations = [
        [judged(1, case=f"c{n}", labelled=["praise"], found={"praise" if n % 3 else "complaint": 0.9})] for n in range(30)
    ]

    def score(some: object) -> dict[str, dict[str, float]]:
        return case_scores(some, LABELS)  # type: ignore[arg-type]

    found = intervals(conversations, score, resamples=100)
    low, high = found["intents"]["micro_f1"]
    assert 0.3 < low < case_scores(conversations, LABELS)["intents"]["micro_f1"] < high < 1.0
    assert found == intervals(conversations, score, resamples=100)


def test_reliability_compares_probability_with_share_right() -> None:
    conversation = [judged(n, labelled=["praise"] if n <= 8 else [], found={"praise": 0.8}) for n in range(1, 11)]
    assert reliability([conversation], LABELS, bins=1) == [(pytest.approx(0.8), pytest.approx(0.8), 10)]


def test_the_page_escapes_what_customers_write() -> None:
    nasty = judged(1, labelled=["praise"], found={"complaint": 0.9}, escalate=True)
    nasty = replace(nasty, message=nasty.message.model_copy(update={"text": "<script>alert(1)</script> & \u202e"}))
    page = report_html("cases", [[nasty]], LABELS, case_scores([[nasty]], LABELS), {}, [nasty])
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "http" not in page, "nothing is fetched"
