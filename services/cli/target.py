"""Whom a client command talks to, and for which tenant."""

from __future__ import annotations

from dataclasses import dataclass

from services.cli.settings import load_settings


@dataclass(frozen=True, slots=True)
class Target:
    """A service's address (``host:port``), the tenant to act for, and seconds that a call may take."""

    address: str
    tenant: str
    timeout_s: float


def target(
    service: str, address: str | None = None, tenant: str | None = None, timeout_s: float | None = None
) -> Target:
    """What the options say, and the configuration where they say nothing."""
    settings = load_settings()
    return Target(
        address or settings.address(service),
        tenant or settings.client.tenant,
        timeout_s or settings.client.timeout_s,
    )
