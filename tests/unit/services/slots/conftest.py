"""Rules of a small pack, and the finder and extractor over the pack that ships."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.slots.extractor import SlotExtractor
from services.slots.rules import SlotRules, load_slot_rules

PACK = Path(__file__).parents[4] / "deploy" / "packs" / "commerce"


@pytest.fixture(scope="session")
def pack() -> Path:
    return PACK


@pytest.fixture(scope="session")
def rules() -> SlotRules:
    return load_slot_rules(PACK / "slots.yaml")


@pytest.fixture(scope="session")
def extractor(rules: SlotRules) -> SlotExtractor:
    """Patterns and names alone."""
    return SlotExtractor.from_rules(None, rules)
