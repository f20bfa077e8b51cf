"""A client that is not ours: Node's @grpc/grpc-js with the protos alone, and through server reflection alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.foreign_client.conftest import HERE, ROOT, RunNode
from tests.harness.system import System


def talk(node: RunNode, system: System, how: str) -> dict[str, Any]:
    """Run the client; what it got back. By reflection it is not even told where the protos are."""
    protos = (ROOT / "protos",) if how == "protos" else ()
    report: dict[str, Any] = json.loads(node(HERE / "client.js", how, system.address("intake"), f"node-{how}", *protos))
    return report


@pytest.mark.timeout(420)  # npm may have to fetch the packages first
@pytest.mark.parametrize("how", ["protos", "reflection"])
def test_a_node_client_submits_triages_watches_and_resumes(node: RunNode, system: System, how: str) -> None:
    got = talk(node, system, how)

    if how == "reflection":
        assert "switchyard.v1.TicketIntakeService" in got["services"]
    taken, again = got["submitted"]["acknowledgement"], got["again"]["acknowledgement"]
    assert (taken["ticket_id"], taken["message_id"], taken["sequence"], taken["duplicate"]) == ("N-1", "m1", "1", False)
    assert again == {**taken, "duplicate": True}
    results = got["batch"]["results"]
    assert [result["result"] for result in results] == ["acknowledgement", "error", "acknowledgement"]
    assert results[1]["error"]["code"] == 3
    assert "messages[1].text" in results[1]["error"]["message"]
    assert got["triaged"]["decision"]["ticket_id"] == "N-3"
    assert 0 < got["triaged"]["decision"]["level_after"] <= 1
    assert got["triaged"]["analysis"]["intent"]["model"].startswith("intent@")

    decisions = [(one["ticket_id"], one["message_id"]) for one in got["decisions"]]
    assert set(decisions) == {("N-1", "m1"), ("N-1", "m2"), ("N-2", "m1"), ("N-3", "m1")}
    assert decisions.index(("N-1", "m1")) < decisions.index(("N-1", "m2"))
    assert all(one["outcome"].startswith("OUTCOME_") and one["reasons"] for one in got["decisions"])
    resumed = [(one["ticket_id"], one["message_id"]) for one in got["resumed"]]
    assert set(resumed) == set(decisions[1:]), "a token leads to what came after it"

    entries = got["ticket"]["entries"]
    assert [entry["message"]["message_id"] for entry in entries] == ["m1", "m2"]
    assert entries[0]["message"]["attributes"] == {"source": "node"}
    assert entries[0]["message"]["channel"] == "CHANNEL_EMAIL"
    codes = {name: got[name]["code"] for name in ("conflict", "invalid", "stranger")}
    assert codes == {
        "conflict": "FAILED_PRECONDITION", "invalid": "INVALID_ARGUMENT", "stranger": "PERMISSION_DENIED",
    }  # fmt: skip
    assert got["invalid"]["hasStatusDetails"], "each bad field is named in the status details"
    assert "message.ticket_id" in got["invalid"]["details"]


def test_the_lock_file_names_no_registry() -> None:
    """Packages come from whatever registry the machine is set up for; the hashes say that they are the same."""
    packages = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert not [name for name, package in packages.items() if "resolved" in package]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]
