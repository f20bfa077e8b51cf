"""The union as a service sees it: precedence, values, abstention, and laws that hold for any text."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.slots.extractor import UNSUPPORTED_LANGUAGE, SlotExtractor
from services.slots.rules import SlotRules
from services.slots.tagger import Tagger
from shared.domain.analysis import SlotAnalysis, SlotSource
from shared.domain.ticket import Utterance
from shared.inference.lexicon import Entry, Lexicon, TenantEntries
from shared.inference.model import load_pack
from shared.inference.session import OnnxModel

SENT = int(datetime(2026, 3, 11, 9, tzinfo=UTC).timestamp() * 1000)


LEXICON = Lexicon(
    [Entry("im", "my name is"), Entry("ijf", "Imogen Jane Farthing"), Entry("ord", "order A-10293"), Entry("tuez", "Tuesday")],
    {"acme": TenantEntries((Entry("ijf", "parcel"),))},
)


@pytest.fixture(scope="module")
def with_lexicon(rules: SlotRules, pack: Path) -> SlotExtractor:
    tagger = Tagger(OnnxModel.load(load_pack(pack).model_directory("slots")))
    return SlotExtractor.from_rules(tagger, rules, lexicon=LEXICON)


@pytest.fixture(scope="module")
def with_model(rules: SlotRules, pack: Path) -> SlotExtractor:
    return SlotExtractor.from_rules(Tagger(OnnxModel.load(load_pack(pack).model_directory("slots"))), rules)


def one(
    extractor: SlotExtractor, text: str, language: str = "en", tenant: str = "", region: str = "GB"
) -> SlotAnalysis:
    return extractor.extract([Utterance(text, language, tenant, region, SENT)])[0]


def values(analysis: SlotAnalysis) -> dict[str, str]:
    return {slot.type: slot.value for slot in analysis.slots}


def check_invariants(text: str, analysis: SlotAnalysis) -> None:
    end = 0
    for slot in analysis.slots:
        assert end <= slot.start < slot.end <= len(text)
        assert text[slot.start : slot.end] == slot.text
        assert slot.value
        assert 0.0 <= slot.confidence <= 1.0
        if slot.type == "payment_card":
            assert sum(character.isdigit() for character in slot.value) <= 4
        end = slot.end


def test_a_rich_message(extractor: SlotExtractor) -> None:
    text = (
        "Order SW-104417 from 3 March never came; DHL has said the same since last Tuesday. I paid £49.90 with my "
        "Visa ending 4417. Ring 07700 900431 or write to Jo@Example.com within two weeks."
    )
    analysis = one(extractor, text, tenant="default")
    check_invariants(text, analysis)
    found = [(slot.type, slot.value) for slot in analysis.slots]
    assert found == [
        ("order_id", "SW-104417"),
        ("date", "2026-03-03"),
        ("carrier", "DHL"),
        ("date", "2026-03-10"),
        ("amount", "49.90 GBP"),
        ("payment_method", "Visa"),
        ("payment_card", "**** 4417"),
        ("phone", "+447700900431"),
        ("email", "jo@example.com"),
        ("duration", "P2W"),
    ]


def test_a_whole_card_number_never_travels_in_a_value(extractor: SlotExtractor) -> None:
    analysis = one(extractor, "my card is 4111 1111 1111 1111 thanks")
    assert values(analysis) == {"payment_card": "**** 1111"}
    assert "4111 1111" not in "".join(slot.value for slot in analysis.slots)


def test_tenants_ids_are_recognised_for_the_tenant_alone(extractor: SlotExtractor) -> None:
    assert values(one(extractor, "sw 104417 is late", tenant="default")) == {"order_id": "SW-104417"}
    assert values(one(extractor, "sw 104417 is late", tenant="another")) == {}


def test_a_language_without_a_model_gets_patterns_and_an_abstention(with_model: SlotExtractor) -> None:
    text = (
        "Bestellung 88-0912-x vom 14.02.2026: 49,90 € bitte auf DE89 3704 0044 0532 0130 00, Klarna war es."
    )
    analysis = one(with_model, text, "de", region="DE")
    assert analysis.abstention is not None and analysis.abstention.reason == UNSUPPORTED_LANGUAGE
    assert analysis.model == ""
    assert values(analysis) == {
        "order_id": "88-0912-X",
        "date": "2026-02-14",
        "amount": "49.90 EUR",
        "iban": "DE89370400440532013000",
        "payment_method": "Klarna",
    }


def test_without_a_tagger_every_language_abstains(extractor: SlotExtractor) -> None:
    assert extractor.name == ""
    analysis = one(extractor, "hello")
    assert analysis.slots == () and analysis.abstention is not None


def test_the_tagger_adds_what_no_pattern_knows(with_model: SlotExtractor) -> None:
    text = "My name is Imogen Farthing and order A-10293 never came."
    analysis = one(with_model, text)
    assert analysis.abstention is None and analysis.model == with_model.name
    sources = {slot.type: slot.source for slot in analysis.slots}
    assert sources["person_name"] is SlotSource.TAGGER
    assert values(analysis)["order_id"] == "A-10293"


def test_the_tagger_reads_what_the_lexicon_writes_out(with_lexicon: SlotExtractor, with_model: SlotExtractor) -> None:
    text = "👋 Hello, im IJF 🙂 and I live in York. It must be here by next tuez."
    analysis = one(with_lexicon, text)
    check_invariants(text, analysis)
    found = {slot.type: (slot.text, slot.value) for slot in analysis.slots}
    assert found["person_name"] == ("IJF", "Imogen Jane Farthing"), "written as it is, valued as it was read"
    assert found["date"] == ("next tuez", "2026-03-17")
    plain = one(with_model, "👋 Hello, my name is Imogen Jane Farthing 🙂 and I live in York. It must be here by next Tuesday.")
    confidences = [[slot.confidence for slot in it.slots if slot.source is SlotSource.TAGGER] for it in (analysis, plain)]
    assert confidences[0] == confidences[1], "the model has read the very same text"


def test_a_tenant_has_a_lexicon_of_its_own(with_lexicon: SlotExtractor) -> None:
    text = "Hello, my name is IJF and I live in York."
    assert "Imogen Jane Farthing" in values(one(with_lexicon, text)).values()
    assert "Imogen Jane Farthing" not in values(one(with_lexicon, text, tenant="acme")).values()


def test_patterns_and_names_go_on_reading_the_original(with_lexicon: SlotExtractor) -> None:
    analysis = one(with_lexicon, "ord ord ord")
    assert [slot for slot in analysis.slots if slot.source is not SlotSource.TAGGER] == []


def test_short_answers_of_unknown_language_are_read_too(with_model: SlotExtractor) -> None:
    assert one(with_model, "A-10293", "und").abstention is None


def test_results_come_in_order_for_mixed_batches(with_model: SlotExtractor) -> None:
    texts = [("jo@example.com", "en"), ("12,50 €", "de"), ("", "en"), ("£5", "en")]
    analyses = with_model.extract([Utterance(text, language) for text, language in texts])
    assert [analysis.abstention is None for analysis in analyses] == [True, False, True, True]
    assert [slot.text for analysis in analyses for slot in analysis.slots] == [
        "jo@example.com",
        "12,50 €",
        "£5",
    ]
    assert with_model.extract([]) == []


def test_without_a_time_of_sending_relative_dates_keep_their_text(extractor: SlotExtractor) -> None:
    analysis = extractor.extract([Utterance("since yesterday, 3 March 2026", "en")])[0]
    assert [slot.value for slot in analysis.slots] == ["yesterday", "2026-03-03"]


# Pieces that patterns care for, so that random texts reach deep into them.
PIECES = st.sampled_from(
    ["order ", "4111 1111 1111 1111", "£", "€", "1.2k", "@", "jo@x.example", "https://", "www.", "DE89", " 3704", "1Z", "the 3rd",
     "two", " weeks", "-", "#", "+44", "(", "0161 496 0733", "last ", "Tuesday", "ending ", "4417", "\n", " ", ".", "v1.2.3", "31/12",
     "٣٤", "²", "①", "👩‍👩‍👧", "\u202e", "\u0301", "ß", "İ", "ǅ", "\x07", "\u2028", "none", "PO-", "SW-", "999999999999999999999"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
    st.lists(PIECES, max_size=25).map("".join),
)
MOMENTS = st.sampled_from([0, -1, SENT, 1, 10**18])


@given(
    TEXTS,
    st.sampled_from(["en", "de", "und", "mul", "xx", ""]),
    st.sampled_from(["", "GB", "US", "ZZ"]),
    MOMENTS,
)
def test_no_text_is_ever_too_odd(
    extractor: SlotExtractor, text: str, language: str, region: str, sent_at_ms: int
) -> None:
    analysis = extractor.extract([Utterance(text, language, "default", region, sent_at_ms)])[0]
    check_invariants(text, analysis)


def test_on_the_last_day_of_the_calendar_tomorrow_has_no_date(extractor: SlotExtractor) -> None:
    last_day_ms = 253_402_300_799_000  # 9999-12-31
    found = extractor.extract([Utterance("Must it be here by tomorrow?", "en", "default", "GB", last_day_ms)])[0]
    assert [(slot.type, slot.value) for slot in found.slots] == [("date", "tomorrow")]


@given(TEXTS)
def test_the_laws_hold_with_the_model_too(with_model: SlotExtractor, text: str) -> None:
    check_invariants(text, one(with_model, text))


@given(st.lists(PIECES | st.sampled_from(["im ", " ijf", "ord", "tuez,", " "]), max_size=25).map("".join))
def test_the_laws_hold_with_a_lexicon_too(with_lexicon: SlotExtractor, text: str) -> None:
    check_invariants(text, one(with_lexicon, text))


@given(TEXTS, TEXTS)
def test_a_message_is_read_alike_alone_and_in_a_batch(
    extractor: SlotExtractor, first: str, second: str
) -> None:
    both = extractor.extract([Utterance(first, "en"), Utterance(second, "en")])
    assert both == [
        *extractor.extract([Utterance(first, "en")]),
        *extractor.extract([Utterance(second, "en")]),
    ]
