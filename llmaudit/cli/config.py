"""`llmaudit config`: every setting with its source."""

from __future__ import annotations

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, table
from llmaudit.settings import Settings


def config(settings: Settings) -> None:
    """Print each setting and where it comes from.

    The source is a flag, the environment, llmaudit.toml, or the default.
    """
    rows = [(name, value, settings.sources[name]) for name, value in settings.values.items()]
    document = {
        "schema": "llmaudit/config/1",
        "settings": [{"name": name, "value": value, "source": source} for name, value, source in rows],
    }
    cells = [[name, "" if value is None else value, source] for name, value, source in rows]
    answer(settings, document, lambda: table(settings, "Settings", ["name", "value", "from"], cells, left=(0, 1, 2)))


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, config, "config", "llmaudit config")
