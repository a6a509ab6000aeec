"""`llmaudit pricing`: the catalog, exact quotes from it, and its upkeep."""

from __future__ import annotations

import typer

from llmaudit.cli.options import command
from llmaudit.cli.pricing.apply import apply
from llmaudit.cli.pricing.history import history
from llmaudit.cli.pricing.quote import quote
from llmaudit.cli.pricing.show import list_models, show
from llmaudit.cli.pricing.update import conflicts, update
from llmaudit.cli.pricing.verify import verify


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The price catalog: look up, quote, maintain.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    command(group, list_models, "list", "llmaudit pricing list --seller openai")
    command(group, show, "show", "llmaudit pricing show gpt-5.6-sol --at 2026-10-01")
    command(group, history, "history", "llmaudit pricing history deepseek-v4-pro")
    command(group, quote, "quote", "llmaudit pricing quote --model gpt-5.6-sol --input 2000 --output 300")
    command(group, apply, "apply", "llmaudit pricing apply --month 2026-10 --out costs.parquet")
    command(group, conflicts, "conflicts", "llmaudit pricing conflicts --seller openai --status open")
    command(group, update, "update", "llmaudit pricing update --litellm-wheel litellm-1.110.2-py3-none-any.whl")
    command(group, verify, "verify", "llmaudit pricing verify --catalog prices.yaml")
    app.add_typer(group, name="pricing")
