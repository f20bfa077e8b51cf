"""Configuration: file under environment, and nothing unknown goes unnoticed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.cli.config_table import config_keys, markdown
from services.cli.settings import DELIMITER, PREFIX, Settings, is_given, load_settings, without_secret
from services.topology import TOPOLOGY
from shared.errors import ConfigError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)


def use_file(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    path = folder / "switchyard.yaml"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(path))


def test_defaults_are_the_topologys_ports() -> None:
    settings = load_settings()
    for service in TOPOLOGY:
        section = getattr(settings, service.name)
        assert (section.port, section.metrics_port) == (service.port, service.metrics_port)
        assert settings.address(service.name) == f"127.0.0.1:{service.port}"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_file(monkeypatch, tmp_path, "platform: {shards: 4, drain_s: 3}\nintake: {port: 1234}\n")
    monkeypatch.setenv("SWITCHYARD_PLATFORM__SHARDS", "8")
    settings = load_settings()
    assert (settings.platform.shards, settings.platform.drain_s, settings.intake.port) == (8, 3, 1234)


def test_one_value_of_a_nested_section_leaves_its_neighbours_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_ROUTER__CONSUMER__BLOCK_MS", "100")
    consumer = load_settings().router.consumer
    assert (consumer.block_ms, consumer.batch) == (100, 64)


@pytest.mark.parametrize("value", ["a,b", " a , b ,", '["a", "b"]'])
def test_lists_are_written_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__TENANTS", value)
    assert load_settings().platform.tenants == ("a", "b")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("platform: {redis_ulr: x}", r"platform\.redis_ulr: unknown key; did you mean platform\.redis_url\?"),
        ("platfrom: {shards: 1}", r"platfrom: unknown key; did you mean platform\?"),
        ("intake: {port: first}", r"intake\.port \(or SWITCHYARD_INTAKE__PORT\): .*integer"),
        ("platform: {redis_url: 'localhost:6379'}", r"platform\.redis_url \(or \w+REDIS_URL\): must begin with redis://"),
        ("router: {consumer: {batch: 0}}", r"router\.consumer\.batch \(or SWITCHYARD_ROUTER__CONSUMER__BATCH\)"),
        ("[1, 2]", "must hold sections"),
        ("platform: [", "is not valid YAML"),
    ],
)
def test_mistakes_in_the_file_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, problem: str
) -> None:
    use_file(monkeypatch, tmp_path, text)
    with pytest.raises(ConfigError, match=problem):
        load_settings()


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_CONFIG", "/nowhere/at/all.yaml")
    with pytest.raises(ConfigError, match=r"/nowhere/at/all\.yaml cannot be read"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SWITCHYARD_PLATFORM__SHARD", "did you mean SWITCHYARD_PLATFORM__SHARDS"),
        ("SWITCHYARD_INTAKE_PORT", "did you mean SWITCHYARD_INTAKE__PORT"),
        ("SWITCHYARD_ROUTER__CONSUMER", "did you mean"),
    ],
)
def test_unknown_variables_are_errors(monkeypatch: pytest.MonkeyPatch, name: str, hint: str) -> None:
    monkeypatch.setenv(name, "7")
    with pytest.raises(ConfigError, match=hint):
        load_settings()


def test_every_mistake_is_named_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_file(monkeypatch, tmp_path, "platform: {shards: 0, colour: red}")
    monkeypatch.setenv("SWITCHYARD_NONSENSE", "1")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    for expected in ("platform.shards", "platform.colour", "SWITCHYARD_NONSENSE"):
        assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SWITCHYARD_INTAKE_SERVICE_HOST", "10.0.0.7"),
        ("SWITCHYARD_INTAKE_SERVICE_PORT_GRPC", "7070"),
        ("SWITCHYARD_INTAKE_PORT", "tcp://10.0.0.7:7070"),
        ("SWITCHYARD_INTAKE_PORT_7070_TCP_ADDR", "10.0.0.7"),
        ("SWITCHYARD_INTAKE_PORT_7070_TCP_PROTO", "tcp"),
    ],
)
def test_what_kubernetes_says_of_its_services_is_none_of_our_business(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert load_settings().intake.port == 7070


def test_given_means_said_by_somebody_even_if_it_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not is_given("platform.redis_url")
    use_file(monkeypatch, tmp_path, "platform: {redis_url: 'redis://127.0.0.1:6379/0'}")
    assert is_given("platform.redis_url")
    monkeypatch.setenv("SWITCHYARD_PLATFORM__TENANTS", "default")
    assert is_given("platform.tenants")


def test_clients_of_this_machine_do_not_call_the_wildcard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_PLATFORM__HOST", "0.0.0.0")
    monkeypatch.setenv("SWITCHYARD_CLIENT__HANDOFF", "queue.example:443")
    settings = load_settings()
    assert settings.address("intake") == "127.0.0.1:7070"
    assert settings.address("handoff") == "queue.example:443"


def test_the_table_has_every_key_with_its_meaning() -> None:
    keys = config_keys(Settings, PREFIX, DELIMITER)
    by_name = {key.key: key for key in keys}
    assert len(by_name) == len(keys)
    assert by_name["router.consumer.batch"].default == "64"
    assert by_name["platform.pack"].default == "deploy/packs/commerce"
    assert by_name["embedded.appendfsync"].kind == "always or everysec"
    assert by_name["platform.tenants"].variable == "SWITCHYARD_PLATFORM__TENANTS"
    without_meaning = [key.key for key in keys if not key.meaning and not key.key.endswith("port")]
    assert not without_meaning
    lines = markdown(keys).splitlines()
    assert len(lines) == len(keys) + 2
    assert all(line.count(" | ") == 4 for line in lines)


def test_passwords_are_not_shown() -> None:
    assert without_secret("rediss://user:pass@host:6379/0") == "rediss://***@host:6379/0"
    assert without_secret("redis://host:6379/0") == "redis://host:6379/0"
