"""What a pack's ``slots.yaml`` says: names, cue words and tenants' id shapes, strictly checked on loading."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from shared.errors import ModelError

Phrase = Annotated[str, Field(min_length=1, max_length=120)]
SlotType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
TenantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
IdShape = Annotated[str, Field(min_length=2, max_length=64)]


class SlotRulesError(ModelError):
    """``slots.yaml`` of a pack is missing or malformed."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(_Strict):
    """A listed name.

    ``also`` holds further spellings that stand for ``name``. ``near`` and ``not_near`` are words
    of which one must (none may) stand directly before or after; ``near_number`` asks for a
    number right after; with ``capitals`` the name needs no neighbour where it is in capitals.
    """

    name: Phrase
    also: tuple[Phrase, ...] = ()
    near: tuple[Phrase, ...] = ()
    not_near: tuple[Phrase, ...] = ()
    near_number: bool = False
    capitals: bool = False


class GazetteerRules(_Strict):
    """Names of one slot type; the flags hold for all entries that do not set their own."""

    type: SlotType
    entries: tuple[Entry, ...] = Field(min_length=1)
    near: tuple[Phrase, ...] = ()
    tail: tuple[Phrase, ...] = ()
    numbered: bool = False

    @field_validator("entries", mode="before")
    @classmethod
    def _names_are_entries(cls, entries: Any) -> Any:
        if not isinstance(entries, (list, tuple)):
            return entries
        return [{"name": entry} if isinstance(entry, str) else entry for entry in entries]


class TenantRules(_Strict):
    """What one tenant adds: id shapes by slot type and names of its own."""

    ids: dict[SlotType, tuple[IdShape, ...]] = Field(default_factory=dict)
    gazetteers: tuple[GazetteerRules, ...] = ()


class SlotRules(_Strict):
    """The whole of ``slots.yaml``."""

    version: int = Field(default=1, ge=1)
    gazetteers: tuple[GazetteerRules, ...] = ()
    cues: dict[SlotType, tuple[Phrase, ...]] = Field(default_factory=dict)
    phone_cues: tuple[Phrase, ...] = ()
    tenants: dict[TenantName, TenantRules] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _cues_are_unambiguous(self) -> Self:
        owner: dict[str, str] = {}
        for kind, phrases in self.cues.items():
            for phrase in phrases:
                if owner.setdefault(phrase.casefold(), kind) != kind:
                    raise ValueError(
                        f"cues: {phrase!r} stands under {owner[phrase.casefold()]} and {kind}; keep one"
                    )
        return self


def load_slot_rules(path: Path) -> SlotRules:
    """Reads ``slots.yaml``; SlotRulesError names the file, the field and the problem."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SlotRulesError(f"{path}: cannot be read ({error.strerror}); is the pack complete?") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SlotRulesError(f"{path}: is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise SlotRulesError(f"{path}: must hold a mapping with gazetteers, cues and tenants")
    try:
        return SlotRules.model_validate(content)
    except ValidationError as error:
        problems = "; ".join(_described(problem) for problem in error.errors())
        raise SlotRulesError(f"{path}: {problems}") from error


def _described(problem: ErrorDetails) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "document"
    # YAML 1.1 reads a bare on, off, yes or no as a truth value; as words of a list they want quotes.
    mend = '; write it in quotes, as in "on"' if isinstance(problem["input"], bool) else ""
    return f"{where}: {problem['msg']}{mend}"
