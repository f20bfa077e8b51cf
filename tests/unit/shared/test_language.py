"""Languages are told from sentences as customers write them, and not guessed from too little."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.language import CANDIDATES, READ_CHARACTERS, LanguageIdentifier

DEFAULT = "nl"  # none of the sentences below, so that an answer is told from the default


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier(DEFAULT)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I have been waiting for my order for two weeks now, and nobody answers my e-mails."),
        ("en", "Can you tell me when the blue jacket will be back in stock?"),
        ("de", "Guten Tag, meine Bestellung ist seit zwei Wochen unterwegs und immer noch nicht angekommen."),
        ("de", "Ich möchte mein Geld zurück, der Wasserkocher war schon beim Auspacken kaputt."),
        ("fr", "Bonjour, je n'ai toujours pas reçu mon colis et personne ne répond au téléphone."),
        ("fr", "Pouvez-vous me rembourser la deuxième paire de chaussures, s'il vous plaît ?"),
        ("es", "Hola, llevo tres semanas esperando mi pedido y nadie me da una respuesta clara."),
        ("es", "Quiero cambiar la dirección de entrega antes de que salga el paquete."),
        ("pl", "Dzień dobry, zamówiłam sukienkę w zeszłym tygodniu i paczka jeszcze nie dotarła."),
        ("pl", "Proszę o zwrot pieniędzy za uszkodzony czajnik, który przyszedł wczoraj."),
        ("it", "Buongiorno, il pacco è arrivato rotto e vorrei avere indietro i miei soldi."),
        ("pt", "Bom dia, ainda não recebi a minha encomenda e gostaria de saber onde está."),
        ("ja", "先週注文した商品がまだ届いていません。配送状況を教えてください。"),
        ("ja", "返金をお願いします。"),
        ("ar", "لم تصلني الطلبية حتى الآن وأريد استرجاع المبلغ من فضلكم."),
        ("ar", "متى تصل الشحنة؟"),
        ("ru", "Здравствуйте, мой заказ до сих пор не доставлен, верните, пожалуйста, деньги."),
    ],
)
def test_a_sentence_is_told(identifier: LanguageIdentifier, language: str, text: str) -> None:
    assert identifier.identify(text) == language


@pytest.mark.parametrize("text", ["ok thx", "refund???", "Hallo", "Merci !", "no", "¿Qué?", "Größe M"])
def test_a_few_letters_give_the_default(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.identify(text) == DEFAULT


@pytest.mark.parametrize("text", ["", " \n", "12345", "#4711-22 19,99 €", "👍👍👍", "?!…", "----"])
def test_a_text_without_letters_gives_the_default(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.identify(text) == DEFAULT


@pytest.mark.parametrize("text", ["TX-77 AB-12 QQ-90 ZZ-41 KL-03 MN-55", "aaaaaaaaaaaaaaaa", "zzzz qqqq xxxx wwww"])
def test_letters_that_are_no_language_are_bounded(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.identify(text) in {*CANDIDATES, DEFAULT}


def test_the_default_is_the_one_given() -> None:
    assert LanguageIdentifier("sv").identify("ok thx") == "sv"


def test_a_long_text_is_told_by_its_beginning(identifier: LanguageIdentifier) -> None:
    german = "Ich warte seit zwei Wochen auf meine Bestellung. " * 20
    assert len(german) > READ_CHARACTERS
    assert identifier.identify(german + "Where is my order? " * 1000) == "de"


@given(text=st.text(max_size=80))
@settings(max_examples=60)
def test_any_text_gives_a_language_that_may_be_a_metric_label(identifier: LanguageIdentifier, text: str) -> None:
    assert identifier.bounded(identifier.identify(text)) != "other"


@pytest.mark.parametrize(
    ("language", "label"), [("de", "de"), ("mul", "mul"), ("und", "und"), ("qq", "other"), ("DE", "other"), ("", "other")]
)
def test_labels_are_bounded(identifier: LanguageIdentifier, language: str, label: str) -> None:
    assert identifier.bounded(language) == label
