"""Wires the intent service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.intent.classifier import IntentClassifier
from services.intent.config import IntentConfig
from services.intent.servicer import servicer
from shared.clock import SystemClock
from shared.config import PlatformConfig
from shared.domain.analysis import IntentAnalysis, Part
from shared.domain.ticket import Utterance
from shared.inference.host import ModelHost
from shared.inference.lexicon_store import LexiconStore
from shared.inference.meter import ModelMeter
from shared.inference.service import AnalysisParts, build_analysis_service
from shared.inference.session import OnnxModel, SessionOptions
from shared.lifecycle import Service
from shared.observability.stage_metrics import StageMetrics
from shared.streams.part_stage import failed


class LoadedClassifier:
    """The classifier as a host runs it."""

    def __init__(self, classifier: IntentClassifier) -> None:
        self._classifier = classifier
        self.name = classifier.card.name

    def __call__(self, utterances: Sequence[Utterance]) -> list[IntentAnalysis]:
        return self._classifier.classify(utterances)


def build(platform: PlatformConfig, config: IntentConfig) -> Service:
    """Raises ModelError where the pack's model or lexicon cannot be loaded."""
    registry = CollectorRegistry()
    metrics = StageMetrics(registry)
    meter = ModelMeter(metrics.model_cpu, metrics.tokens)
    options = SessionOptions(config.model.threads, observe_tokens=meter.ran_over)
    lexicon = LexiconStore(platform.pack, config.model.reload_s)

    def load(directory: Path) -> LoadedClassifier:
        return LoadedClassifier(IntentClassifier(OnnxModel.load(directory, options), lexicon))

    host: ModelHost[IntentAnalysis] = ModelHost(
        platform.pack, "intent", load, config.model.workers, config.model.reload_s, meter
    )
    clock = SystemClock()
    parts = AnalysisParts(
        Part.INTENT, host, lexicon, lambda it: servicer(it, clock), IntentAnalysis(abstention=failed())
    )
    return build_analysis_service(platform, config, registry, metrics, parts)
