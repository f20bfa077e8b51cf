"""Sections of the configuration: sound defaults, told limits, and no key that is silently ignored."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from services.handoff.config import HandoffConfig
from services.intake.config import IntakeConfig
from services.intent.config import IntentConfig
from services.router.config import RouterConfig
from services.sentiment.config import SentimentConfig
from services.slots.config import SlotsConfig
from services.topology import TOPOLOGY, ServiceTopology
from shared.config import (
    AnalysisConfig,
    ConsumerSection,
    ModelSection,
    PlatformConfig,
    Section,
    ServiceSection,
)
from shared.streams.consumer import ConsumerSettings
from shared.streams.store import connect

SERVICES: dict[str, type[ServiceSection]] = {
    "intake": IntakeConfig,
    "intent": IntentConfig,
    "slots": SlotsConfig,
    "sentiment": SentimentConfig,
    "router": RouterConfig,
    "handoff": HandoffConfig,
}
SECTIONS: tuple[type[Section], ...] = (
    PlatformConfig, ServiceSection, ConsumerSection, ModelSection, AnalysisConfig, *SERVICES.values(),
)  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
def test_defaults_hold(section: type[Section]) -> None:
    chosen = section()
    assert section.model_validate(chosen.model_dump()) == chosen  # defaults are not validated by themselves


@pytest.mark.parametrize("section", SECTIONS)
def test_an_unknown_key_is_refused_by_name(section: type[Section]) -> None:
    with pytest.raises(ValidationError, match="shrads"):
        section.model_validate({"shrads": 4})


@pytest.mark.parametrize("section", SECTIONS)
def test_values_never_change_after_loading(section: type[Section]) -> None:
    name = next(iter(section.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(section(), name, 1)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_says_what_it_is(section: type[Section]) -> None:
    for name, field in section.model_fields.items():
        nested = isinstance(field.default, Section)
        assert nested or (field.description or "").endswith("."), f"{section.__name__}.{name}"


def test_every_service_of_the_topology_has_a_section() -> None:
    assert list(SERVICES) == [service.name for service in TOPOLOGY]


@pytest.mark.parametrize("service", TOPOLOGY, ids=lambda service: service.name)
def test_default_ports_are_those_of_the_topology(service: ServiceTopology) -> None:
    section = SERVICES[service.name]()
    assert (section.port, section.metrics_port) == (service.port, service.metrics_port)


def limits() -> Iterator[tuple[type[Section], str, object]]:
    """Values that would stop a service or lose its work."""
    for section in SERVICES.values():
        yield section, "port", -1
        yield section, "metrics_port", 65_536
    yield PlatformConfig, "redis_url", ""
    yield PlatformConfig, "redis_url", "localhost:6379"
    yield PlatformConfig, "shards", 0
    yield PlatformConfig, "record_ttl_s", 0
    yield PlatformConfig, "log_level", "LOUD"
    yield PlatformConfig, "log_format", "xml"
    yield PlatformConfig, "drain_s", -1
    yield PlatformConfig, "max_request_bytes", 1
    yield PlatformConfig, "max_concurrent_calls", 0
    yield ConsumerSection, "batch", 0
    yield ConsumerSection, "block_ms", 0  # to Redis this means "for ever": a drain would never end
    yield ConsumerSection, "lease_ms", 0
    yield ConsumerSection, "max_deliveries", 0
    yield ModelSection, "threads", 0
    yield ModelSection, "workers", 0
    yield ModelSection, "reload_s", 0
    yield IntakeConfig, "backlog", 0
    yield IntakeConfig, "memory_ceiling", 0
    yield IntakeConfig, "memory_ceiling", 1.01
    yield IntakeConfig, "decide_within_ms", 0
    yield IntakeConfig, "heartbeat_s", 0
    yield RouterConfig, "sweep_ms", 0
    yield HandoffConfig, "default_lease_s", 7201
    yield HandoffConfig, "events_kept", 0


@pytest.mark.parametrize(("section", "key", "value"), list(limits()))
def test_values_beyond_the_limits_are_refused_by_key(section: type[Section], key: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        section.model_validate({key: value})
    (error,) = refused.value.errors()
    assert error["loc"] == (key,)
    assert error["type"] != "extra_forbidden", "there is no such key any more"


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://store",
        "rediss://user:p%2Fss%40word@store.example:6380/1",
        "redis://[::1]:6379/0?health_check_interval=2",
        "unix:///run/redis.sock",
        "unix://user:word@/run/redis.sock?db=1",
    ],
)
def test_urls_of_stores_are_taken_and_a_client_can_be_made_of_them(url: str) -> None:
    assert PlatformConfig(redis_url=url).redis_url == url
    connect(url)


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("localhost:6379", "must begin with redis://"),
        ("hunter2@localhost", "must begin with redis://"),
        ("http://user:hunter2@store/0", "must begin with redis://"),
        ("redis:/user:hunter2@store", "must begin with redis://"),
        ("redis://user:hunter2@store:port/0", "its port must be a number"),
        ("redis://user:hun/ter2@store:6379/0", "in a password are written %2F"),
        ("redis://[hunter2", "is not a URL"),
        ("unix://", "must name the socket"),
    ],
)
def test_urls_of_no_store_are_refused_without_being_quoted(url: str, mend: str) -> None:
    with pytest.raises(ValidationError, match=mend) as refused:
        PlatformConfig(redis_url=url)
    assert "hun" not in str(refused.value)


def test_a_value_of_the_environment_comes_as_text() -> None:
    section = ConsumerSection.model_validate({"batch": "32", "lease_ms": "2000"})
    assert (section.batch, section.lease_ms) == (32, 2000)


def test_consumers_run_by_default_as_their_section_says() -> None:
    section, settings = ConsumerSection(), ConsumerSettings()
    for key in ConsumerSection.model_fields:
        assert getattr(settings, key) == getattr(section, key), key


def test_the_default_pack_is_there() -> None:
    assert (PlatformConfig().pack / "pack.yaml").is_file()
