"""Terms are found as whole words and nowhere else, and nothing of the original's offsets is lost."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.config import PACKS
from shared.inference.expanded import Expanded, Span
from shared.inference.lexicon import MOST_EXPANSIONS, Entry, Lexicon, TenantEntries, words_of_term
from shared.inference.lexicon_store import load_lexicon

TERMS = {
    "ngl": "not gonna lie",
    "smh": "shaking my head",
    "u": "you",
    "w/": "with",
    "w/o": "without",
    "po": "purchase order",
    "po box": "post office box",
    "y'all": "you all",
    "café": "coffee house",
    "t&cs": "terms and conditions",
}
LEXICON = Lexicon(
    [*(Entry(*pair) for pair in TERMS.items()), Entry("US", "United States", exact=True)],
    {
        "acme": TenantEntries((Entry("CS", "Crystal Shop"), Entry("po", "Pacific Ocean")), removed=("smh",)),
        "bare": TenantEntries(removed=tuple(TERMS)),
    },
)
SHIPPED = load_lexicon(PACKS / "commerce")

# Pieces of texts: terms in every case, what looks like terms, what glues and what parts, and anything else.
PIECES = st.one_of(
    st.sampled_from([*TERMS, *map(str.upper, TERMS), "US", "us", "unglue", "ｎｇｌ", "cafe\u0301", "y’all", "GIVE", "po-1"]),
    st.sampled_from([" ", "  ", "\n", "-", "/", ".", ". ", "@", "_", "'", "’", "\u0301", "👩‍👩‍👧", "ß", "İ", "\u200b", "\u00a0"]),
    st.text(max_size=3),
)
TEXTS = st.lists(PIECES, max_size=25).map("".join)
OFFSETS = st.tuples(st.integers(0, 200), st.integers(0, 200)).map(sorted)


def read(text: str, tenant: str = "") -> str:
    return LEXICON.expand(text, tenant).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ngl, that was bad", "not gonna lie, that was bad"),
        ("NGL that (smh!) was Ngl", "not gonna lie that (shaking my head!) was not gonna lie"),
        ("#smh 'ngl' “u”…ngl", "#shaking my head 'not gonna lie' “you”…not gonna lie"),
        ("po box 4, PO  BOX 5, po\tbox 6", "post office box 4, post office box 5, post office box 6"),
        ("po\nbox", "purchase order\nbox"),
        ("w/o it, w/ it, (w/)", "without it, with it, (with)"),
        ("T&Cs: y’all Y'ALL", "terms and conditions: you all you all"),
        ("ｎｇｌ cafe\u0301 CAFÉ 𝗻𝗴𝗹", "not gonna lie coffee house coffee house not gonna lie"),
        ("PO #4471 and PO: 4471", "purchase order #4471 and purchase order: 4471"),
    ],
)
def test_terms_are_written_out(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "single", "anglers", "ngls", "ngl2", "2ngl", "snake_ngl", "ngl_", "ngl\u0301", "éngl",  # within words
        "PO-4471", "4471-po", "PO/4471", "PO#4471", "US$ 349", "€US", "po.com", "http://ngl.com", "PO:4471", "u's", "d’u", "u=1",  # of an id, an address
        "u@shop.com", "jo@ngl", "@ngl", "jo.u@shop.com",
        "poebox 4", "w\u200b/o", "n g l", "w/it", "w/O2",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_term_stays(text: str) -> None:
    assert LEXICON.expand(text) == Expanded(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ship to the US please", True),
        ("US?", True),
        ("(US)", True),
        ("tell us more", False),
        ("Us two", False),
        ("GIVE US OUR MONEY BACK", False),
        ("you keep IGNORING US", False),
        ("I live in the US. Where is it", True),
    ],
)
def test_an_exact_term_needs_its_case_and_no_shouting_around(text: str, found: bool) -> None:
    assert ("United States" in read(text)) == found


def test_a_tenants_entries_come_before_the_packs() -> None:
    text = "CS smh po po box ngl"
    assert read(text) == "CS shaking my head purchase order post office box not gonna lie"
    assert read(text, "acme") == "Crystal Shop smh Pacific Ocean post office box not gonna lie"
    assert read(text, "unknown") == read(text)
    assert read(text, "bare") == text


def test_what_is_written_out_is_not_looked_at_again() -> None:
    lexicon = Lexicon([Entry("a", "b b"), Entry("b", "a")])
    assert lexicon.expand("a b").text == "b b a"


def test_the_longest_term_that_holds_counts() -> None:
    lexicon = Lexicon([Entry("no", "number"), Entry("no way in", "x"), Entry("no WAY", "y", exact=True)])
    assert lexicon.expand("no way in").text == "x"
    assert lexicon.expand("no way out").text == "number way out"
    assert lexicon.expand("no WAY out").text == "y out"
    assert lexicon.expand("no way inn").text == "number way inn"


@pytest.mark.parametrize("term", ["", " ngl", ":(", "@x", "a\nb", "ngl ", "a b c d e f g h i", "a-b-c-d-e"])
def test_what_cannot_be_a_term_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match=r"does not begin|line break|words and marks"):
        words_of_term(term)


def oracle(text: str) -> str:
    """What plain terms come to, by one regular expression over ASCII texts."""
    longest_first = sorted(("ngl", "smh", "u", "po", "po box"), key=len, reverse=True)
    terms = "|".join(term.replace(" ", "[^\\S\\r\\n]{1,8}") for term in longest_first)
    glue = r"[-/\\.:'&+=@#]"
    pattern = rf"(?<![A-Za-z0-9_@])(?<![A-Za-z0-9]{glue})(?:{terms})(?![A-Za-z0-9_])(?!{glue}[A-Za-z0-9])"
    return re.sub(pattern, lambda it: TERMS[" ".join(it[0].lower().split())], text, flags=re.IGNORECASE | re.ASCII)


@given(st.text(alphabet="nglsmhupobx uU-@#./_'\t", max_size=40) | st.lists(st.sampled_from(
    ["ngl", "SMH", "u", "po", "box", " ", "-", ".", "'", "@", "_", "x", "9"]), max_size=30).map("".join))  # fmt: skip
@example("u-u po  box@u u.u 'u' po box-1")
def test_plain_terms_are_found_as_one_expression_would(text: str) -> None:
    lexicon = Lexicon([Entry(term, TERMS[term]) for term in ("ngl", "smh", "u", "po", "po box")])
    assert lexicon.expand(text).text == oracle(text)


@given(TEXTS)
def test_the_pieces_make_the_text(text: str) -> None:
    expanded = LEXICON.expand(text)
    done = read_done = 0
    for written, new in expanded.expansions:
        assert done <= written.start < written.end <= len(text)
        assert expanded.text[read_done : new.start] == text[done : written.start], "what stands between is unchanged"
        assert expanded.text[new.start : new.end] in (*TERMS.values(), "United States")
        done, read_done = written.end, new.end
    assert expanded.text[read_done:] == text[done:]
    if not expanded.expansions:
        assert expanded.text == text


@given(TEXTS, OFFSETS)
def test_spans_of_what_is_unchanged_map_back_exactly(text: str, offsets: list[int]) -> None:
    expanded = LEXICON.expand(text)
    start, end = (min(offset, len(text)) for offset in offsets)
    there = expanded.read(start, end)
    if not expanded.changes(start, end) and start < end:
        assert expanded.written(*there) == (start, end)
        assert expanded.text[there.start : there.end] == text[start:end]
    else:
        back = expanded.written(*there)
        assert back.start <= start and back.end >= end, "a term that is touched is there as a whole"


@given(TEXTS, OFFSETS, OFFSETS)
def test_every_span_lies_within_the_original_and_order_is_kept(text: str, one: list[int], two: list[int]) -> None:
    expanded = LEXICON.expand(text)
    spans = [Span(*(min(offset, len(expanded.text)) for offset in offsets)) for offsets in (one, two)]
    backs = [expanded.written(*span) for span in spans]
    for span, back in zip(spans, backs, strict=True):
        assert 0 <= back.start <= back.end <= len(text)
        assert (span.start < span.end) <= (back.start < back.end), "nothing becomes empty"
        for written, new in expanded.expansions:
            if span.start < new.end and new.start < span.end:
                assert back.start <= written.start and written.end <= back.end
    if spans[0].start <= spans[1].start:
        assert backs[0].start <= backs[1].start
    if spans[0].end <= spans[1].end:
        assert backs[0].end <= backs[1].end
    if spans[0].end <= spans[1].start and not any(
        new.start < spans[0].end and spans[1].start < new.end for _, new in expanded.expansions
    ):
        assert backs[0].end <= backs[1].start, "apart stays apart, unless one expansion holds both"


@given(TEXTS)
def test_without_terms_everything_is_itself(text: str) -> None:
    expanded = Lexicon().expand(text)
    assert expanded == Expanded(text)
    assert expanded.written(0, len(text)) == expanded.read(0, len(text)) == (0, len(text))


def test_a_text_of_nothing_but_terms_grows_within_bounds() -> None:
    expanded = LEXICON.expand("smh " * 5000)
    assert len(expanded.expansions) == MOST_EXPANSIONS
    assert expanded.text.endswith("smh smh ")
    assert expanded.written(len(expanded.text) - 4, len(expanded.text)) == (19_996, 20_000)


@pytest.mark.parametrize(
    "piece",
    [
        "u", "u ", "a", "a ", "_", "-", ".", "@", " ", "\n", "\u0301", "a\u0301", "é", "ß", "İ", "👩‍👩‍👧", "\u200b", "٣",
        "as ", "as useful as a ", "as useful as a chocolate ", "po ", "po        ", "w/", "US ", "US US. ", "A" * 500 + " US ",
        "u-u-", "a.s.a.", "x" * 63 + " ", "taking the ", "y'", "ｎｇ",
    ],
)  # fmt: skip
def test_time_grows_with_the_length_alone(piece: str) -> None:
    """Quadratic growth shows as a ratio of 16, linear growth as 4; the bound lies between."""
    lexicon = Lexicon([*(Entry(*pair) for pair in TERMS.items()), Entry("US", "United States", exact=True),
                       Entry("as useful as a chocolate teapot", "useless"), Entry("a.s.a.p", "soon")])  # fmt: skip
    for one in (lexicon, SHIPPED):
        few, many = (fastest(one, (piece * (length // len(piece) + 1))[:length]) for length in (20_000, 80_000))
        assert many < max(few, 0.002) * 10, f"{many * 1e3:.1f} ms for 80,000 characters against {few * 1e3:.1f}"


def test_time_does_not_grow_with_the_number_of_terms() -> None:
    many = Lexicon([Entry(f"the {number} of them", "x") for number in range(20_000)])
    few = Lexicon([Entry("the 1 of them", "x")])
    text = "the one of them, the 1 of the, " * 500
    assert fastest(many, text) < max(fastest(few, text), 0.001) * 5


def fastest(lexicon: Lexicon, text: str) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        lexicon.expand(text)
        best = min(best, time.process_time() - began)
    return best
