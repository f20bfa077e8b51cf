"""What cannot be a slot of its type, whatever a model says."""

from __future__ import annotations

import pytest

from services.slots.plausible import plausible


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date", "week"),
        ("date", "last"),
        ("amount", "money"),
        ("order_id", "order"),
        ("order_id", "the thing I bought some time in 2025 here"),
        ("phone", "12345"),
        ("email", "jo at example"),
        ("url", "website"),
        ("payment_card", "441"),
        ("iban", "abc"),
        ("quantity", "some"),
        ("duration", "ages"),
        ("app_version", "latest"),
        ("person_name", "Ada2"),
    ],
)
def test_slips_are_refused(kind: str, text: str) -> None:
    assert not plausible(kind, text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("date", "last Tuesday"),
        ("date", "3/4"),
        ("date", "Christmas Eve"),
        ("amount", "tenner"),
        ("amount", "19.99"),
        ("order_id", "WUNAKA"),
        ("order_id", "55 012 887"),
        ("product_id", "isl-slp-emr-s"),
        ("phone", "+44 20 7946 0018"),
        ("quantity", "two"),
        ("duration", "a few days"),
        ("duration", "24h"),
        ("person_name", "Siobhán Ní Dhuibhir"),
        ("product_name", "Anything 3000"),
    ],
)
def test_slots_pass(kind: str, text: str) -> None:
    assert plausible(kind, text)
