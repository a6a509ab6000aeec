"""`llmaudit forget`: removes a file from the database again."""

from __future__ import annotations

from typing import Annotated

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line
from llmaudit.errors import printable
from llmaudit.settings import Settings


def forget(
    settings: Settings,
    file: Annotated[str, typer.Argument(help="Its path as given to ingest, or its content hash.")],
) -> None:
    """Remove a file and everything read from it.

    That is its requests, bill lines, rejects, conflicts, tiers and kept texts.

    Requests that are in another file too stay, and belong to that file from then on.
    """
    from llmaudit.ingest.forget import forget as take_out
    from llmaudit.ingest.forget import sources_named

    with open_store(settings, existing=True) as store:
        gone = take_out(store, [source_id for source_id, _ in sources_named(store, file)])
    document = {
        "schema": "llmaudit/forget/1",
        "path": gone.path,
        "removed": gone.removed,
        "kept": gone.kept,
        "merged": gone.merged,
    }

    def show() -> None:
        line(f"{printable(gone.path)} removed: {gone.removed:,} rows")
        if gone.kept:
            line(f"{gone.kept:,} rows stay because other files have them too")
        if gone.merged:
            line(f"{gone.merged:,} calls of other systems keep what it added to them")

    answer(settings, document, show)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, forget, "forget", "llmaudit forget logs/october.jsonl --db october.duckdb")
