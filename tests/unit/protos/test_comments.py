"""The protos are the reference that integrators read: everything in them says what it is."""

from __future__ import annotations

import pytest

from tests.unit.protos.descriptors import Declared, declarations, read_protos

DECLARED = [declared for file in read_protos() for declared in declarations(file)]
FEW_WORDS = 3


def test_all_kinds_were_looked_at() -> None:
    kinds = {declared.kind for declared in DECLARED}
    assert kinds == {"file", "message", "enum", "service", "method"}
    names = {declared.name for declared in DECLARED}
    assert {"NewMessage", "SubmitResult", "TicketIntakeService", "HumanQueueService.ClaimItem"} <= names


@pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: f"{declared.kind}:{declared.name}")
def test_it_has_a_comment_of_its_own(declared: Declared) -> None:
    assert declared.comment, f"{declared.kind} {declared.name} has no comment before it"
    words = declared.comment.split()
    assert len(words) >= FEW_WORDS or declared.kind == "enum", f"{declared.name}: {declared.comment!r} says too little"
    assert declared.comment.endswith("."), f"{declared.name}: its comment is no sentence: {declared.comment!r}"
