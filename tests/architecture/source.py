"""The source as the architecture tests read it: parsed, never imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ROOTS = ("services", "shared")
GENERATED = REPOSITORY / "shared" / "pb"


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of ours: its path inside the repository, its dotted name, its syntax tree."""

    path: str
    name: str
    tree: ast.Module

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's parts: ``("services", "router", "decide.py")``."""
        return tuple(self.path.split("/"))

    @property
    def service(self) -> str:
        """The service that it belongs to; "" for shared code and for modules of all services."""
        return self.parts[1] if self.parts[0] == "services" and len(self.parts) > 2 else ""


@cache
def modules() -> tuple[Module, ...]:
    """Every module of ours that was written, not generated."""
    found = []
    for root in ROOTS:
        for path in sorted((REPOSITORY / root).rglob("*.py")):
            if GENERATED not in path.parents:
                relative = path.relative_to(REPOSITORY)
                name = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
                found.append(Module(relative.as_posix(), name, ast.parse(path.read_bytes(), str(relative))))
    return tuple(found)


@cache
def nodes(path: str) -> tuple[ast.AST, ...]:
    """All nodes of the module at a path, walked once for all tests."""
    (tree,) = (module.tree for module in modules() if module.path == path)
    return tuple(ast.walk(tree))


@cache
def known_names() -> frozenset[str]:
    """Dotted names of all modules and packages of ours, generated ones too."""
    names = {module.name for module in modules()}
    for path in GENERATED.rglob("*.py"):
        names.add(".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"))
    return frozenset(names)


def imports(module: Module, at_run_time: bool = False) -> Iterator[str]:
    """Dotted names of the modules that it imports, wherever in the file; ``from a import b`` gives ``a.b`` where
    that is a module. With ``at_run_time`` without those that only type checkers see.
    """
    skipped = set()
    for node in nodes(module.path):
        if at_run_time and isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            skipped |= {id(inner) for inner in ast.walk(node)}
    for node in nodes(module.path):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.path}:{node.lineno}: import by its full name"
            base = node.module or ""
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if full in known_names() else base


def is_in(name: str, package: str) -> bool:
    """Whether a dotted name is a package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def calls(module: Module) -> Iterator[tuple[str, int]]:
    """What it calls, by its last name (``Consumer`` for ``consumer.Consumer[int](…)``), with the line."""
    for node in nodes(module.path):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Subscript):
                called = called.value
            if isinstance(called, ast.Attribute):
                yield called.attr, node.lineno
            elif isinstance(called, ast.Name):
                yield called.id, node.lineno
