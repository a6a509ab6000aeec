"""`llmaudit lakehouse`: requests that lie on a data platform, rolled up there in three steps."""

from __future__ import annotations

import typer

from llmaudit.cli.lakehouse.steps import collect, names, rollup
from llmaudit.cli.options import command


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="Roll up requests where they are, on a data platform.", no_args_is_help=True, rich_markup_mode=None
    )
    command(group, names, "names", "llmaudit lakehouse names job --table lake.llm_requests --month 2026-10")
    command(group, rollup, "rollup", "llmaudit lakehouse rollup job")
    command(group, collect, "collect", "llmaudit lakehouse collect job --out cells.parquet")
    app.add_typer(group, name="lakehouse")
