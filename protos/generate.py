"""Generate shared/pb from the protos: `python protos/generate.py [OUTPUT]`.

Plain protoc output imports `switchyard.v1` and `buf.validate` absolutely; imports are rewritten to
`shared.pb…`, so that the package is where its path says and mypy sees real types.
"""

from __future__ import annotations

import re
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
IMPORT = re.compile(r"^(from|import) (switchyard|buf)\b", re.MULTILINE)
QUALIFIED = re.compile(r"(?<![\w./\"'])(switchyard\.v1\.\w+_pb2|buf\.validate\.validate_pb2)\b")


def generate(output: Path) -> None:
    """Write message, stub and type files for every proto into `output`, replacing what is there.

    Raises RuntimeError where protoc refuses a file.
    """
    with tempfile.TemporaryDirectory() as scratch:
        protos = sorted(str(path) for path in ROOT.rglob("*.proto"))
        arguments = ["protoc", f"-I{ROOT}", f"-I{files('grpc_tools') / '_proto'}"]
        scripts = Path(sys.executable).parent
        arguments += [f"--plugin={name}={scripts / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
        arguments += [f"--{kind}_out={scratch}" for kind in ("python", "mypy", "grpc_python", "mypy_grpc")]
        if protoc.main(arguments + protos) != 0:
            raise RuntimeError("protoc refused the protos; its messages stand above")
        for source in sorted(Path(scratch).rglob("*.py*")):
            if "_grpc" in source.name and "Servicer" not in source.read_text(encoding="utf-8"):
                continue  # a file without services
            target = output / source.relative_to(scratch)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = IMPORT.sub(r"\1 shared.pb.\2", source.read_text(encoding="utf-8"))
            target.write_text(QUALIFIED.sub(r"shared.pb.\1", text), encoding="utf-8")
    for folder in {path.parent for path in output.rglob("*_pb2.py")} | {output, output / "switchyard", output / "buf"}:
        (folder / "__init__.py").touch()


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "pb")
