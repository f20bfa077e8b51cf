"""Which tenants are served."""

from __future__ import annotations

from collections.abc import Iterable

from shared.errors import TenantError


class Tenants:
    """The tenants of `platform.tenants`; every call names one and is refused for any other."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def require(self, tenant: str) -> None:
        """Raises TenantError where the tenant is not served. Never tells which others are."""
        if tenant not in self._names:
            raise TenantError(
                f"tenant {tenant!r} is not served here; check its spelling, or add it to platform.tenants"
            )
