"""The first calls that the README shows work as they stand there, but for the address."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pool, json_format, message_factory

from shared.pb.switchyard.v1 import intake_pb2
from tests.foreign_client.conftest import ROOT, RunNode
from tests.harness.system import System

ADDRESS = "127.0.0.1:7070"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippet(language: str, sign: str) -> str:
    """The README's block of code in a language that holds a sign."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)
    (found,) = (block for block in blocks if sign in block)
    return str(found)


def called(text: str, system: System) -> str:
    """The snippet, calling the system under test."""
    assert text.count(ADDRESS) == 1
    return text.replace(ADDRESS, system.address("intake"))


def test_the_python_snippet(system: System) -> None:
    code = called(snippet("python", "TicketIntakeServiceStub"), system)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"[a-z_]+ \['[a-z_]+'.*\]\n", done.stdout), done.stdout


@pytest.mark.timeout(420)
def test_the_node_snippet(system: System, node: RunNode, tmp_path: Path) -> None:
    script = tmp_path / "call.js"
    script.write_text(called(snippet("js", "TicketIntakeService"), system), encoding="utf-8")

    assert re.fullmatch(r"OUTCOME_[A-Z]+ [a-z_]+\n", node(script))


def test_the_grpcurl_call(system: System) -> None:
    """grpcurl itself is not here; what it would do with the line is: parse the JSON by the method's descriptor."""
    line = called(snippet("sh", "grpcurl"), system)
    parsed = re.fullmatch(r"grpcurl -plaintext -d '(\{.*\})' (\S+) ([\w.]+)/(\w+)\n", line, re.S)
    assert parsed is not None, line
    body, address, service, method = parsed.groups()
    described = descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]
    request = json_format.Parse(body, message_factory.GetMessageClass(described.input_type)())
    assert isinstance(request, intake_pb2.TriageRequest)

    with grpc.insecure_channel(address) as channel:
        answer = channel.unary_unary(f"/{service}/{method}")(request.SerializeToString(), timeout=30)

    decided = intake_pb2.TriageResponse.FromString(answer).decision
    assert (decided.ticket_id, decided.message_id, decided.revision) == ("T-2", "1", 1)
