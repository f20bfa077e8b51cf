"""Checks of the domain pack: models intact and the ones that their cards describe, policy and lexicon readable."""

from __future__ import annotations

from pathlib import Path

from services.cli.finding import Finding, fail, ok
from services.router.policy import load_policy
from services.router.policy_store import POLICY_FILE, read_intents
from shared.errors import ModelError, ModelIntegrityError, PolicyError
from shared.inference.lexicon_store import LEXICON_FILE, load_lexicon
from shared.inference.model import Task, load_card, load_pack, verify_files

TASKS: tuple[Task, ...] = ("intent", "slots", "sentiment")


def check_pack(directory: Path) -> list[Finding]:
    """One finding a model, one for the policy, and one for the lexicon."""
    try:
        pack = load_pack(directory)
    except ModelError as error:
        return [fail("pack", str(error), "set platform.pack (SWITCHYARD_PLATFORM__PACK) to a pack's folder")]
    findings = [_model(pack.model_directory(task), task) for task in TASKS if task in pack.models]
    findings += [
        fail(f"model {task}", f"{directory / 'pack.yaml'}: models.{task} is missing", "name the version to serve")
        for task in TASKS
        if task not in pack.models
    ]
    return [*findings, _policy(directory), _lexicon(directory)]


def _model(directory: Path, task: Task) -> Finding:
    try:
        card = load_card(directory)
        verify_files(directory, card)
    except ModelIntegrityError as error:
        return fail(f"model {task}", str(error), "`git checkout` restores it; never edit a model in place")
    except ModelError as error:
        return fail(f"model {task}", str(error), "restore the folder from version control, or export the model again")
    size = sum((directory / file).stat().st_size for file in card.sha256) / 2**20
    return ok(f"model {task}", f"{card.name}, {size:.0f} MiB, every hash as on its card")


def _policy(directory: Path) -> Finding:
    path = directory / POLICY_FILE
    try:
        policy = load_policy(path.read_text(encoding="utf-8"), read_intents(directory), str(path))
    except OSError as error:
        return fail("policy", f"{path}: cannot be read ({error.strerror})", "restore it from version control")
    except PolicyError as error:
        return fail("policy", str(error), f"`switchyard policy check {path}` names every problem")
    return ok("policy", f"version {policy.version}")


def _lexicon(directory: Path) -> Finding:
    try:
        lexicon = load_lexicon(directory)
    except ModelError as error:
        return fail("lexicon", str(error), f"`switchyard lexicon check {directory / LEXICON_FILE}` names every problem")
    if not lexicon.version:
        return ok("lexicon", f"none; models read every text as it is written ({LEXICON_FILE} would change that)")
    return ok("lexicon", f"version {lexicon.version}, {lexicon.terms} terms")
