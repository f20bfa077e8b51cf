"""The whole configuration: one section for the platform, one a service, two for the command line.

A YAML file (named by SWITCHYARD_CONFIG) lies under the environment (`SWITCHYARD_<SECTION>__<KEY>`). Unknown
keys and unknown variables are errors, with the nearest known name as a hint: a misspelt threshold that is
silently ignored would be found by customers.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from services.cli.config import ClientConfig, EmbeddedConfig
from services.cli.config_table import ConfigKey, config_keys
from services.handoff.config import HandoffConfig
from services.intake.config import IntakeConfig
from services.intent.config import IntentConfig
from services.router.config import RouterConfig
from services.sentiment.config import SentimentConfig
from services.slots.config import SlotsConfig
from shared.config import PlatformConfig
from shared.errors import ConfigError

PREFIX = "SWITCHYARD_"
DELIMITER = "__"
FILE_VARIABLE = "SWITCHYARD_CONFIG"
# Kubernetes puts a Service's address into the environment of every pod of its namespace; a Service named
# switchyard-intake makes names of our prefix (kubernetes.io/docs/concepts/services-networking/service).
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_SERVICE_LINK_URL = re.compile(r"^(tcp|udp|sctp)://")  # the value of <SERVICE>_PORT, which is easily mistyped
_SECRET = re.compile(r"(?<=://)[^@/\s]*@")


class Settings(BaseSettings):
    """Everything that can be configured; see `switchyard config table`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        nested_model_default_partial_update=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    platform: PlatformConfig = PlatformConfig()
    intake: IntakeConfig = IntakeConfig()
    intent: IntentConfig = IntentConfig()
    slots: SlotsConfig = SlotsConfig()
    sentiment: SentimentConfig = SentimentConfig()
    router: RouterConfig = RouterConfig()
    handoff: HandoffConfig = HandoffConfig()
    client: ClientConfig = ClientConfig()
    embedded: EmbeddedConfig = EmbeddedConfig()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which comes in as the initial values."""
        return _Environment(settings_cls), init_settings

    @property
    def client_host(self) -> str:
        """The address under which this machine's own services are called."""
        host = self.platform.host
        return "127.0.0.1" if host in ("", "0.0.0.0", "::", "[::]") else host  # noqa: S104

    def address(self, service: str) -> str:
        """host:port of a service, as a client of it sees it."""
        configured: str = getattr(self.client, service, "")
        return configured or f"{self.client_host}:{getattr(self, service).port}"


class _Environment(EnvSettingsSource):
    """The environment, in which lists are written as JSON or, as people do, with commas."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ARG002
        try:
            return json.loads(value)
        except ValueError:
            return [part.strip() for part in value.split(",") if part.strip()]


def load_settings() -> Settings:
    """The settings of this process.

    Raises ConfigError, which names every key that is unknown or holds a wrong value, and the mend.
    """
    content = _read_file(os.environ.get(FILE_VARIABLE, ""))
    keys = config_keys(Settings, PREFIX, DELIMITER)
    unknown = _unknown_variables(os.environ, keys)
    problems = list(unknown.values())
    try:
        settings = Settings(**content)
    except ValidationError as error:
        problems += [_explain(one, keys) for one in error.errors() if _variable(one) not in unknown]
    except SettingsError as error:
        problems.append(str(error))
    if problems:
        raise ConfigError("configuration: " + "; ".join(problems))
    return settings


def is_given(key: str) -> bool:
    """Whether somebody set a key (`platform.redis_url`), be it to its default."""
    if PREFIX + key.replace(".", DELIMITER).upper() in {name.upper() for name in os.environ}:
        return True
    found: Any = _read_file(os.environ.get(FILE_VARIABLE, ""))
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found is not None


def without_secret(url: str) -> str:
    """A URL fit to be shown: without user and password."""
    return _SECRET.sub("***@", url)


def _read_file(name: str) -> dict[str, Any]:
    if not name:
        return {}
    try:
        content = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{FILE_VARIABLE}: {name} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE_VARIABLE}: {name} is not valid YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{FILE_VARIABLE}: {name} must hold sections such as `platform:` with keys below")
    return content


def _unknown_variables(environment: Mapping[str, str], keys: Iterable[ConfigKey]) -> dict[str, str]:
    """What is wrong, by the variable's name in capitals."""
    known = {key.variable for key in keys} | {FILE_VARIABLE}
    problems = {}
    for name, value in environment.items():
        upper = name.upper()
        if not upper.startswith(PREFIX) or upper in known:
            continue
        link = _SERVICE_LINK.search(upper) or (upper.endswith("_PORT") and _SERVICE_LINK_URL.match(value))
        if DELIMITER not in name and link:
            continue
        problems[upper] = f"{name}: unknown variable{_hint(upper, known)}"
    return problems


def _explain(problem: Any, keys: Iterable[ConfigKey]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        names = {known.key for known in keys}
        sections = {name.partition(".")[0] for name in names}
        return f"{key}: unknown key{_hint(key, names if '.' in key else sections)}"
    return f"{key} (or {_variable(problem)}): {problem['msg']}"


def _variable(problem: Any) -> str:
    """The environment variable of the key that a validation error is about."""
    return PREFIX + DELIMITER.join(str(part) for part in problem["loc"]).upper()


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else "; `switchyard config table` lists what there is"
