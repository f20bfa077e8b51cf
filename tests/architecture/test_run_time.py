"""What runs in production imports nothing that only training or testing needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from services.topology import TOPOLOGY
from tests.architecture.source import REPOSITORY

NEVER = {
    "torch", "transformers", "onnx", "onnxscript", "sklearn", "scipy", "matplotlib", "pandas", "datasets",
    "pytest", "hypothesis", "tests",
}  # fmt: skip  (grpc itself imports grpc_tools where that is installed)
WITHOUT_MODELS = ("intake", "router", "handoff")
LOOK = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    importlib.import_module(name)
    found[name] = sorted({loaded.split('.')[0] for loaded in sys.modules})
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """Packages in memory after importing each app, one after the other in one fresh process."""
    others = [service.name for service in TOPOLOGY if service.name not in WITHOUT_MODELS]
    apps = [f"services.{name}.app" for name in (*WITHOUT_MODELS, *others)]
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *apps, "services.cli.main"],
        capture_output=True, text=True, cwd=REPOSITORY, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {name: set(packages) for name, packages in json.loads(done.stdout).items()}


def test_no_service_and_no_command_loads_what_only_training_needs(loaded: dict[str, set[str]]) -> None:
    for name, packages in loaded.items():
        assert "grpc" in packages or name == "services.cli.main"
        assert not packages & NEVER, name


def test_services_without_a_model_load_no_model_runtime(loaded: dict[str, set[str]]) -> None:
    """It costs some 60 MB of memory a process."""
    for name in WITHOUT_MODELS:
        assert not loaded[f"services.{name}.app"] & {"onnxruntime", "tokenizers"}, name
    assert "onnxruntime" in loaded["services.intent.app"], "else this test looks at the wrong thing"
