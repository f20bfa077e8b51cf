"""`switchyard config`: what can be configured, and what is."""

from __future__ import annotations

import typer

from services.cli.options import AsJson

app = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@app.command()
def table() -> None:
    """Print every key with its environment variable, type, default and meaning, as Markdown."""
    from services.cli.config_table import config_keys, markdown
    from services.cli.settings import DELIMITER, PREFIX, Settings

    typer.echo(markdown(config_keys(Settings, PREFIX, DELIMITER)))


@app.command()
def show(as_json: AsJson = False) -> None:
    """Print the configuration in effect, as YAML that SWITCHYARD_CONFIG can name (passwords left out)."""
    import yaml

    from services.cli.render import json_line
    from services.cli.settings import load_settings, without_secret

    content = load_settings().model_dump(mode="json")
    content["platform"]["redis_url"] = without_secret(content["platform"]["redis_url"])
    typer.echo(json_line(content) if as_json else yaml.safe_dump(content, sort_keys=False).rstrip())
