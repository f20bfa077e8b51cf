"""PolicyStore: a changed document is taken in, one with a mistake is refused, and the old one stays in force."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.router.policy_store import PolicyStore
from shared.config import PACKS
from shared.errors import PolicyError


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    for name in ("policy.yaml", "taxonomy.yaml"):
        shutil.copy(PACKS / "commerce" / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def store(pack: Path) -> PolicyStore:
    return PolicyStore(pack, 60.0)


def test_a_changed_document_is_live_and_named_by_its_version(store: PolicyStore, pack: Path) -> None:
    assert not store.reload(), "nothing has changed"
    file = pack / "policy.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("version: commerce-1", "version: other-2"), encoding="utf-8")
    assert store.reload()
    assert store.live().version.startswith("other-2")


@pytest.mark.parametrize(
    "spoilt", [b"\xff\xfe\x00no text", b"version: [", b"routes: {}", b""], ids=["bytes", "no yaml", "no policy", "empty"]
)
def test_a_document_with_a_mistake_is_refused_and_the_old_one_stays(
    store: PolicyStore, pack: Path, spoilt: bytes
) -> None:
    before = store.live()
    (pack / "policy.yaml").write_bytes(spoilt)
    assert not store.reload()
    assert store.live() is before
    with pytest.raises(PolicyError, match=r"policy\.yaml"):
        PolicyStore(pack, 60.0)


def test_a_document_that_is_gone_is_refused_and_the_old_one_stays(store: PolicyStore, pack: Path) -> None:
    (pack / "policy.yaml").unlink()
    assert not store.reload()
    assert store.live().version


def test_a_taxonomy_that_is_no_text_is_told(pack: Path) -> None:
    (pack / "taxonomy.yaml").write_bytes(b"intents:\n  refund: \xff")
    with pytest.raises(PolicyError, match=r"taxonomy\.yaml"):
        PolicyStore(pack, 60.0)
