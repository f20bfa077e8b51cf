"""slots.yaml is read strictly, and every error names the file, the field and the mend."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from services.slots.extractor import SlotExtractor
from services.slots.rules import SlotRules, SlotRulesError, load_slot_rules


def test_the_shipped_rules_load_and_name_only_types_of_the_taxonomy(rules: SlotRules, pack: Path) -> None:
    types = set(yaml.safe_load((pack / "taxonomy.yaml").read_text(encoding="utf-8"))["slots"])
    named = {gazetteer.type for gazetteer in rules.gazetteers} | set(rules.cues) - {"none"}
    for tenant in rules.tenants.values():
        named |= set(tenant.ids) | {gazetteer.type for gazetteer in tenant.gazetteers}
    assert named <= types


@pytest.mark.parametrize(
    ("content", "needle"),
    [
        ("gazetteers: [{type: carrier, entires: [DHL]}]", "entires"),
        ("gazetteers: [{type: carrier, entries: [{name: X, near: [on]}]}]", "quotes"),
        ("tenants: {acme: {ids: {order_id: [5]}}}", "tenants.acme.ids.order_id"),
        ("cues: {order_id: [ref], ticket_id: [Ref]}", "keep one"),
        ("- a list", "mapping"),
        ("a: [", "not valid YAML"),
    ],
)
def test_errors_name_the_problem(tmp_path: Path, content: str, needle: str) -> None:
    path = tmp_path / "slots.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SlotRulesError) as caught:
        load_slot_rules(path)
    assert needle in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlotRulesError, match=r"slots\.yaml: cannot be read"):
        load_slot_rules(tmp_path / "slots.yaml")


def test_a_bad_id_shape_is_refused_when_the_extractor_is_built() -> None:
    rules = SlotRules.model_validate({"tenants": {"acme": {"ids": {"order_id": ["AB-@@@"]}}}})
    with pytest.raises(SlotRulesError, match="no digit"):
        SlotExtractor.from_rules(None, rules)
