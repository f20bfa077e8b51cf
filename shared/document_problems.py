"""What is wrong with a document that people write: each problem with its line, its field and what mends it."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.errors import SwitchyardError

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a document: the line (from 1; 0 if unknown), the field, and what mends it."""

    line: int
    path: str
    problem: str
    mend: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        field = f"{self.path}: " if self.path else ""
        return f"{place}{field}{self.problem}; {self.mend}"


class DocumentError(SwitchyardError):
    """A document with all its problems, in the order of their lines.

    Reading stops at MAX_PROBLEMS, so that a hostile document costs no more than a broken one.
    """

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda each: each.line))
        lines = [f"{source}: {problem}" for problem in self.problems]
        if len(self.problems) >= MAX_PROBLEMS:
            lines.append(f"{source}: stopped after {MAX_PROBLEMS} problems; mend these and check again")
        super().__init__("\n".join(lines))


class Report:
    """Problems found so far, and the lines on which fields stand.

    ``error`` is what is raised for them, so that each kind of document has an error of its own.
    """

    def __init__(self, source: str, error: type[DocumentError] = DocumentError) -> None:
        self.source = source
        self._error = error
        self.problems: list[Problem] = []
        self._lines: dict[str, int] = {}

    def add(self, path: str, problem: str, mend: str) -> None:
        """Record a problem of a field; its line is that of the field, or of what holds it.

        Raises the report's error when there are too many.
        """
        self.problems.append(Problem(self._line(path), path, problem, mend))
        if len(self.problems) >= MAX_PROBLEMS:
            self.finish()

    def finish(self) -> None:
        """Raise the report's error if there is any problem."""
        if self.problems:
            raise self._error(self.source, self.problems)

    def refusal(self, line: int, problem: str, mend: str) -> DocumentError:
        """What to raise where a document cannot be read at all, for the problem on a line."""
        return self._error(self.source, [Problem(line, "", problem, mend)])

    def sound(self, *paths: str) -> bool:
        """Whether no problem was found at these paths or below them."""
        return not any(
            problem.path == path or problem.path.startswith((path + ".", path + "["))
            for problem in self.problems
            for path in paths
        )

    def place(self, path: str, line: int) -> None:
        """Remember on which line, from 1, a field stands."""
        self._lines[path] = line

    def _line(self, path: str) -> int:
        while path and path not in self._lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self._lines.get(path, 0)


def suggestion(wrong: str, known: Collection[str]) -> str:
    """The name that was probably meant, as a question; "" where none is close."""
    close = difflib.get_close_matches(wrong[:100], known, n=1)
    return f"did you mean {close[0]}?" if close else ""
