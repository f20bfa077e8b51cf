"""Lets a pack judge labelled conversations as the services would: three models, then `decide`, in order.

Case files carry no times: the messages of a conversation are taken to come ten minutes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.intent.classifier import IntentClassifier
from services.router.decide import decide
from services.router.policy_store import PolicyStore
from services.sentiment.scorer import SentimentScorer
from services.slots.extractor import SlotExtractor
from services.slots.rules import load_slot_rules
from services.slots.tagger import Tagger
from services.trainer.readers.cases import Case, CaseMessage
from shared.domain.analysis import Analysis
from shared.domain.decision import Conversation, Decision
from shared.domain.ticket import Author, Channel, Message, MessageKey, Utterance
from shared.inference.lexicon import Lexicon
from shared.inference.lexicon_store import load_lexicon
from shared.inference.model import load_pack
from shared.inference.session import OnnxModel

TENANT = "cases"
FIRST_MESSAGE_MS = 1_767_000_000_000
PACE_MS = 600_000
AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class JudgedMessage:
    """A customer's labelled message with what the pack says of it; ``number`` counts from 1 in its conversation."""

    case: Case
    number: int
    message: CaseMessage
    analysis: Analysis
    decision: Decision

    @property
    def id(self) -> str:
        return f"{self.case.id}#{self.number}"


class CaseRun:
    """The models, slot rules, lexicon and policy of a pack, loaded once."""

    def __init__(self, pack: Path, lexicon: Lexicon | None = None) -> None:
        """Raises ModelError, SlotRulesError or PolicyError where the pack cannot be used.

        ``lexicon`` is written out in place of the pack's own.
        """
        active = load_pack(pack)
        intent, slots, sentiment = (
            OnnxModel.load(active.model_directory(task)) for task in ("intent", "slots", "sentiment")
        )
        self.models = tuple(model.card.name for model in (intent, slots, sentiment))
        rules, lexicon = load_slot_rules(pack / "slots.yaml"), lexicon or load_lexicon(pack)
        self.lexicon = lexicon.version
        self._classify = IntentClassifier(intent, lexicon).classify
        self._extract = SlotExtractor.from_rules(Tagger(slots), rules, lexicon=lexicon).extract
        self._score = SentimentScorer(sentiment, lexicon).score
        self.policy = PolicyStore(pack, reload_s=0).live()

    def judge(self, cases: Iterable[Case], progress: Callable[[int], None] = lambda _: None) -> list[list[JudgedMessage]]:
        """The customers' messages of each conversation; ``progress`` is told of each conversation's messages."""
        conversations = []
        for case in cases:
            conversations.append(self._conversation(case))
            progress(len(case.messages))
        return conversations

    def _conversation(self, case: Case) -> list[JudgedMessage]:
        messages = [_message(case, place, item) for place, item in enumerate(case.messages, 1)]
        analyses = iter(self._analyses([item for item in messages if item.author is Author.CUSTOMER]))
        state = Conversation()
        judged: list[JudgedMessage] = []
        for item, message in zip(case.messages, messages, strict=True):
            analysis = next(analyses) if message.author is Author.CUSTOMER else Analysis()
            decision, state = decide(self.policy, message, analysis, state)
            if message.author is Author.CUSTOMER:
                judged.append(JudgedMessage(case, len(judged) + 1, item, analysis, decision))
        return judged

    def _analyses(self, messages: Sequence[Message]) -> list[Analysis]:
        found: list[Analysis] = []
        for start in range(0, len(messages), AT_ONCE):
            utterances = [
                Utterance(item.text, item.language, TENANT, item.region, item.sent_at_ms)
                for item in messages[start : start + AT_ONCE]
            ]
            parts = zip(self._classify(utterances), self._extract(utterances), self._score(utterances), strict=True)
            found += [Analysis(intent, slots, sentiment) for intent, slots, sentiment in parts]
        return found


def _message(case: Case, place: int, item: CaseMessage) -> Message:
    return Message(
        MessageKey(TENANT, case.id, f"m{place}"),
        item.text,
        author=Author(item.author),
        channel=Channel(case.channel),
        language=case.lang,
        sent_at_ms=FIRST_MESSAGE_MS + place * PACE_MS,
        sequence=place,
    )
