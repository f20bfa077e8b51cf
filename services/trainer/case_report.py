"""The evaluation as one HTML page: reliability, the escalation curve, confusions, labels and the worst examples.

Self-contained: no script, no fonts, no network; texts are escaped. It holds customers' words: keep it where the
cases are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from services.trainer.case_run import JudgedMessage
from services.trainer.case_scores import (
    Conversations,
    LabelScore,
    Scores,
    accepted_intents,
    by_intent,
    by_slot,
    confusions,
    escalated,
    frustration,
    reliability,
)
from services.trainer.evaluate import f1

SIDE = 320
STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1b1f24;background:#fff}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{padding:.2rem .7rem;text-align:left;
border-bottom:1px solid #d8dee4;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
svg{background:#f6f8fa;margin-right:1rem}.p{display:flex;flex-wrap:wrap}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}svg{background:#161b22}
td,th{border-color:#30363d}}
"""


def report_html(
    title: str,
    conversations: Conversations,
    labels: Sequence[str],
    scores: Scores,
    intervals: dict[str, dict[str, tuple[float, float]]],
    worst: Sequence[JudgedMessage],
) -> str:
    """The page."""
    rows = [
        [part, name, f"{value:.3f}", _range(intervals.get(part, {}).get(name))]
        for part, values in scores.items()
        for name, value in values.items()
    ]
    points = reliability(conversations, labels)
    body = [
        f"<h1>{escape(title)}</h1>",
        _table(["part", "score", "value", "95 % interval"], rows),
        "<h2>Are probabilities to be believed? Would another level escalate better?</h2><div class=p>",
        _plot("intents: probability against share right", [("", [(x, y) for x, y, _ in points])], diagonal=True),
        _plot("escalation by the message's own frustration: threshold", _threshold_curves(conversations)),
        "</div><h2>Intents, the worst first</h2>",
        _label_table(by_intent(conversations, labels)),
        "<h2>Missed, and found in its place</h2>",
        _table(["missed", "found", "messages"], [[a, b, str(count)] for a, b, count in confusions(conversations)[:25]]),
        "<h2>Slots, the worst first</h2>",
        _label_table(by_slot(conversations)),
        "<h2>Worst examples</h2>",
        _table(["message", "labelled", "found", "text"], [_example(each) for each in worst]),
    ]
    return f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>{''.join(body)}"


def _threshold_curves(conversations: Conversations) -> list[tuple[str, list[tuple[float, float]]]]:
    """Precision, recall and F1 of "should escalate" for every threshold on the conversation's level."""
    messages = [each for each in (m for c in conversations for m in c) if each.message.escalate is not None]
    wanted = np.array([bool(each.message.escalate) for each in messages])
    levels = np.array([each.decision.level_after for each in messages])
    curves: dict[str, list[tuple[float, float]]] = {"precision": [], "recall": [], "F1": []}
    for threshold in np.linspace(0.05, 0.95, 37):
        made = levels >= threshold
        hits = float((made & wanted).sum())
        at = float(threshold)
        curves["precision"].append((at, hits / max(1.0, float(made.sum()))))
        curves["recall"].append((at, hits / max(1.0, float(wanted.sum()))))
        curves["F1"].append((at, f1(hits, float(made.sum()), float(wanted.sum()))))
    return list(curves.items())


def _plot(title: str, curves: Sequence[tuple[str, Sequence[tuple[float, float]]]], diagonal: bool = False) -> str:
    """Curves in the unit square as SVG."""
    colours = ("#0969da", "#cf222e", "#1a7f37")

    def at(x: float, y: float) -> str:
        return f"{40 + x * (SIDE - 60):.1f},{SIDE - 40 - y * (SIDE - 80):.1f}"

    def words(x: float, y: float, anchor: str, said: str, colour: str = "currentColor") -> str:
        place = at(x, y).split(",")
        return (
            f'<text x="{place[0]}" y="{place[1]}" fill="{colour}" font-size="12" '
            f'text-anchor="{anchor}">{escape(said)}</text>'
        )

    parts = [f'<polyline points="{at(0, 1)} {at(0, 0)} {at(1, 0)}" fill="none" stroke="#8c959f"/>']
    if diagonal:
        parts.append(f'<polyline points="{at(0, 0)} {at(1, 1)}" fill="none" stroke="#8c959f" stroke-dasharray="4"/>')
    for (name, points), colour in zip(curves, colours, strict=False):
        path = " ".join(at(x, y) for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if points and name:
            parts.append(words(points[-1][0], points[-1][1] + 0.02, "end", name, colour))
    parts += [words(0, -0.08, "start", "0"), words(1, -0.08, "end", "1"), words(-0.02, 0.98, "end", "1")]
    parts.append(words(0.5, 1.06, "middle", title))
    return f'<svg width="{SIDE}" height="{SIDE}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'


def _label_table(scores: Sequence[LabelScore]) -> str:
    rows = [[each.label, f"{each.f1:.3f}", str(each.labelled), str(each.found), str(each.right)] for each in scores]
    return _table(["label", "F1", "labelled", "found", "right"], rows)


def _example(message: JudgedMessage) -> list[str]:
    labels = message.message

    def said(intents: Sequence[str], degree: float | None, person: bool | None) -> str:
        told = [", ".join(sorted(intents)) or "no intent"]
        if degree is not None:
            told.append(f"frustration {degree:.1f}")
        return "; ".join([*told, "escalate"] if person else told)

    return [
        message.id,
        said(labels.intents or (), labels.frustration, labels.escalate),
        said(sorted(accepted_intents(message)), 4 * frustration(message), escalated(message)),
        labels.text,
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(_cell(each) for each in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(text: str) -> str:
    number = text.replace(".", "", 1).replace("-", "", 1).isdigit()
    return f"<td{' class=n' if number else ''}>{escape(text)}</td>"


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.3f} to {interval[1]:.3f}"
