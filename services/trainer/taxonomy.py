"""The labels of a domain pack, read from its ``taxonomy.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from shared.domain.analysis import Sentiment
from shared.errors import DataFormatError


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Intents and slot types in the order of the file, which is the order of model outputs."""

    intents: tuple[str, ...]
    slots: tuple[str, ...]

    @property
    def slot_tags(self) -> tuple[str, ...]:
        """BIO tags of the slot types: O, B-x, I-x, B-y, … (Ramshaw and Marcus 1995)."""
        return ("O", *(f"{prefix}-{slot}" for slot in self.slots for prefix in ("B", "I")))


def load_taxonomy(pack: Path) -> Taxonomy:
    """Read ``taxonomy.yaml`` of a pack folder; DataFormatError where it is malformed."""
    path = pack / "taxonomy.yaml"
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise DataFormatError(f"{path}: cannot be read: {error}") from error
    for field in ("intents", "slots"):
        if not isinstance(raw.get(field), dict) or not raw[field]:
            raise DataFormatError(f"{path}: {field} must map label names to descriptions")
    if raw.get("sentiment") != [level.value for level in Sentiment]:
        raise DataFormatError(
            f"{path}: sentiment must list {[level.value for level in Sentiment]}, worst first"
        )
    return Taxonomy(intents=tuple(raw["intents"]), slots=tuple(raw["slots"]))
