"""LexiconStore: a changed document serves, one with a mistake is refused and told once."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from shared.errors import ModelError
from shared.inference.lexicon_store import LEXICON_FILE, LexiconStore, load_lexicon

FIRST = "version: a-1\nentries: {ngl: not gonna lie}\n"
SECOND = "version: a-2\nentries: {ngl: honestly}\n"


def write(pack: Path, document: str | bytes) -> None:
    content = document if isinstance(document, bytes) else document.encode()
    (pack / LEXICON_FILE).write_bytes(content)


@pytest.fixture
def store(tmp_path: Path) -> LexiconStore:
    write(tmp_path, FIRST)
    return LexiconStore(tmp_path, 60.0)


def test_a_changed_document_serves_and_is_named_by_its_version(store: LexiconStore, tmp_path: Path) -> None:
    assert not store.reload(), "nothing has changed"
    assert store.expand("ngl").text == "not gonna lie"
    write(tmp_path, SECOND)
    with structlog.testing.capture_logs() as logs:
        assert store.reload()
    assert store.expand("ngl").text == "honestly"
    assert store.version.startswith("a-2+")
    assert [(line["event"], line["version"]) for line in logs] == [("lexicon_loaded", store.version)]


@pytest.mark.parametrize(
    "spoilt", [b"\xff\xfe", b"version: [", b"entries: {}", b"", FIRST.encode() + b"  ngl: x"],
    ids=["bytes", "no yaml", "no version", "empty", "twice"],
)  # fmt: skip
def test_a_mistake_is_refused_told_once_and_the_old_one_serves_on(
    store: LexiconStore, tmp_path: Path, spoilt: bytes
) -> None:
    write(tmp_path, spoilt)
    with structlog.testing.capture_logs() as logs:
        assert [store.reload() for _ in range(3)] == [False] * 3
    assert store.expand("ngl").text == "not gonna lie"
    assert [line["event"] for line in logs] == ["lexicon_refused"]
    assert LEXICON_FILE in logs[0]["error"] and logs[0]["serving"] == store.version
    with pytest.raises(ModelError, match=r"lexicon\.yaml"):
        LexiconStore(tmp_path, 60.0)
    with pytest.raises(ModelError, match=r"lexicon\.yaml"):
        load_lexicon(tmp_path)
    write(tmp_path, SECOND)
    assert store.reload(), "mended, it serves"


def test_what_cannot_be_read_is_told_once(store: LexiconStore, tmp_path: Path) -> None:
    (tmp_path / LEXICON_FILE).unlink()
    (tmp_path / LEXICON_FILE).mkdir()
    with structlog.testing.capture_logs() as logs:
        assert not store.reload() and not store.reload()
    assert [line["event"] for line in logs] == ["lexicon_refused"]
    assert store.expand("ngl").text == "not gonna lie"


def test_a_pack_without_a_lexicon_expands_nothing(store: LexiconStore, tmp_path: Path) -> None:
    (tmp_path / LEXICON_FILE).unlink()
    assert load_lexicon(tmp_path).expand("ngl").text == "ngl"
    assert store.reload()
    assert (store.expand("ngl").text, store.version) == ("ngl", "")
    assert LexiconStore(tmp_path, 60.0).version == ""
