"""Wires the sentiment service."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.sentiment.config import SentimentConfig
from services.sentiment.scorer import SentimentScorer
from services.sentiment.servicer import servicer
from shared.clock import SystemClock
from shared.config import PlatformConfig
from shared.domain.analysis import Part, SentimentAnalysis
from shared.domain.ticket import Utterance
from shared.inference.host import ModelHost
from shared.inference.lexicon_store import LexiconStore
from shared.inference.meter import ModelMeter
from shared.inference.service import AnalysisParts, build_analysis_service
from shared.inference.session import OnnxModel, SessionOptions
from shared.lifecycle import Service
from shared.observability.stage_metrics import StageMetrics
from shared.streams.part_stage import failed


class LoadedScorer:
    """The scorer as a host runs it."""

    def __init__(self, scorer: SentimentScorer) -> None:
        self._scorer = scorer
        self.name = scorer.card.name

    def __call__(self, utterances: Sequence[Utterance]) -> list[SentimentAnalysis]:
        return self._scorer.score(utterances)


def build(platform: PlatformConfig, config: SentimentConfig) -> Service:
    """Raises ModelError where the pack's model or lexicon cannot be loaded."""
    registry = CollectorRegistry()
    metrics = StageMetrics(registry)
    meter = ModelMeter(metrics.model_cpu, metrics.tokens)
    options = SessionOptions(config.model.threads, observe_tokens=meter.ran_over)
    lexicon = LexiconStore(platform.pack, config.model.reload_s)

    def load(directory: Path) -> LoadedScorer:
        return LoadedScorer(SentimentScorer(OnnxModel.load(directory, options), lexicon))

    host: ModelHost[SentimentAnalysis] = ModelHost(
        platform.pack, "sentiment", load, config.model.workers, config.model.reload_s, meter
    )
    clock = SystemClock()
    parts = AnalysisParts(
        Part.SENTIMENT, host, lexicon, lambda it: servicer(it, clock), SentimentAnalysis(abstention=failed())
    )
    return build_analysis_service(platform, config, registry, metrics, parts)
