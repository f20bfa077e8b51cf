"""Languages are told from sentences as customers write them, and not guessed from too little."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import MODEL_DIR

from shared import language as module
from shared.errors import ModelError, UnavailableError
from shared.language import CANDIDATES, MODEL, READ_CHARACTERS, LanguageIdentifier

DEFAULT = "nl"  # none of the sentences below, so that an answer is told from the default
SENTENCE = "Ich möchte mein Geld zurück, der Wasserkocher war schon beim Auspacken kaputt."


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    loaded = LanguageIdentifier(DEFAULT)
    loaded.wait()
    return loaded


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


def test_before_it_has_loaded_it_says_so_and_never_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "model.npz.xz"
    os.mkfifo(pipe)  # whoever reads it waits until somebody writes
    monkeypatch.setattr(module, "MODEL", str(pipe))
    loading = LanguageIdentifier(DEFAULT)
    writer = threading.Thread(target=pipe.write_bytes, args=[(MODEL_DIR / MODEL).read_bytes()])
    try:
        assert not loading.loaded
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="not loaded yet"):
            loading.identify(SENTENCE)
        assert time.monotonic() - began < 0.5
        assert loading.identify("ok thx") == DEFAULT, "needs no model"
    finally:
        writer.start()
        writer.join()
    loading.wait()
    assert loading.loaded
    assert loading.identify(SENTENCE) == "de"


def test_a_model_that_cannot_be_loaded_is_told_apart_from_one_on_its_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = tmp_path / "model.npz.xz"
    spoilt.write_bytes((MODEL_DIR / MODEL).read_bytes()[:1000])
    monkeypatch.setattr(module, "MODEL", str(spoilt))
    broken = LanguageIdentifier(DEFAULT)
    with pytest.raises(ModelError, match=r"model\.npz\.xz: .* install the package py3langid again"):
        broken.wait()
    with pytest.raises(ModelError):
        _ = broken.loaded
    with pytest.raises(UnavailableError):
        broken.identify(SENTENCE)


def test_identifiers_of_a_process_share_the_model() -> None:
    assert LanguageIdentifier("de")._loading is LanguageIdentifier("sv")._loading
