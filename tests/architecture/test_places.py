"""What may be done where: acknowledging, wiring, naming, and how long a file may be."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import GENERATED, REPOSITORY, Module, calls, imports, is_in, modules, nodes

MOST_LINES, MOST_LINES_OF_A_TEST = 300, 500
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "stuff"}
FOLDERS = ("services", "shared", "tests", "benchmarks", "protos")
# The app of a service is where its objects meet; the analysis services share theirs.
WIRING = re.compile(r"^(services/\w+/app\.py|shared/inference/service\.py)$")
WIRED = {"Consumer", "BacklogKeeper", "RpcServer", "Service"}
INSTRUMENTS = {"Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"}


def written(*suffixes: str) -> list[Path]:
    """Our own files with these endings, as paths inside the repository."""
    found: list[Path] = []
    for folder in FOLDERS:
        found += [path for path in (REPOSITORY / folder).rglob("*") if path.suffix in suffixes]
    vendored = REPOSITORY / "protos" / "buf"
    mine = [path for path in found if GENERATED not in path.parents and vendored not in path.parents]
    return [path.relative_to(REPOSITORY) for path in mine if "node_modules" not in path.parts]


def code_of(lua: str) -> str:
    """A Lua script without its comments."""
    return re.sub(r"--.*", "", lua)


def strings(module: Module) -> Iterator[str]:
    """Text constants of a module that are not documentation."""
    documentation = {
        id(node.value)
        for node in nodes(module.path)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in nodes(module.path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def test_nothing_but_the_commit_primitive_acknowledges() -> None:
    for path in written(".lua"):
        acknowledges = "XACK" in code_of((REPOSITORY / path).read_text(encoding="utf-8")).upper()
        assert acknowledges == (path.as_posix() == "shared/streams/commit.lua"), path
    for module in modules():
        assert not [line for name, line in calls(module) if name.lower().startswith("xack")], module.path
        assert not [text for text in strings(module) if re.search(r"\bXACK\b", text)], module.path


def test_objects_meet_in_the_app_alone() -> None:
    for module in modules():
        if not WIRING.match(module.path):
            made = sorted({name for name, _ in calls(module)} & WIRED)
            assert not made, f"{module.path} makes {made}; build() in app.py does that"


def test_every_app_builds_its_service() -> None:
    for module in modules():
        if module.parts[-1] == "app.py":
            functions = {node.name: node for node in module.tree.body if isinstance(node, ast.FunctionDef)}
            assert "build" in functions, module.path
            names = [argument.arg for argument in functions["build"].args.args]
            assert names[:2] == ["platform", "config"], module.path


def test_metrics_have_the_prefix_a_description_and_no_globals() -> None:
    for module in modules():
        if not any(is_in(name, "prometheus_client") for name in imports(module)):
            continue
        for node in nodes(module.path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in INSTRUMENTS:
                where = f"{module.path}:{node.lineno}"
                name, text = (argument.value if isinstance(argument, ast.Constant) else "" for argument in node.args[:2])
                assert str(name).startswith("switchyard_"), where
                assert len(str(text)) > 10, f"{where}: say what is counted, and in which unit"
                assert any(keyword.arg == "registry" for keyword in node.keywords), f"{where}: no global registry"


def test_nothing_waits_by_wait_for() -> None:
    """In Python 3.11 it may swallow a cancellation (cpython issue 86296); use `asyncio.timeout`."""
    for module in modules():
        lines = [line for name, line in calls(module) if name == "wait_for"]
        assert not lines, f"{module.path}:{lines}"


def test_every_script_is_called_from_beside_it_and_says_what_it_takes() -> None:
    for path in written(".lua"):
        text = (REPOSITORY / path).read_text(encoding="utf-8")
        assert text.startswith("-- "), f"{path} does not say what it does"
        sources = "".join(other.read_text(encoding="utf-8") for other in (REPOSITORY / path).parent.glob("*.py"))
        # by its file, or by its name alone where a class of scripts adds the ending
        assert f'"{path.name}"' in sources or f'"{path.stem}"' in sources, f"nobody calls {path}"
        for kind in ("KEYS", "ARGV"):
            if re.search(rf"\b{kind}\b", code_of(text)):
                assert re.search(rf"--.*\b({kind}|item|return)", text), f"{path} does not explain its {kind}"


def test_files_are_short() -> None:
    long = {}
    for path in written(".py", ".lua"):
        lines = len((REPOSITORY / path).read_text(encoding="utf-8").splitlines())
        if lines > (MOST_LINES_OF_A_TEST if path.parts[0] == "tests" else MOST_LINES):
            long[path.as_posix()] = lines
    assert not long, "take a subject out of each"


def test_files_and_folders_are_named_after_their_subject() -> None:
    for path in written(".py", ".lua"):
        vague = VAGUE & {part.lower() for part in (*path.parts[:-1], path.stem)}
        assert not vague, f"{path}: {vague} says nothing"
        assert path.parts[0] in ("tests", "benchmarks") or not path.stem.startswith("test_"), f"{path} lies in tests/"
