"""Reader of case files: labelled support conversations, JSON Lines, one conversation a line.

The reader is strict: an unknown field, an unknown label or a slot whose offsets do not cut out
its text is an error that names file, line and field.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.trainer.example import Example, SentenceSpan, SlotSpan
from services.trainer.taxonomy import Taxonomy
from shared.domain.analysis import Sentiment
from shared.errors import DataFormatError

SOURCE = "cases"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class CaseSlot(_Strict):
    """A labelled span; ``text`` equals ``message.text[start:end]``."""

    type: str
    text: str
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class CaseSentence(_Strict):
    """A sentence of the message by its offsets."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]


class CaseMessage(_Strict):
    """One message; labels stand on customers' messages alone, and any may be missing.

    ``key_sentences``, an addition of ours to the format: the sentences that carry most of the
    frustration, the best first, then those that carry about as much.
    """

    author: Literal["customer", "agent"]
    text: Annotated[str, Field(min_length=1)]
    intents: list[str] | None = None
    slots: list[CaseSlot] | None = None
    sentiment: Literal["very_negative", "negative", "neutral", "positive", "very_positive"] | None = None
    frustration: Annotated[float, Field(ge=0, le=4)] | None = None
    escalate: bool | None = None
    key_sentences: list[CaseSentence] | None = None


class Case(_Strict):
    """One conversation."""

    id: Annotated[str, Field(min_length=1)]
    lang: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    channel: Literal["email", "chat", "form", "social"]
    messages: Annotated[list[CaseMessage], Field(min_length=1)]


def read_cases(path: Path, taxonomy: Taxonomy) -> Iterator[Case]:
    """Conversations of one file, or of all ``*.jsonl`` files of a folder in order of their names.

    Raises:
        DataFormatError: unreadable file, malformed line or label unknown to the taxonomy.
    """
    seen: dict[str, str] = {}
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise DataFormatError(f"{path}: holds no *.jsonl file")
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DataFormatError(f"{file}: cannot be read: {error}") from error
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            where = f"{file}:{number}"
            case = _parse(line, where)
            _check(case, taxonomy, where)
            if case.id in seen:
                raise DataFormatError(f"{where}: id {case.id!r} was used already at {seen[case.id]}")
            seen[case.id] = where
            yield case


def case_examples(cases: Iterator[Case]) -> Iterator[Example]:
    """Customers' messages of conversations as examples; agents' messages are left out."""
    for case in cases:
        for message in case.messages:
            if message.author == "customer":
                yield message_example(message, case.lang)


def message_example(message: CaseMessage, language: str) -> Example:
    """One labelled customer message as an example."""
    return Example(
        text=message.text,
        source=SOURCE,
        intents=None if message.intents is None else tuple(message.intents),
        slots=None
        if message.slots is None
        else tuple(SlotSpan(slot.type, slot.start, slot.end) for slot in message.slots),
        sentiment=message.sentiment,
        frustration=None if message.frustration is None else float(message.frustration),
        key_sentences=tuple(SentenceSpan(it.start, it.end) for it in message.key_sentences or ()),
        language=language,
    )


def _parse(line: str, where: str) -> Case:
    try:
        return Case.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or "line"
        raise DataFormatError(f"{where}: {field}: {problem['msg']}") from None


def _check(case: Case, taxonomy: Taxonomy, where: str) -> None:
    sentiments = {level.value for level in Sentiment}
    for index, message in enumerate(case.messages):
        field = f"{where}: messages.{index}"
        labels = (message.intents, message.slots, message.sentiment, message.frustration, message.escalate)
        if message.author == "agent" and any(label is not None for label in labels):
            raise DataFormatError(f"{field}: an agent's message carries no labels")
        if message.sentiment is not None and message.sentiment not in sentiments:
            raise DataFormatError(f"{field}.sentiment: {message.sentiment!r} is not a level")
        intents = message.intents or []
        for intent in intents:
            if intent not in taxonomy.intents:
                raise DataFormatError(f"{field}.intents: {intent!r} is not in the taxonomy")
        if len(set(intents)) != len(intents):
            raise DataFormatError(f"{field}.intents: a label is named twice")
        for number, sentence in enumerate(message.key_sentences or []):
            if not sentence.start < sentence.end <= len(message.text):
                raise DataFormatError(f"{field}.key_sentences.{number}: offsets are not within the text")
        end = 0
        for number, slot in enumerate(sorted(message.slots or [], key=lambda slot: slot.start)):
            _check_slot(slot, message.text, taxonomy, f"{field}.slots.{number}")
            if slot.start < end:
                raise DataFormatError(f"{field}.slots.{number}: overlaps the slot before it")
            end = slot.end


def _check_slot(slot: CaseSlot, text: str, taxonomy: Taxonomy, field: str) -> None:
    if slot.type not in taxonomy.slots:
        raise DataFormatError(f"{field}.type: {slot.type!r} is not in the taxonomy")
    if text[slot.start : slot.end] != slot.text or slot.start >= slot.end:
        found = text.find(slot.text)
        mend = f"it stands at {found}-{found + len(slot.text)}" if found >= 0 else "it is not in the text"
        raise DataFormatError(
            f"{field}: offsets {slot.start}-{slot.end} do not cut out the slot's text; {mend}"
        )
