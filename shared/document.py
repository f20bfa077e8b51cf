"""Reads the fields of a YAML document strictly, and reports everything that is wrong with it.

It walks the nodes that the YAML parser composes and never builds objects from them: each problem has
the line it stands on, repeated keys are seen, and a plain ``no`` stays the language code that it is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from enum import StrEnum
from typing import TypeVar

import yaml

from shared.document_problems import Report, suggestion

MAX_CHARACTERS = 262_144

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)?", re.ASCII)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DEEPEST = 16
_NULL = "tag:yaml.org,2002:null"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LONGEST = 365 * 86_400.0

EnumT = TypeVar("EnumT", bound=StrEnum)


class Fields:
    """The fields of one mapping. Each read takes a field; `close` reports those that nobody took.

    Readers return a harmless value where a field is missing or malformed, and report it; whoever
    goes on with the value asks `Report.sound` first.
    """

    def __init__(self, report: Report, path: str, node: yaml.Node | None) -> None:
        self._report, self._path = report, path
        self._nodes: dict[str, yaml.Node] = {}
        self._known: list[str] = []
        self._readable = False
        if node is None:
            return
        if not path:
            report.place(path, _line(node))
        if not isinstance(node, yaml.MappingNode):
            report.add(path, f"is {_kind(node)}", "write fields, each as 'name: value'")
            return
        self._readable = True
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                report.add(path, "has a field whose name is not plain text", "write 'name: value'")
                continue
            report.place(self.at(key.value), _line(key))
            if key.value in self._nodes:
                report.add(self.at(key.value), "is given twice", "keep one of the two")
                continue
            self._nodes[key.value] = value

    def at(self, name: str) -> str:
        """The path of a field."""
        shown = name if len(name) <= 60 else name[:57] + "…"
        return f"{self._path}.{shown}" if self._path else shown

    def __contains__(self, name: str) -> bool:
        return name in self._nodes

    def is_null(self, name: str) -> bool:
        """Whether a field holds ``null`` or nothing at all; it must be allowed or read as well."""
        node = self._nodes.get(name)
        return node is not None and node.tag == _NULL

    def holds_fields(self, name: str) -> bool:
        """Whether a field holds a mapping; it must be allowed or read as well."""
        return isinstance(self._nodes.get(name), yaml.MappingNode)

    def names_like(self, pattern: str, example: str) -> tuple[str, ...]:
        """The field names, where they are not fixed but follow a pattern; reports those that do not."""
        self.allow(*self._nodes)
        for name in self._nodes:
            if re.fullmatch(pattern, name) is None:
                self._report.add(
                    self.at(name), "is not a name of this kind", f"write something like {example}"
                )
        return tuple(name for name in self._nodes if re.fullmatch(pattern, name))

    def text(self, name: str, pattern: str, example: str, *, default: str | None = None) -> str:
        """A text that matches a whole pattern; `example` shows what to write."""
        value = self._scalar(name, default is None)
        if value is None:
            return default or ""
        if re.fullmatch(pattern, value) is None:
            self._report.add(
                self.at(name), f"{_shown(value)} cannot be used", f"write something like {example}"
            )
            return default or ""
        return value

    def choice(
        self, name: str, choices: type[EnumT], *, required: bool = True, leave_out: Collection[EnumT] = ()
    ) -> EnumT | None:
        """One of an enumeration's values; None where missing or wrong."""
        value = self._scalar(name, required)
        allowed = [each for each in choices if each not in leave_out]
        for each in allowed:
            if value == each.value:
                return each
        if value is not None:
            self._report.add(
                self.at(name), f"{_shown(value)} is not known", f"write one of {', '.join(allowed)}"
            )
        return None

    def flag(self, name: str, *, default: bool) -> bool:
        """``true`` or ``false``; the default where it is missing."""
        value = self._scalar(name, False)
        if value not in (None, "true", "false"):
            self._report.add(self.at(name), f"{_shown(str(value))} is not known", "write true or false")
        return default if value is None else value == "true"

    def fraction(self, name: str) -> float:
        """A number in [0, 1]."""
        return self._number(name, 0.0, 1.0, "write a number from 0 to 1, such as 0.62")

    def count(self, name: str, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self._number(name, 1.0, float(most), f"write a whole number from 1 to {most}")
        if value != int(value):
            self._report.add(self.at(name), f"{value} is not whole", f"write a whole number from 1 to {most}")
        return int(value)

    def duration(self, name: str, *, least: float = 0.0, default: float | None = None) -> float:
        """Seconds from "90", "45s", "10m", "24h" or "7d"; at most a year."""
        value = self._scalar(name, default is None)
        if value is None:
            return default or 0.0
        found = _DURATION.fullmatch(value)
        mend = "write seconds, or a number with s, m, h or d, such as 10m or 24h"
        if found is None:
            self._report.add(self.at(name), f"{_shown(value)} is not a duration", mend)
            return default or 0.0
        seconds = float(found[1]) * _SECONDS[found[2] or "s"]
        if not least <= seconds <= LONGEST:
            self._report.add(
                self.at(name), f"{_shown(value)} is out of range", f"{mend}, from {least:g}s to 365d"
            )
        return seconds

    def fields(self, name: str, *, required: bool = True) -> Fields:
        """A mapping within this one."""
        return Fields(self._report, self.at(name), self._take(name, required))

    def each(self, name: str, *, required: bool = True) -> tuple[Fields, ...]:
        """A list of mappings."""
        return tuple(Fields(self._report, path, item) for path, item in self._items(name, required))

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; those that are none are reported and come back as ""."""
        return tuple(self._value(path, item) or "" for path, item in self._items(name, True))

    def allow(self, *names: str) -> None:
        """Fields that may stand here, whether or not they are read."""
        self._known.extend(names)

    def close(self) -> None:
        """Report fields that are not known here, with the name that was probably meant."""
        for name in self._nodes:
            if name not in self._known:
                mend = suggestion(name, self._known) or f"fields here: {', '.join(self._known)}"
                self._report.add(self.at(name), "is not a field here", mend)

    def _take(self, name: str, required: bool) -> yaml.Node | None:
        self._known.append(name)
        if required and self._readable and name not in self._nodes:
            self._report.add(self.at(name), "is missing", f"add '{name}: …'")
        return self._nodes.get(name)

    def _items(self, name: str, required: bool) -> list[tuple[str, yaml.Node]]:
        """The items of a list with their paths."""
        node = self._take(name, required)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self._report.add(self.at(name), f"is {_kind(node)}", "write a list: lines that begin with '- '")
            return []
        items = [(f"{self.at(name)}[{place}]", item) for place, item in enumerate(node.value)]
        for path, item in items:
            self._report.place(path, _line(item))
        return items

    def _scalar(self, name: str, required: bool) -> str | None:
        node = self._take(name, required)
        return None if node is None else self._value(self.at(name), node)

    def _value(self, path: str, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._report.add(path, f"is {_kind(node)}", "write a single value")
            return None
        value = str(node.value)
        if not value or node.tag == _NULL:
            self._report.add(path, "is empty", "write a value, or remove the field")
            return None
        return value

    def _number(self, name: str, least: float, most: float, mend: str) -> float:
        value = self._scalar(name, True)
        if value is None:
            return least
        number = float(value) if _NUMBER.fullmatch(value) else math.nan
        if not least <= number <= most:
            problem = "is not a number" if math.isnan(number) else "is out of range"
            self._report.add(self.at(name), f"{_shown(value)} {problem}", mend)
            return least
        return number


def compose(text: str, report: Report) -> yaml.Node:
    """The root node of a YAML text; the report's error where it is too long, empty or not YAML."""
    if len(text) > MAX_CHARACTERS:
        raise report.refusal(0, f"has {len(text)} characters", f"keep it within {MAX_CHARACTERS}")
    try:
        _refuse_nesting(text, report)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise report.refusal(line, f"is not YAML: {error.problem}", "mend the notation") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise report.refusal(
            0, "holds characters that YAML forbids", "save it as plain UTF-8 text"
        ) from error
    if node is None:
        raise report.refusal(0, "is empty", "write its fields")
    return node


def _refuse_nesting(text: str, report: Report) -> None:
    """Refuse what no document of ours needs and a composer suffers from.

    The C composer recurses without a bound (100,000 brackets end the process), and aliases can
    unfold to any size.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if depth > _DEEPEST:
            raise report.refusal(line, "is nested too deeply", f"keep to {_DEEPEST} levels at most")
        if isinstance(event, yaml.AliasEvent):
            raise report.refusal(line, f"*{event.anchor} is an alias", "write the values out")


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 0


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else "a single value"


def _shown(value: str) -> str:
    return repr(value if len(value) <= 60 else value[:57] + "…")
