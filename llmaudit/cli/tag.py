"""`llmaudit tag`: complexity tiers for every request."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from llmaudit.cli.options import command
from llmaudit.cli.output import answer, table
from llmaudit.cli.work import open_store
from llmaudit.settings import Settings


def tag(
    settings: Settings,
    rules: Annotated[
        Path | None, typer.Option("--rules", help="Your rules (YAML), tried first from now on; kept in the database.")
    ] = None,
    no_rules: Annotated[bool, typer.Option("--no-rules", help="Forget your rules; only the built-in ones.")] = False,
) -> None:
    """Tag every request anew with its tier: 0 trivial, 1 standard, 2 complex, 3 high stakes, or unknown."""
    from llmaudit.tiers import keep_rules
    from llmaudit.tiers import tag as tag_requests

    with open_store(settings) as store:
        if rules or no_rules:
            keep_rules(store, rules)
        result = tag_requests(store)
    rows = [[f"tier {tier}", f"{count:,}"] for tier, count in result.by_tier.items()]
    rows += [[f"by {signal}", f"{count:,}"] for signal, count in result.by_signal.items()]
    document = {
        "schema": "llmaudit/tag/1",
        "requests": result.requests,
        "by_tier": result.by_tier,
        "by_signal": result.by_signal,
    }
    answer(settings, document, lambda: table(settings, "Tagged", ["", "requests"], rows))


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, tag, "tag", "llmaudit tag --rules rules.yaml")
