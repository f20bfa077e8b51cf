"""Which sentences of a conversation are shown to the person who takes over."""

from hypothesis import given
from hypothesis import strategies as st

from services.handoff.key_sentences import MOST_SENTENCES, key_sentences
from shared.domain.analysis import Analysis, Evidence, Sentiment, SentimentAnalysis
from shared.domain.decision import Decision, Outcome, Priority, Reason, Rule, TicketEntry
from shared.domain.ticket import Message, MessageKey


def entry(
    text: str,
    frustration: float | None = None,
    evidence: Evidence | None = None,
    reasons: tuple[Evidence, ...] = (),
    sequence: int = 1,
) -> TicketEntry:
    """A decided message; ``frustration`` None: without a sentiment part."""
    key = MessageKey("default", "T1", f"m{sequence}")
    sentiment = None
    if frustration is not None:
        sentiment = SentimentAnalysis(Sentiment.NEGATIVE, 0.9, frustration, evidence)
    decision = Decision(
        key, sequence, Outcome.ESCALATED, "escalations", Priority.HIGH,
        tuple(Reason(Rule.FRUSTRATION_LEVEL, evidence=each) for each in reasons), 0.0, 0.9, "1",
    )  # fmt: skip
    return TicketEntry(Message(key, text, sequence=sequence), Analysis(sentiment=sentiment), decision)


def span(text: str, sentence: str, share: float = 1.0) -> Evidence:
    start = text.index(sentence)
    return Evidence(start, start + len(sentence), share)


def test_sentences_come_as_written_strongest_first() -> None:
    mild = "The lamp has not come yet. Could you look?"
    furious = "Third time I ask. This is a disgrace! Nobody answers me."
    found = key_sentences(
        [
            entry(mild, 0.3, span(mild, "The lamp has not come yet."), sequence=1),
            entry(furious, 0.95, span(furious, "This is a disgrace!", 0.4), sequence=2),
        ]
    )
    assert found == ("This is a disgrace!", "The lamp has not come yet.")


def test_a_reasons_evidence_counts_too_and_nothing_is_said_twice() -> None:
    text = "I want a manager. I have waited for weeks."
    sentence = span(text, "I have waited for weeks.", 0.7)
    found = key_sentences([entry(text, 0.8, sentence, (span(text, "I want a manager.", 0.2), sentence))])
    assert found == ("I have waited for weeks.", "I want a manager.")


def test_of_equals_the_newer_comes_first() -> None:
    old, new = "Where is it?", "Still where is it?"
    entries = [entry(old, 0.5, span(old, old), sequence=1), entry(new, 0.5, span(new, new), sequence=2)]
    assert key_sentences(entries) == (new, old)


def test_a_message_without_analysis_says_nothing() -> None:
    assert key_sentences([entry("Hello.")]) == ()
    assert key_sentences([]) == ()


def test_offsets_beyond_the_text_are_cut_and_blank_ones_skipped() -> None:
    text = "Broken again!   "
    assert key_sentences([entry(text, 0.9, Evidence(0, 999, 1.0))]) == ("Broken again!",)
    assert key_sentences([entry(text, 0.9, Evidence(13, 16, 1.0))]) == ()
    assert key_sentences([entry(text, 0.9, Evidence(40, 50, 1.0))]) == ()


def test_offsets_count_code_points() -> None:
    text = "😡😡 Schluss! Ich kündige."
    assert key_sentences([entry(text, 0.9, span(text, "Ich kündige."))]) == ("Ich kündige.",)


UNIT = st.floats(min_value=0, max_value=1)


@st.composite
def conversations(draw: st.DrawFn) -> list[TicketEntry]:
    entries = []
    for sequence in range(1, draw(st.integers(0, 8)) + 1):
        text = draw(st.text(max_size=40))
        offsets = st.integers(min_value=-5, max_value=60)
        evidence = st.builds(Evidence, offsets, offsets, UNIT)
        entries.append(
            entry(
                text,
                draw(st.none() | UNIT),
                draw(st.none() | evidence),
                tuple(draw(st.lists(evidence, max_size=3))),
                sequence,
            )
        )
    return entries


@given(conversations())
def test_every_key_sentence_was_written_by_the_customer(entries: list[TicketEntry]) -> None:
    found = key_sentences(entries)
    assert len(found) <= MOST_SENTENCES
    assert len(set(found)) == len(found)
    for sentence in found:
        assert sentence == sentence.strip() != ""
        assert any(sentence in each.message.text for each in entries)


@given(st.lists(st.tuples(UNIT, UNIT), max_size=8))
def test_the_most_frustrated_messages_come_first(strengths: list[tuple[float, float]]) -> None:
    texts = [f"Sentence {index}." for index in range(len(strengths))]
    entries = [
        entry(text, frustration, span(text, text, share), sequence=index)
        for index, (text, (frustration, share)) in enumerate(zip(texts, strengths, strict=True))
    ]
    ranked = sorted(range(len(texts)), key=lambda index: (*strengths[index], index), reverse=True)
    assert key_sentences(entries) == tuple(texts[index] for index in ranked)[:MOST_SENTENCES]
