"""`llmaudit shadow`: plan a shadow test, choose its requests, read its result, or read a randomised log."""

from __future__ import annotations

import typer

from llmaudit.cli.shadow import analyze, design, off_policy, sample


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Shadow tests: design, sample, analyze.", no_args_is_help=True, rich_markup_mode=None)
    for module in (design, sample, analyze, off_policy):  # in the order in which one needs them
        module.register(group)
    app.add_typer(group, name="shadow")
