"""Commands against a running Switchyard: what they print, and how they end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from services.cli.check_pack import check_pack
from services.cli.finding import Finding
from shared.config import PACKS
from tests.harness.system import System
from tests.unit.services.cli.conftest import TENANT, Command

PROGRAM = Path(sys.executable).with_name("switchyard")


def test_submit_twice_is_known_the_second_time(client: Command) -> None:
    words = ("submit", "Where is my order A-10293?", "--ticket", "S-1", "--message-id", "1", "--json")
    first, second = client(*words), client(*words)
    assert (first.code, second.code) == (0, 0)
    assert first.lines[0]["sequence"] == "1"
    assert "duplicate" not in first.lines[0]
    assert second.lines[0]["duplicate"] is True


def test_other_content_under_a_known_id_is_refused(client: Command) -> None:
    client("submit", "One text.", "--ticket", "S-2", "--message-id", "1")
    answer = client("submit", "Another text.", "--ticket", "S-2", "--message-id", "1")
    assert answer.code == 1
    assert answer.err.startswith("error: message.message_id")
    assert "Another text" not in answer.err


def test_triage_shows_the_decision_and_why(client: Command) -> None:
    answer = client("triage", "-", "--ticket", "S-3", "--channel", "email", stdin="I want to return my kettle.")
    assert answer.code == 0
    for word in ("ticket S-3", "why", "policy", "intents", "mood"):
        assert word in answer.out
    shown = client("ticket", "show", "S-3")
    assert "I want to return my kettle." in shown.out
    entry, state = client("ticket", "show", "S-3", "--json").lines
    assert entry["decision"]["outcome"].startswith("OUTCOME_")
    assert state["decided_sequence"] == "1"


def test_a_wrong_option_ends_with_2(client: Command) -> None:
    assert client("triage", "Hi", "--channel", "pigeon").code == 1
    assert client("triage").code == 2
    assert client("serve", "intak").code == 2


def test_an_unknown_ticket_is_told_in_one_line(client: Command) -> None:
    answer = client("ticket", "show", "nowhere")
    assert answer.code == 1
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err


def test_an_absent_service_ends_with_3(switchyard: Command) -> None:
    answer = switchyard("submit", "Hi", "--address", "127.0.0.1:1", "--timeout", "0.3")
    assert answer.code == 3
    assert "cannot be reached" in answer.err


def test_an_absent_store_ends_with_3(switchyard: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__REDIS_URL", "redis://127.0.0.1:1/0")
    answer = switchyard("dead-letters", "list")
    assert answer.code == 3
    assert answer.err.startswith("error: the store does not answer")


@pytest.mark.parametrize("url", ["localhost:6379", "redis://:hunter2@localhost:port/0", "redis://:hunter2@localhost?x=1"])
def test_a_store_that_cannot_be_meant_is_named_by_every_command(
    switchyard: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__REDIS_URL", url)
    for words in (("dead-letters", "list"), ("serve", "intake"), ("run", "--once", "--state", str(tmp_path))):
        answer = switchyard(*words)
        assert answer.code == 1
        assert answer.err.startswith("error: ")
        assert "platform.redis_url" in answer.err
        assert "hunter2" not in answer.err
    answer = switchyard("doctor", "--json")
    assert answer.code == 1
    (finding,) = [line for line in answer.lines if "platform.redis_url" in line["detail"]]
    assert finding["status"] == "fail"
    assert "hunter2" not in answer.out


def test_watch_goes_on_from_its_token(client: Command) -> None:
    client("triage", "Please cancel my order A-1.", "--ticket", "W-1", "--message-id", "1")
    (first,) = client("watch", "--from", "begin", "--count", "1", "--json").lines
    token = first["resume_token"]
    client("triage", "It is still not cancelled.", "--ticket", "W-1", "--message-id", "2")
    (second,) = client("watch", "--from", token, "--count", "1", "--json").lines
    assert second["resume_token"] != token
    ended = client("watch", "--from", "begin", "--count", "1")
    assert f"go on with --from {token}" in ended.err


def test_a_foreign_token_is_refused(client: Command) -> None:
    answer = client("watch", "--from", "bm9uc2Vuc2U")
    assert answer.code == 1
    assert "resume_token" in answer.err


def test_analysis_services_answer_directly(client: Command) -> None:
    texts = "Where is my order?\nI want to cancel my plan.\n"
    assert len(client("classify", "-", "--json", stdin=texts).lines) == 2
    (slots,) = client("extract", "I paid 20 EUR", "--json").lines
    assert slots["slots"][0]["value"] == "20.00 EUR"
    assert "frustration" in client("score", "This is a disgrace!").out


def test_the_human_queue_from_claim_to_completion(client: Command) -> None:
    text = "I demand to speak to a manager. A person, at once! You are a disgrace, I am furious, I will sue you."
    decision = json.loads(client("triage", text, "--ticket", "Q-1", "--json").out)["decision"]
    assert decision["outcome"] in ("OUTCOME_ESCALATED", "OUTCOME_REVIEW")
    items = client("queue", "list", "--json").lines
    (item,) = [one for one in items if one["ticket_id"] == "Q-1"]
    name = item["item_id"]
    claimed = client("queue", "claim", "--item", name, "--agent", "ann", "--lease", "60")
    assert text.split(".")[0] in claimed.out
    assert client("queue", "release", name, "--agent", "bob").code == 1
    assert client("queue", "renew", name, "--agent", "ann").code == 0
    assert client("queue", "release", name, "--agent", "ann", "--json").lines[0]["state"] == "ITEM_STATE_WAITING"
    assert "Q-1" in client("queue", "show", name).out
    client("queue", "claim", "--item", name, "--agent", "ann")
    done = client("queue", "complete", name, "--agent", "ann", "--disposition", "justified", "--note", "called")
    assert "justified: called" in done.out


def test_import_takes_what_it_can_and_reports_the_rest(client: Command, tmp_path: Path) -> None:
    rows = [{"ticket_id": f"I-{n % 20}", "message_id": str(n), "text": f"Where is parcel {n}?"} for n in range(400)]
    lines = [json.dumps(row) for row in rows]
    lines.insert(3, '{"ticket_id": "I 3", "message_id": "x", "text": "a bad id"}')
    lines.append("nonsense")
    file, report = tmp_path / "in.jsonl", tmp_path / "rejected.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    # The backlog of this system holds 120: it fills, and the import waits.
    answer = client("import", str(file), "--json", "--rejected", str(report))
    assert answer.code == 2
    *rejected, summary = answer.lines
    assert summary == {"accepted": 400, "duplicates": 0, "rejected": 2}
    assert [(one["line"], one["ticket_id"]) for one in rejected] == [(4, "I 3"), (402, "")]
    assert "ticket_id" in rejected[0]["reason"] and "messages[" not in rejected[0]["reason"]
    assert len(report.read_text(encoding="utf-8").splitlines()) == 2
    entries = client("ticket", "show", "I-7", "--json").lines[:-1]
    assert [entry["message"]["message_id"] for entry in entries] == [str(n) for n in range(7, 400, 20)]
    again = client("import", str(file), "--json")
    assert again.lines[-1] == {"accepted": 0, "duplicates": 400, "rejected": 2}


def test_import_keeps_to_its_rate(client: Command, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    rows = [f"R-1,{n},How do I clean it?" for n in range(20)]
    file.write_text("\n".join(["ticket_id,message_id,text", *rows]), encoding="utf-8")
    started = time.monotonic()
    assert client("import", str(file), "--rate", "20").code == 0
    assert time.monotonic() - started >= 0.75


def test_import_outlasts_a_restart_of_the_server(client: Command, system: System, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    rows = [{"ticket_id": f"O-{n % 7}", "message_id": str(n), "text": f"Where is parcel {n}?"} for n in range(200)]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    killer = threading.Timer(0.5, lambda: (system.kill("intake"), system.start("intake")))
    killer.start()
    try:
        answer = client("import", str(file), "--rate", "100", "--json")
    finally:
        killer.join()
    assert answer.code == 0, answer.err
    counts = answer.lines[-1]
    assert counts["accepted"] + counts["duplicates"] == 200
    entries = client("ticket", "show", "O-3", "--json").lines[:-1]
    assert [entry["message"]["message_id"] for entry in entries] == [str(n) for n in range(3, 200, 7)]


def test_import_gives_up_when_patience_ends(switchyard: Command, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"ticket_id": "T", "message_id": "1", "text": "Hi"}', encoding="utf-8")
    answer = switchyard("import", str(file), "--address", "127.0.0.1:1", "--patience", "1")
    assert answer.code == 3
    assert "run it again to go on" in answer.err


def test_import_sends_no_request_that_is_too_large(client: Command, tmp_path: Path) -> None:
    """All together they are larger than the server takes in a request; so is one alone."""
    largest = "\N{GRINNING FACE}" * 20_000  # the longest text that is taken, in bytes
    rows = [{"ticket_id": "B-1", "message_id": str(n), "text": "x" * 400_000} for n in range(50)]
    rows += [{"ticket_id": "B-2", "message_id": str(n), "author": "agent", "text": largest} for n in range(60)]
    rows.append({"ticket_id": "B-3", "message_id": "1", "text": "x" * 17_000_000})
    rows.append({"ticket_id": "B-4", "message_id": "1", "text": "Where is it?"})
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    answer = client("import", str(file), "--json")
    assert answer.code == 2, answer.err
    *rejected, summary = answer.lines
    assert summary == {"accepted": 61, "duplicates": 0, "rejected": 51}
    assert [one["line"] for one in rejected] == [*range(1, 51), 111]
    assert {one["reason"] for one in rejected} == {"text: must be at most 20000 characters"}


HALF_BAD = '{"ticket_id": "T", "message_id": "1", "text": "Hi"}\nnonsense\n'


@pytest.mark.parametrize(
    ("options", "code"), [(("--tenant", "nobody"), 1), (("--address", "127.0.0.1:1", "--patience", "1"), 3)]
)
def test_an_import_that_fails_still_reports_what_was_rejected(
    client: Command, tmp_path: Path, options: tuple[str, ...], code: int
) -> None:
    file, report = tmp_path / "in.jsonl", tmp_path / "rejected.jsonl"
    file.write_text(HALF_BAD, encoding="utf-8")
    answer = client("import", str(file), "--rejected", str(report), *options)
    assert answer.code == code
    assert "stopped: 0 accepted, 1 rejected; run it again to go on" in answer.err
    (line,) = report.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["line"] == 2


def test_an_import_that_is_interrupted_still_reports_what_was_rejected(tmp_path: Path) -> None:
    file, report = tmp_path / "in.jsonl", tmp_path / "rejected.jsonl"
    file.write_text(HALF_BAD, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("SWITCHYARD_")}
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(30)
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        importing = subprocess.Popen(
            [PROGRAM, "import", file, "--rejected", report, "--address", address],
            env=environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            mute.accept()  # it has read the file and waits for an answer
            importing.send_signal(signal.SIGINT)
            _, said = importing.communicate(timeout=20)
        finally:
            importing.kill()
    assert importing.returncode == 130
    assert "Traceback" not in said
    assert "stopped: 0 accepted, 1 rejected; run it again to go on" in said
    assert [json.loads(line)["line"] for line in report.read_text(encoding="utf-8").splitlines()] == [2]


def test_import_for_a_tenant_that_is_not_served(client: Command, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('{"ticket_id": "T", "message_id": "1", "text": "Hi"}', encoding="utf-8")
    answer = client("import", str(file), "--tenant", "nobody")
    assert answer.code == 1
    assert "tenant" in answer.err


def test_doctor_finds_its_own_services(client: Command) -> None:
    lines = client("doctor", "--json").lines
    statuses = {line["check"]: line["status"] for line in lines}
    assert "fail" not in statuses.values()
    assert all("are ours, serving" in line["detail"] for line in lines if line["check"].startswith("port"))


def test_doctor_fails_where_somebody_else_has_a_port(client: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        monkeypatch.setenv("SWITCHYARD_INTAKE__PORT", str(stranger.getsockname()[1]))
        answer = client("doctor")
    assert answer.code == 1
    assert "SWITCHYARD_INTAKE__PORT" in answer.out


def test_policy_check(switchyard: Command, tmp_path: Path) -> None:
    good = PACKS / "commerce" / "policy.yaml"
    assert switchyard("policy", "check", str(good)).code == 0
    bad = tmp_path / "policy.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("escalate_at: 0.62", "escalate_at: 7"), encoding="utf-8")
    answer = switchyard("policy", "check", str(bad), "--json")
    assert answer.code == 1
    assert answer.lines[0]["valid"] is False
    assert "escalate_at" in answer.lines[0]["problems"][0]["field"]


def test_lexicon_check(switchyard: Command, tmp_path: Path) -> None:
    good = PACKS / "commerce" / "lexicon.yaml"
    answer = switchyard("lexicon", "check", str(good))
    assert (answer.code, "holds. Version commerce-" in answer.out) == (0, True)
    assert "tenants with terms of their own: default" in answer.out
    (line,) = switchyard("lexicon", "check", str(good), "--json").lines
    assert line["valid"] is True and line["terms"] > 100 and line["tenants"] == ["default"]
    bad = tmp_path / "lexicon.yaml"
    bad.write_text(good.read_text(encoding="utf-8").replace("  ngl: ", "  pls: "), encoding="utf-8")
    answer = switchyard("lexicon", "check", str(bad))
    assert answer.code == 1
    assert "entries.pls: is given twice; keep one of the two" in answer.err
    answer = switchyard("lexicon", "check", str(bad), "--json")
    assert answer.code == 1
    (problem,) = answer.lines[0]["problems"]
    assert problem["field"] == "entries.pls" and problem["line"] > 10
    bad.write_bytes(b"version: \xff")
    assert "UTF-8" in switchyard("lexicon", "check", str(bad)).err


def test_doctor_reads_the_lexicon(tmp_path: Path) -> None:
    for file in ("pack.yaml", "policy.yaml", "taxonomy.yaml"):
        shutil.copy(PACKS / "commerce" / file, tmp_path)

    def found() -> Finding:
        return next(finding for finding in check_pack(tmp_path) if finding.check == "lexicon")

    assert found().status == "ok" and "none" in found().detail
    shutil.copy(PACKS / "commerce" / "lexicon.yaml", tmp_path)
    assert found().status == "ok" and "terms" in found().detail
    (tmp_path / "lexicon.yaml").write_text("version: [", encoding="utf-8")
    assert found().status == "fail" and "lexicon check" in found().mend


def test_the_configuration_can_be_shown_and_listed(switchyard: Command) -> None:
    assert switchyard("config", "show", "--json").lines[0]["client"]["tenant"] == "default"
    assert "| `intake.port` |" in switchyard("config", "table").out


def test_every_command_explains_itself(switchyard: Command) -> None:
    for words in (
        (), ("run",), ("serve",), ("doctor",), ("submit",), ("triage",), ("import",), ("watch",), ("ticket",),
        ("queue",), ("policy",), ("lexicon",), ("config",), ("dead-letters",), ("classify",), ("extract",), ("score",), ("train",),
    ):  # fmt: skip
        assert switchyard(*words, "--help").code == 0


def test_the_tenant_is_the_configured_one_unless_named(client: Command) -> None:
    answer = client("ticket", "show", "nowhere")
    assert TENANT in answer.err
    assert "other" in client("ticket", "show", "nowhere", "--tenant", "other").err
