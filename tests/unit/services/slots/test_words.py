"""Words keep the text's own offsets; phrase tables find the longest phrase whatever the case and joints."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.slots.words import PhraseTable, words_of


@given(st.text(max_size=200))
def test_words_are_slices_of_the_text_in_order(text: str) -> None:
    end = 0
    for word in words_of(text):
        assert end <= word.start < word.end <= len(text)
        assert text[word.start : word.end].casefold() == word.folded
        end = word.end


def test_offsets_survive_characters_that_grow_when_folded() -> None:
    text = "Straße İstanbul parcel"
    last = words_of(text)[-1]
    assert text[last.start : last.end] == "parcel"


def test_the_longest_phrase_wins_and_matches_do_not_overlap() -> None:
    table = PhraseTable([("royal", 1), ("Royal Mail", 2), ("mail order", 3)])
    text = "by ROYAL-MAIL order, royal mail"
    matches = table.find(text, words_of(text))
    assert [match.payload for match in matches] == [2, 2]


def test_a_phrase_does_not_run_over_other_marks() -> None:
    table = PhraseTable([("apple pay", "x")])
    for text in ("apple, pay", "apple\npay", "apple (pay"):
        assert table.find(text, words_of(text)) == []
    for text in ("Apple Pay", "apple-pay", "apple\u00a0pay"):
        assert len(table.find(text, words_of(text))) == 1


def test_an_empty_table_and_an_empty_text() -> None:
    assert PhraseTable[int]([]).find("anything", words_of("anything")) == []
    assert len(PhraseTable([("!?", 1)])) == 0
    assert words_of("") == []
