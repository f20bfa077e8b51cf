"""Configuration that every service shares, and the pieces that services' own configuration is made of.

Values come from a YAML file (named by SWITCHYARD_CONFIG), over which environment variables win:
`SWITCHYARD_PLATFORM__REDIS_URL`, `SWITCHYARD_INTAKE__PORT` … Unknown keys are errors.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

STORE_SCHEMES = ("redis", "rediss", "unix")
PACKS = Path(__file__).resolve().parent.parent / "deploy" / "packs"


class Section(BaseModel):
    """A section of the configuration; unknown keys are refused, values never change after loading."""

    # A value may hold a password: errors tell the key and what is wrong with it.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class PlatformConfig(Section):
    """What all services must agree on."""

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0", description="Redis 7+, Valkey or compatible; unix:// for a socket."
    )
    shards: int = Field(
        2, ge=1, le=1024, description="Shards of the streams; change only while nothing is in flight."
    )
    pack: Path = Field(PACKS / "commerce", description="Folder of the domain pack: taxonomy, policy, models.")
    tenants: tuple[str, ...] = Field(("default",), description="Tenants that are served; others are refused.")
    host: str = Field("127.0.0.1", description="Address that gRPC and metrics listen on.")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level logged.")
    log_format: str = Field("json", pattern="^(json|console)$", description="json, or console for people.")
    record_ttl_s: int = Field(
        7 * 86_400, ge=1, description="How long records of decided messages are kept in Redis, in seconds."
    )
    drain_s: float = Field(20.0, ge=0, description="How long a service may take to finish on SIGTERM.")
    max_request_bytes: int = Field(16 * 1024 * 1024, ge=65_536, description="Largest gRPC request.")
    max_concurrent_calls: int = Field(
        1000, ge=1, description="Most calls that a service answers at once, streams included; more are refused for a moment."
    )

    @field_validator("redis_url")
    @classmethod
    def _names_a_store(cls, url: str) -> str:
        if problem := store_url_problem(url):
            raise PydanticCustomError("store_url", "{problem}", {"problem": problem})
        return url


def store_url_problem(url: str) -> str:
    """What keeps a URL from naming a store, and the mend; "" where nothing does. Quotes nothing of it."""
    scheme, separator, _ = url.partition("://")
    if not separator or scheme.lower() not in STORE_SCHEMES:
        return "must begin with redis://, rediss:// or unix://, as in redis://127.0.0.1:6379/0"
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where it is no port
    except ValueError:
        return "is not a URL: its port must be a number, and / # ? @ in a password are written %2F %23 %3F %40"
    if parts.scheme == "unix" and not parts.path.strip("/"):
        return "must name the socket, as in unix:///run/redis.sock"
    return ""


class ServiceSection(Section):
    """What every service has of its own."""

    port: int = Field(0, ge=0, le=65_535, description="gRPC port; 0 picks a free one.")
    metrics_port: int = Field(0, ge=0, le=65_535, description="Prometheus port; 0 picks a free one.")


class ConsumerSection(Section):
    """How a service reads its stream."""

    batch: int = Field(16, ge=1, le=1024, description="Most entries read at once.")
    block_ms: int = Field(500, ge=1, description="How long one read waits for entries.")
    lease_ms: int = Field(15_000, ge=50, description="A consumer silent for so long is taken for dead.")
    max_deliveries: int = Field(5, ge=1, description="Deliveries after which an entry is a dead letter.")


class ModelSection(Section):
    """How a service runs its model."""

    threads: int = Field(1, ge=1, description="Threads of one ONNX Runtime session (never spinning).")
    workers: int = Field(1, ge=1, description="Batches run at once, each on its own threads.")
    reload_s: float = Field(5.0, ge=0.1, description="How often the pack is looked at for a new version.")


class AnalysisConfig(ServiceSection):
    """What intent, slots and sentiment have alike."""

    consumer: ConsumerSection = ConsumerSection()
    model: ModelSection = ModelSection()
