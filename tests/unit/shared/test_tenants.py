"""Tenants that are not served are refused."""

import pytest

from shared.errors import TenantError
from shared.tenants import Tenants


def test_a_served_tenant_passes() -> None:
    Tenants(["acme", "globex"]).require("globex")


@pytest.mark.parametrize("tenant", ["initech", "", "ACME", "acme "])
def test_any_other_is_refused_by_name_with_the_mend(tenant: str) -> None:
    with pytest.raises(TenantError) as refused:
        Tenants(["acme"]).require(tenant)
    assert repr(tenant) in str(refused.value)
    assert "platform.tenants" in str(refused.value)
    assert "acme" not in str(refused.value).replace(repr(tenant), "")
