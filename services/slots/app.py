"""Wires the slots service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.slots.config import SlotsConfig
from services.slots.extractor import SlotExtractor
from services.slots.rules import load_slot_rules
from services.slots.servicer import servicer
from services.slots.tagger import Tagger
from shared.clock import SystemClock
from shared.config import PlatformConfig
from shared.domain.analysis import Part, SlotAnalysis
from shared.domain.ticket import Utterance
from shared.inference.host import ModelHost
from shared.inference.lexicon_store import LexiconStore
from shared.inference.meter import ModelMeter
from shared.inference.service import AnalysisParts, build_analysis_service
from shared.inference.session import OnnxModel, SessionOptions
from shared.lifecycle import Service
from shared.observability.stage_metrics import StageMetrics
from shared.streams.part_stage import failed

RULES_FILE = "slots.yaml"


class LoadedExtractor:
    """The extractor as a host runs it."""

    def __init__(self, extractor: SlotExtractor) -> None:
        self._extractor = extractor
        self.name = extractor.name

    def __call__(self, utterances: Sequence[Utterance]) -> list[SlotAnalysis]:
        return self._extractor.extract(utterances)


def build(platform: PlatformConfig, config: SlotsConfig) -> Service:
    """Raises ModelError where the pack's model, slot rules or lexicon cannot be loaded."""
    registry = CollectorRegistry()
    metrics = StageMetrics(registry)
    meter = ModelMeter(metrics.model_cpu, metrics.tokens)
    options = SessionOptions(config.model.threads, observe_tokens=meter.ran_over)
    lexicon = LexiconStore(platform.pack, config.model.reload_s)

    def load(directory: Path) -> LoadedExtractor:
        tagger = Tagger(OnnxModel.load(directory, options))
        rules = load_slot_rules(platform.pack / RULES_FILE)
        return LoadedExtractor(SlotExtractor.from_rules(tagger, rules, lexicon=lexicon))

    host: ModelHost[SlotAnalysis] = ModelHost(
        platform.pack, "slots", load, config.model.workers, config.model.reload_s, meter
    )
    clock = SystemClock()
    parts = AnalysisParts(
        Part.SLOTS, host, lexicon, lambda it: servicer(it, clock), SlotAnalysis(abstention=failed())
    )
    return build_analysis_service(platform, config, registry, metrics, parts)
