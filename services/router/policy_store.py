"""Keeps the live policy at hand and takes in a changed document."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
import yaml

from services.router.policy import load_policy
from shared.domain.policy import Policy
from shared.errors import PolicyError

log = structlog.get_logger(__name__)
POLICY_FILE = "policy.yaml"
TAXONOMY_FILE = "taxonomy.yaml"


def read_intents(pack: Path) -> tuple[str, ...]:
    """Names of the intents of a pack's taxonomy. Raises PolicyError where it cannot be read."""
    try:
        document = yaml.safe_load((pack / TAXONOMY_FILE).read_text(encoding="utf-8"))
        return tuple(document["intents"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise PolicyError(
            f"{pack / TAXONOMY_FILE}: cannot be read as a taxonomy ({type(error).__name__})"
        ) from error


class PolicyStore:
    """The pack's policy; one document holds every tenant's overrides.

    A changed document that does not hold is refused and logged, and the old one stays.
    """

    def __init__(self, pack: Path, reload_s: float) -> None:
        self._path, self._reload_s = pack / POLICY_FILE, reload_s
        self.intents = read_intents(pack)
        self._text = self._read()
        self._policy = load_policy(self._text, self.intents, str(self._path))

    def live(self) -> Policy:
        """The policy that decides now, for every tenant."""
        return self._policy

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self._reload_s)
            self.reload()

    def reload(self) -> bool:
        """Take in a changed document; True where it is live now."""
        try:
            text = self._read()
            if text == self._text:
                return False
            self._text = text
            self._policy = load_policy(text, self.intents, str(self._path))
        except PolicyError as error:
            log.error("policy_refused", error=str(error), live=self._policy.version)
            return False
        log.info("policy_loaded", version=self._policy.version)
        return True

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8")
        except OSError as error:
            raise PolicyError(f"{self._path}: cannot be read ({error.strerror})") from error
        except UnicodeDecodeError as error:
            raise PolicyError(
                f"{self._path}: byte {error.start} is not UTF-8; save the file in that encoding"
            ) from error
