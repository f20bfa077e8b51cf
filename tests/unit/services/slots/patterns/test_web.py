"""E-mail and web addresses with the punctuation that sentences put around them."""

from __future__ import annotations

import pytest

from services.slots.candidate import Rank
from services.slots.patterns.web import emails, urls


def spans(text: str) -> list[str]:
    return [text[hit.start : hit.end] for hit in (*emails(text), *urls(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to jo.smith+orders@mail.example.co.uk.", ["jo.smith+orders@mail.example.co.uk"]),
        ("(jo@example.com)", ["jo@example.com"]),
        ("jo@@example.com has a slip", ["jo@@example.com"]),
        ("jörg@müller.example", ["jörg@müller.example"]),
        ("meet me @ 5.30", []),
        ("@handle said so", []),
        ("not.an.email@", []),
    ],
)
def test_emails(text: str, expected: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in emails(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://shop.example/p/1?x=2&y=3.", ["https://shop.example/p/1?x=2&y=3"]),
        ("(see www.shop.example/a_(b))", ["www.shop.example/a_(b)"]),
        ("HTTPS://SHOP.EXAMPLE", ["HTTPS://SHOP.EXAMPLE"]),
        ("link: parcel-pay.example/x9, is it real?", ["parcel-pay.example/x9"]),
        ("cheaper at lamps24.example", ["lamps24.example"]),
        ("It works.So what", []),
        ("done.it was nothing", []),
        ("version 1.2.3 and 9.99", []),
        ("open report.pdf and a.b", []),
        ("e.g. this, i.e. that", []),
    ],
)
def test_urls(text: str, expected: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in urls(text)] == expected


def test_a_scheme_proves_it_and_a_bare_domain_does_not() -> None:
    assert [hit.rank for hit in urls("https://a.example")] == [Rank.VALIDATED]
    assert [hit.rank for hit in urls("a-shop.example is down")] == [Rank.FORMAT]
    assert [hit.rank for hit in emails("jo@example.com")] == [Rank.VALIDATED]
