"""Who may know whom: the layering that docs/architecture.md describes, held against every import."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.source import REPOSITORY, Module, imports, is_in, known_names, modules

# Callers of other services' pure modules; everybody else meets over streams and gRPC alone.
ABOVE_SERVICES = {"cli", "jobs", "trainer"}
OUTSIDE_WORLD = (
    "redis", "grpc", "google", "prometheus_client", "protovalidate", "sqlalchemy", "celery", "shared.pb",
    "shared.convert", "shared.lifecycle", "shared.rpc", "shared.streams",
)  # fmt: skip
PROTOBUF = ("shared.pb", "google.protobuf", "google.rpc", "protovalidate")
# Protobuf is known to what turns it into the domain and back, and to what speaks gRPC:
MAY_KNOW_PROTOBUF = (
    "shared/convert/",  # the one translation
    "shared/rpc/",  # servers, clients, statuses
    "services/cli/",  # a client of the services like any other
    "services/router/preview.py",  # asks the analysis services over gRPC
)
# Parts of what is declared, under a name of their own.
COME_ALONG = {"hiredis", "pydantic-core", "click", "safetensors", "googleapis-common-protos"}
DECIDING = ("decide", "conversation", "routing", "thresholds")
PURE_STDLIB = {"__future__", "collections.abc", "dataclasses", "enum", "math", "typing"}


def reaches(name: str) -> set[str]:
    """All modules, ours and others', that importing a module of ours imports through modules of ours."""
    by_name = {module.name: module for module in modules()}
    seen, waiting = {name}, [name]
    while waiting:
        one = waiting.pop()
        found = set(imports(by_name[one], at_run_time=True)) - seen if one in by_name else set()
        seen |= found
        waiting += found
    return seen


def test_there_is_something_to_look_at() -> None:
    names = {module.name for module in modules()}
    assert {"services.router.decide", "shared.streams.consumer", "services.cli.main"} <= names
    (decide,) = [module for module in modules() if module.name == "services.router.decide"]
    assert "services.router.routing" in set(imports(decide))
    assert "redis.asyncio" in reaches("shared.streams.part_stage")


def of_services(module: Module) -> set[str]:
    """What a module imports of services."""
    return {name for name in imports(module) if is_in(name, "services") and name != "services"}


def test_shared_code_knows_no_service() -> None:
    assert [(module.path, of_services(module)) for module in modules() if not module.service and of_services(module)] == []


def test_services_know_each_other_by_streams_and_grpc_alone() -> None:
    for module in modules():
        for name in of_services(module) - {"services.topology"} if module.service else ():
            other = name.split(".")[1]
            if other == module.service or (other == "trainer" and module.service in ("cli", "jobs")):
                continue
            assert module.service in ABOVE_SERVICES, f"{module.path} imports {name}"
            outside = sorted(one for one in reaches(name) if any(is_in(one, world) for world in OUTSIDE_WORLD))
            assert not outside, f"{module.path} imports {name}, which is not pure: it reaches {outside}"


def test_only_translators_and_speakers_of_grpc_know_protobuf() -> None:
    for module in modules():
        if module.path.startswith(MAY_KNOW_PROTOBUF) or module.parts[-1] == "servicer.py":
            continue
        known = sorted(name for name in imports(module) if any(is_in(name, package) for package in PROTOBUF))
        assert not known, f"{module.path} imports {known}: convert in shared.convert or in a servicer"


def test_the_domain_knows_nothing_but_itself() -> None:
    domain = [module for module in modules() if is_in(module.name, "shared.domain")]
    assert len(domain) > 3
    for module in domain:
        strangers = {name for name in imports(module) if not is_in(name, "shared.domain")} - PURE_STDLIB
        assert not strangers, f"{module.path} imports {strangers}"


@pytest.mark.parametrize("name", DECIDING)
def test_what_decides_does_no_io_and_reads_no_clock(name: str) -> None:
    reached = reaches(f"services.router.{name}")
    strangers = {
        one
        for one in reached
        if not is_in(one, "services.router") and not is_in(one, "shared.domain") and one not in PURE_STDLIB
    }
    assert not strangers, f"services.router.{name} reaches {strangers}"


def test_import_paths_are_file_paths() -> None:
    for module in modules():
        assert (REPOSITORY / module.path).parent.joinpath("__init__.py").is_file(), f"{module.path}: not in a package"
        for name in imports(module):
            if name.split(".")[0] in ("services", "shared"):
                assert name in known_names(), f"{module.path} imports {name}, which is no file of ours"


def declared(*extras: str) -> set[str]:
    """Names of the distributions that pyproject.toml asks for, with those of these extras."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    return {re.split(r"[^A-Za-z0-9_.-]", one)[0].lower().replace("_", "-") for one in wanted}


def test_what_is_imported_is_declared() -> None:
    """What comes along by chance is missing on another machine."""
    distributions = packages_distributions()
    run_time, training = declared() | COME_ALONG, declared("train") | COME_ALONG
    for module in modules():
        allowed = training if module.service == "trainer" else run_time
        for top in {name.split(".")[0] for name in imports(module)} - {"services", "shared"}:
            if top in sys.stdlib_module_names:
                continue
            providers = {name.lower().replace("_", "-") for name in distributions.get(top, [top])}
            assert providers & allowed, f"{module.path} imports {top}, of {providers or 'nowhere'}"
