"""shared/pb is what the protos generate, byte for byte, and the protos are clean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.unit.protos.descriptors import PROTOS, REPOSITORY

COMMITTED = REPOSITORY / "shared" / "pb"


def contents(folder: Path) -> dict[str, bytes]:
    """Files by their path inside the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_committed_code_is_what_the_protos_generate(tmp_path: Path) -> None:
    """Where this fails, run `make protos`."""
    run([sys.executable, str(PROTOS / "generate.py"), str(tmp_path)])
    generated, committed = contents(tmp_path), contents(COMMITTED)
    assert "switchyard/v1/intake_pb2_grpc.py" in generated
    assert sorted(generated) == sorted(committed)
    differing = [name for name in generated if generated[name] != committed[name]]
    assert not differing


def test_protos_are_lint_clean() -> None:
    run([str(Path(sys.executable).with_name("buf")), "lint", str(PROTOS)])


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
