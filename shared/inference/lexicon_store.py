"""Keeps the pack's lexicon at hand and takes in a changed document."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from shared.errors import ModelError
from shared.inference.expanded import Expanded
from shared.inference.lexicon import Lexicon
from shared.inference.lexicon_document import read_lexicon

log = structlog.get_logger(__name__)
LEXICON_FILE = "lexicon.yaml"


def load_lexicon(pack: Path) -> Lexicon:
    """The lexicon of a pack, an empty one where it has none; ModelError where it cannot be used."""
    path = pack / LEXICON_FILE
    return _made(_read(path), path)


class LexiconStore:
    """Expands by the pack's lexicon, as it is now: an `Expander` for analysers that outlive a document.

    `watch` looks at the file every ``reload_s`` seconds. A changed document with a mistake is refused and
    logged once, and the old one serves on; a file that is gone leaves nothing to expand.
    """

    def __init__(self, pack: Path, reload_s: float) -> None:
        """ModelError where the pack's lexicon cannot be used."""
        self._path, self._reload_s = pack / LEXICON_FILE, reload_s
        self._text = _read(self._path)
        self._refusal = ""
        self._lexicon = _made(self._text, self._path)
        if self._text is not None:
            self._tell()

    @property
    def version(self) -> str:
        """Version of the lexicon that serves; "" where the pack has none."""
        return self._lexicon.version

    def expand(self, text: str, tenant: str = "") -> Expanded:
        """The text as a model shall read it."""
        return self._lexicon.expand(text, tenant)

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._reload_s)
            await asyncio.to_thread(self.reload)

    def reload(self) -> bool:
        """Take in a changed document; True where it serves now. Blocks while it is read."""
        try:
            text = _read(self._path)
            if text == self._text:
                self._refusal = ""
                return False
            self._text = text
            self._lexicon = _made(self._text, self._path)
        except ModelError as error:
            if str(error) != self._refusal:
                log.error("lexicon_refused", error=str(error), serving=self.version)
            self._refusal = str(error)
            return False
        self._refusal = ""
        self._tell()
        return True

    def _tell(self) -> None:
        log.info(
            "lexicon_loaded", version=self.version, terms=self._lexicon.terms, tenants=len(self._lexicon.tenants)
        )


def _made(text: str | None, path: Path) -> Lexicon:
    return Lexicon() if text is None else read_lexicon(text, str(path))


def _read(path: Path) -> str | None:
    """The document; None where the pack has none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); mend its rights, or remove it") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{path}: byte {error.start} is not UTF-8; save the file in that encoding") from error
