"""The README says what the code says: the services' table and the configuration's."""

from __future__ import annotations

import re
from pathlib import Path

from services.cli.config_table import config_keys, markdown
from services.cli.settings import DELIMITER, PREFIX, Settings
from services.topology import TOPOLOGY

README = Path(__file__).resolve().parents[2] / "README.md"


def test_services_table_is_the_topology() -> None:
    text = README.read_text(encoding="utf-8")
    for service in TOPOLOGY:
        cells = (
            service.name,
            service.consumes.value if service.consumes else "–",
            ", ".join(stream.value for stream in service.produces) or "–",
            ", ".join(name.removeprefix("switchyard.v1.") for name in service.rpc_services),
            str(service.port),
            str(service.metrics_port),
        )
        assert f"| {' | '.join(cells)} |" in text, f"the row of {service.name} is missing or differs"


def test_flow_picture_names_every_service_and_stream() -> None:
    picture = README.read_text(encoding="utf-8").split("## The flow")[1].split("```")[1]
    for service in TOPOLOGY:
        assert re.search(rf"\b{service.name}\b", picture), service.name
        if service.consumes:
            assert f'"{service.consumes.value}"' in picture, service.consumes.value


def test_configuration_table_is_generated() -> None:
    """Where this fails, run `make docs`."""
    text = README.read_text(encoding="utf-8")
    table = text.split("<!-- configuration: begin -->\n")[1].split("<!-- configuration: end -->")[0]
    assert table.strip() == markdown(config_keys(Settings, PREFIX, DELIMITER)).strip()
