"""Cases are judged as the pack's services would judge them, its lexicon included."""

from __future__ import annotations

from services.trainer.case_run import CaseRun
from services.trainer.readers.cases import Case, CaseMessage, read_cases
from services.trainer.taxonomy import load_taxonomy
from shared.config import PACKS
from shared.domain.analysis import Analysis
from shared.inference.lexicon import Lexicon
from shared.inference.lexicon_store import load_lexicon

COMMERCE = PACKS / "commerce"


def judged(run: CaseRun, said: str) -> Analysis:
    case = Case(id="x", lang="en", channel="chat", messages=[CaseMessage(author="customer", text=said)])
    ((message,),) = run.judge([case])
    return message.analysis


def test_messages_are_read_with_the_packs_lexicon_or_the_one_given() -> None:
    short, long = "wtf, my RMA?", "what the fuck, my return authorisation?"
    shipped, without = CaseRun(COMMERCE), CaseRun(COMMERCE, Lexicon())
    assert shipped.lexicon == load_lexicon(COMMERCE).version
    assert without.lexicon == ""
    assert judged(shipped, short).intent == judged(without, long).intent
    assert judged(without, short).intent != judged(without, long).intent


def test_the_cases_of_slang_hold() -> None:
    cases = list(read_cases(COMMERCE / "cases" / "slang", load_taxonomy(COMMERCE)))
    lexicon = load_lexicon(COMMERCE)
    texts = [message.text for case in cases for message in case.messages]
    assert len(texts) >= 50
    assert len([text for text in texts if lexicon.expand(text).expansions]) >= 50
