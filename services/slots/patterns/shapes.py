"""Tenants' id shapes: a small notation instead of regular expressions, linear by construction.

``#`` a digit, ``@`` a letter, ``*`` a letter or digit, each with ``{n}`` or ``{m,n}`` behind it
to repeat (at most 32); ``-`` an optional joining mark (hyphen, space, dot, slash or underscore);
``\\`` before a character, and every other character, stands for itself, in either case. So
``AC-######`` finds "AC-004417", "ac 004417" and "AC004417" and writes them "AC-004417".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.slots.candidate import Candidate, Rank
from services.slots.rules import SlotRulesError

_CLASSES = {"#": "[0-9]", "@": "[A-Za-z]", "*": "[A-Za-z0-9]"}
_REPEAT = re.compile(r"\{(\d{1,2})(?:,(\d{1,2}))?\}")
_MOST_REPEATS = 32
_MOST_VARIABLE_PARTS = 3


@dataclass(frozen=True, slots=True)
class IdShape:
    """One compiled shape of a slot type."""

    type: str
    expression: re.Pattern[str]

    def find(self, text: str) -> Iterator[Candidate]:
        """Ids of this shape, with the value as the tenant writes it."""
        for match in self.expression.finditer(text):
            value = "-".join(part for part in match.groups() if part).upper()
            yield Candidate(self.type, match.start(), match.end(), Rank.TENANT, 0.97, value)


def compile_shape(kind: str, shape: str) -> IdShape:
    """Compiles one shape.

    Raises SlotRulesError where it repeats nothing, repeats too often, has more than three parts
    of variable length (the bound on backtracking) or could match without a digit.
    """
    pieces = [_compiled(part, kind, shape) for part in _split(shape)]
    variable = sum(count for _, count in pieces)
    if variable > _MOST_VARIABLE_PARTS:
        raise SlotRulesError(
            f"ids.{kind}: shape {shape!r} has {variable} parts of variable length, at most "
            f"{_MOST_VARIABLE_PARTS} are allowed; write several shapes instead"
        )
    if not any(character in "#*" or character.isdigit() for character in shape):
        raise SlotRulesError(f"ids.{kind}: shape {shape!r} has no digit, so it would match words; use # or *")
    body = r"[-–\s._/]?".join(f"({piece})" for piece, _ in pieces)
    expression = re.compile(rf"(?<![^\W_]){body}(?![^\W_])", re.IGNORECASE)
    return IdShape(kind, expression)


def compile_shapes(ids: Mapping[str, Sequence[str]]) -> tuple[IdShape, ...]:
    """Compiles a tenant's shapes, in the order given."""
    return tuple(compile_shape(kind, shape) for kind, shapes in ids.items() for shape in shapes)


def _split(shape: str) -> list[str]:
    return [part for part in re.split(r"(?<!\\)-", shape) if part]


def _compiled(part: str, kind: str, shape: str) -> tuple[str, int]:
    """The expression of one part and how many of its pieces vary in length."""
    pieces: list[str] = []
    variable = 0
    position = 0
    while position < len(part):
        character = part[position]
        repeat = _REPEAT.match(part, position)
        if repeat:
            low = int(repeat.group(1))
            high = int(repeat.group(2) or low)
            if not pieces or not 0 < high <= _MOST_REPEATS or low > high:
                raise SlotRulesError(
                    f"ids.{kind}: {repeat.group()!r} in shape {shape!r} must follow a symbol and lie in "
                    f"1..{_MOST_REPEATS}, the lower bound first"
                )
            pieces[-1] += f"{{{low},{high}}}"
            variable += low != high
            position = repeat.end()
            continue
        if character == "\\" and position + 1 < len(part):
            position += 1
            pieces.append(re.escape(part[position]))
        else:
            pieces.append(_CLASSES.get(character, re.escape(character)))
        position += 1
    return "".join(pieces), variable
