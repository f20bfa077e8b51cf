"""Sentences: exact offsets, nothing lost, no overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sentiment.sentences import split_sentences

texts = st.text(
    alphabet=st.one_of(st.sampled_from(list("ab .!?…\n\"')。؟ é👋Mr")), st.characters(codec="utf-8")),
    max_size=80,
)


@given(texts)
def test_sentences_cover_every_visible_character_in_order_and_never_overlap(text: str) -> None:
    sentences = split_sentences(text)
    end = 0
    for sentence in sentences:
        assert end <= sentence.start < sentence.end <= len(text)
        assert not text[end : sentence.start].strip()
        piece = text[sentence.start : sentence.end]
        assert piece == piece.strip() != ""
        end = sentence.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("It broke. Again!! Why?", ["It broke.", "Again!!", "Why?"]),
        ("Hi team\n\nno news yet", ["Hi team", "no news yet"]),
        ('He said "never." Then he left.', ['He said "never."', "Then he left."]),
        ("Dr. Weber paid 12.50 EUR. See www.example.org for No. 4.", None),
        ("我很生气。退款！", ["我很生气。", "退款！"]),
        ("wait... what", ["wait...", "what"]),
        ("   ", []),
        ("", []),
    ],
)
def test_examples(text: str, wanted: list[str] | None) -> None:
    found = [text[item.start : item.end] for item in split_sentences(text)]
    if wanted is None:
        wanted = ["Dr. Weber paid 12.50 EUR.", "See www.example.org for No. 4."]
    assert found == wanted
