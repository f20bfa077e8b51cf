"""`switchyard evaluate`: score a pack on labelled cases, as its services would judge them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shared.config import PACKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.trainer.case_run import CaseRun, JudgedMessage
    from services.trainer.case_scores import Conversations, Scores

Intervals = dict[str, dict[str, tuple[float, float]]]


def evaluate(
    cases: Annotated[Path, typer.Option(help="A case file (JSON Lines), or a folder of them.")],
    pack: Annotated[Path, typer.Option(help="Folder of the domain pack.")] = PACKS / "commerce",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of tables.")] = False,
    without_lexicon: Annotated[
        bool, typer.Option("--without-lexicon", help="Leave the pack's lexicon out, to see what it does.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Write an HTML page with plots here.")] = None,
    resamples: Annotated[
        int, typer.Option(min=0, help="Bootstrap samples for the intervals; 0 leaves them out.")
    ] = 500,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst examples are shown.")] = 10,
) -> None:
    """Score a pack's models and policy on labelled conversations, with 95 % intervals.

    Labels that a message lacks are not scored. The definitions stand in docs/models.md.
    """
    from rich.console import Console
    from rich.progress import Progress

    from services.trainer.case_run import CaseRun
    from services.trainer.case_scores import badness, case_scores, intervals
    from services.trainer.readers.cases import read_cases
    from services.trainer.taxonomy import load_taxonomy
    from shared.inference.lexicon import Lexicon

    taxonomy = load_taxonomy(pack)
    read = list(read_cases(cases, taxonomy))
    run = CaseRun(pack, Lexicon() if without_lexicon else None)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        judging = progress.add_task("judging messages", total=sum(len(case.messages) for case in read))
        conversations = run.judge(read, lambda done: progress.advance(judging, done))
        drawing = progress.add_task("drawing samples", total=resamples)
        scores = case_scores(conversations, taxonomy.intents)
        spread = intervals(
            conversations, lambda some: case_scores(some, taxonomy.intents), resamples=resamples,
            progress=lambda: progress.advance(drawing),
        )  # fmt: skip
    languages = _by_language(conversations, taxonomy.intents)
    messages = sorted((each for some in conversations for each in some), key=badness, reverse=True)
    if report is not None:
        from services.trainer.case_report import report_html

        title = f"{cases.name}: {', '.join((*run.models, run.policy.version))}"
        page = report_html(title, conversations, taxonomy.intents, scores, spread, messages[: max(worst, 30)])
        report.write_text(page, encoding="utf-8")
    if as_json:
        print(json.dumps(_document(run, conversations, scores, spread, languages)))
        return
    _print_tables(Console(), conversations, taxonomy.intents, scores, spread, languages, messages[:worst])
    if report is not None:
        typer.echo(f"report: {report}")


def _by_language(conversations: Conversations, labels: Sequence[str]) -> dict[str, Scores]:
    from services.trainer.case_scores import case_scores

    languages = sorted({some[0].case.lang for some in conversations if some})
    return {
        language: case_scores([some for some in conversations if some and some[0].case.lang == language], labels)
        for language in languages
    }


def _document(
    run: CaseRun,
    conversations: Conversations,
    scores: Scores,
    spread: Intervals,
    languages: dict[str, Scores],
) -> dict[str, Any]:
    """All figures, rounded to four digits."""

    def rounded(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        return [rounded(each) for each in value] if isinstance(value, tuple | list) else round(value, 4)

    return {
        **rounded(scores),
        "by_language": rounded(languages),
        "intervals": rounded(spread),
        "conversations": len(conversations),
        "messages": sum(len(some) for some in conversations),
        "models": list(run.models),
        "lexicon": run.lexicon,
        "policy": run.policy.version,
    }


def _print_tables(
    console: Any,
    conversations: Conversations,
    labels: Sequence[str],
    scores: Scores,
    spread: Intervals,
    languages: dict[str, Scores],
    worst: Sequence[JudgedMessage],
) -> None:
    from rich.table import Table

    from services.trainer.case_scores import by_intent, by_slot

    main = Table("part", "score", "value", "95 % interval", *(languages if len(languages) > 1 else ()))
    for part, values in scores.items():
        for name, value in values.items():
            low, high = spread.get(part, {}).get(name, (None, None))
            each = [f"{found.get(part, {}).get(name, 0.0):.3f}" for found in languages.values()]
            cells = [part, name, f"{value:.3f}", "" if low is None else f"{low:.3f} to {high:.3f}"]
            main.add_row(*cells, *(each if len(languages) > 1 else ()))
    console.print(main)
    for title, rows in (("intent", by_intent(conversations, labels)), ("slot", by_slot(conversations))):
        table = Table(title, "F1", "labelled", "found", "right", title="the worst first")
        for row in rows:
            table.add_row(row.label, f"{row.f1:.3f}", str(row.labelled), str(row.found), str(row.right))
        console.print(table)
    if worst:
        console.print(_worst_table(worst))


def _worst_table(worst: Sequence[JudgedMessage]) -> Any:
    from rich.table import Table
    from rich.text import Text

    from services.trainer.case_scores import accepted_intents, escalated, frustration

    table = Table("message", "labelled", "found", "text", title="worst examples", show_lines=True)
    for each in worst:
        labels = each.message
        degree = "" if labels.frustration is None else f"{labels.frustration:g} "
        table.add_row(
            each.id,
            f"{degree}{', '.join(sorted(labels.intents or ()))}{' → person' if labels.escalate else ''}",
            f"{4 * frustration(each):.1f} {', '.join(sorted(accepted_intents(each)))}"
            f"{' → person' if escalated(each) else ''}",
            Text(labels.text[:200]),  # not markup
        )
    return table
