"""Configuration that the command line has of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from shared.config import Section


class ClientConfig(Section):
    """Section `client`: where commands find the services, and for whom they act."""

    tenant: str = Field("default", description="Tenant that commands act for unless --tenant says otherwise.")
    intake: str = Field("", description="host:port of intake; empty: this machine's own.")
    intent: str = Field("", description="host:port of intent; empty: this machine's own.")
    slots: str = Field("", description="host:port of slots; empty: this machine's own.")
    sentiment: str = Field("", description="host:port of sentiment; empty: this machine's own.")
    handoff: str = Field("", description="host:port of handoff; empty: this machine's own.")
    timeout_s: float = Field(10.0, gt=0, description="How long a call may take, retries included, in seconds.")


class EmbeddedConfig(Section):
    """Section `embedded`: the store that `switchyard run` starts where none is configured."""

    state: Path | None = Field(
        None, description="Folder of its data, socket and log; empty: `.state` of the checkout, else the user's."
    )
    appendfsync: Literal["always", "everysec"] = Field(
        "always", description="When writes reach the disk: before they are answered, or each second."
    )
