"""What can be configured, read off the models themselves, so that the documentation cannot drift."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class ConfigKey:
    """One key: where it stands in the file, its environment variable, its type, default and meaning."""

    key: str
    variable: str
    kind: str
    default: str
    meaning: str


def config_keys(model: type[BaseModel], prefix: str, delimiter: str) -> list[ConfigKey]:
    """Every leaf of a settings model, in the order in which it is written."""
    return [
        ConfigKey(".".join(path), prefix + delimiter.join(path).upper(), kind, default, meaning)
        for path, kind, default, meaning in _leaves(model, None, ())
    ]


def markdown(keys: list[ConfigKey]) -> str:
    """A table for documentation."""
    lines = ["| key | environment variable | type | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for key in keys:
        cells = (f"`{key.key}`", f"`{key.variable}`", key.kind, f"`{key.default}`" if key.default else "", key.meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def _leaves(
    model: type[BaseModel], instance: BaseModel | None, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, str, str]]:
    # The outermost model is never made: it would read the environment, and the table is of defaults.
    for name, field in model.model_fields.items():
        value = field.get_default(call_default_factory=True) if instance is None else getattr(instance, name)
        if isinstance(value, BaseModel):
            yield from _leaves(type(value), value, (*path, name))
        else:
            yield (*path, name), _kind(field.annotation), _default(value), field.description or ""


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in get_args(annotation) if part is not type(None))
    if origin is Literal:
        return " or ".join(str(value) for value in get_args(annotation))
    if origin in (tuple, list, set, frozenset):
        return "list"
    if origin is dict:
        return "mapping"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return " or ".join(str(member.value) for member in annotation)
    names = {str: "text", int: "integer", float: "number", bool: "true or false", Path: "path"}
    return names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, Path):
        return str(value.relative_to(ROOT)) if value.is_relative_to(ROOT) else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
