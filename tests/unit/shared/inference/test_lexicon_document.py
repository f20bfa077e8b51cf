"""lexicon.yaml is read strictly, and every error names the line, the field and the mend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.config import PACKS
from shared.document_problems import Problem
from shared.errors import ModelError
from shared.inference.lexicon_document import LexiconDocumentError, read_lexicon

DOCUMENT = """\
version: shop-7
entries:
  ngl: not gonna lie
  no: number            # a plain word, not a truth value
  24/7: all day, every day
  US: {to: United States, case: exact}
  rma: {to: return authorisation}
tenants:
  acme:
    RMA: repair number
    ngl: null
    US:
  other: {cs: Crystal Shop}
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(LexiconDocumentError) as caught:
        read_lexicon(text, "lexicon.yaml")
    return list(caught.value.problems)


def test_a_document_is_read() -> None:
    lexicon = read_lexicon(DOCUMENT)
    text = "ngl, no 24/7 us, US, a RMA cs"
    assert lexicon.expand(text).text == (
        "not gonna lie, number all day, every day us, United States, a return authorisation cs"
    )
    assert lexicon.expand(text, "acme").text == "ngl, number all day, every day us, US, a repair number cs"
    assert lexicon.expand("cs", "other").text == "Crystal Shop"
    assert (lexicon.terms, lexicon.tenants) == (5, ("acme", "other"))


def test_two_documents_never_share_a_version() -> None:
    one, other = read_lexicon(DOCUMENT).version, read_lexicon(DOCUMENT + "# a remark\n").version
    assert one.startswith("shop-7+") and other.startswith("shop-7+")
    assert one != other


def test_a_version_alone_is_a_lexicon() -> None:
    assert read_lexicon("version: empty-1").expand("ngl").text == "ngl"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("  pls:", "line 8: entries.pls: is empty; write what it stands for"),
        ("  pls: ''", "line 8: entries.pls: is empty"),
        ("  pls: '!'", "line 8: entries.pls: '!' cannot be used"),
        ('  pls: "a\\nb"', "cannot be used"),
        (f"  pls: {'x' * 121}", "cannot be used"),
        ("  pls: [please]", "line 8: entries.pls: is a list; write a single value"),
        ("  pls: PLS", "line 8: entries.pls: is the term itself"),
        ("  ngl: never", "line 8: entries.ngl: is given twice"),
        ("  NGL: never", "line 8: entries.NGL: is the same term as 'ngl'"),
        ("  ':(': sad", "does not begin with a letter or a digit; write a term such as"),
        ("  a b c d e f g h i: long", "has 9 words and marks, more than 8"),
        (f"  {'x' * 65}: long", "has 65 characters; keep terms within 64"),
        ("  pls: {case: exact}", "entries.pls.to: is missing"),
        ("  pls: {to: please, case: upper}", "entries.pls.case: 'upper' is not known; write one of any, exact"),
        ("  pls: {to: please, csae: exact}", "entries.pls.csae: is not a field here; did you mean case?"),
    ],
)
def test_a_mistake_is_named(line: str, problem: str) -> None:
    head, tail = DOCUMENT.split("tenants:")
    assert problem in "\n".join(map(str, problems(f"{head}{line}\ntenants:{tail}")))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("entries: {ngl: not gonna lie}", "version: is missing"),
        ("version: a b", "version: 'a b' cannot be used"),
        ("version: x\nentires: {}", "line 2: entires: is not a field here; did you mean entries?"),
        ("version: x\ntenants: {acme: {pls: null}}", "line 2: tenants.acme.pls: removes a term that the pack has not"),
        ("version: x\ntenants: {Acme Inc: {}}", "is not a name of this kind"),
        ("version: x\ntenants: {acme: [pls]}", "is a list"),
        ("version: x\nentries: [ngl]", "is a list"),
        ("", "is empty"),
        ("a: [", "is not YAML"),
        ("a: &x [1]\nb: *x\n", "is an alias"),
        ("[" * 100_000, "nested too deeply"),
        ("x" * 300_000, "keep it within"),
    ],
)
def test_what_is_no_lexicon_is_refused(text: str, problem: str) -> None:
    assert problem in "\n".join(map(str, problems(text)))


def test_all_problems_are_named_at_once() -> None:
    found = problems("entries: {pls: null, a: b, A: c}\ntenants: {acme: {x: ''}}\n")
    assert [problem.path for problem in found] == ["version", "entries.A", "entries.pls", "tenants.acme.x"]


@given(st.data())
def test_no_damage_to_a_document_does_more_than_fail(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(DOCUMENT)))
    end = data.draw(st.integers(start, min(len(DOCUMENT), start + 40)))
    damage = data.draw(st.text(alphabet=":{}[]-,. \n\t'\"#&*!%~a0", max_size=10))
    try:
        lexicon = read_lexicon(DOCUMENT[:start] + damage + DOCUMENT[end:])
    except ModelError:
        return
    assert lexicon.expand("nothing here").text == "nothing here"


def test_the_example_of_the_documentation_holds() -> None:
    page = (PACKS.parents[1] / "docs" / "lexicon.md").read_text(encoding="utf-8")
    lexicon = read_lexicon(page.split("```yaml\n")[1].split("```")[0])
    text = "NGL, ship it w/ CS to my PO BOX in the US"
    assert lexicon.expand(text).text == "not gonna lie, ship it with CS to my post office box in the United States"
    assert lexicon.expand(text, "acme").text == "NGL, ship it with Crystal Shop to my post office box in the United States"


def test_the_shipped_lexicon_holds_and_knows_what_it_is_for() -> None:
    lexicon = read_lexicon((PACKS / "commerce" / "lexicon.yaml").read_text(encoding="utf-8"))
    assert lexicon.terms >= 120
    wanted = {
        "ngl": "not gonna lie", "smh": "shaking my head", "ASAP!": "as soon as possible!", "wtf": "what the fuck",
        "idk": "I don't know", "pls": "please", "my RMA": "my return authorisation", "CS": "customer service",
    }  # fmt: skip
    assert {text: lexicon.expand(text).text for text in wanted} == wanted
    for untouched in (
        "My order CS-10432, RMA-4471, rma#5520.17 and PO-7781", "W/O 7719-A", "US$ 349.00", "Birmingham B4 7ET", "GIVE US A REFUND", "Vancouver, BC", "a BS 1363 plug",
        "My name is Ty Cobb", "pls@shop.com", "https://shop.com/rma/cs", "a tea pod", "he told us",
    ):  # fmt: skip
        assert lexicon.expand(untouched, "default").text == untouched
