"""`llmaudit ingest`: logs into the database."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import AssumeTime, Ended, GatewayName, command
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.reading import Reading, first_failure, read_logs
from llmaudit.rejects import REJECTED, told
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.ingest import IngestResult

COUNTS = ("lines", "accepted", "duplicates", "ignored", "rejected", "bills")


def ingest(
    settings: Settings,
    paths: Annotated[list[str], typer.Argument(help="Files and folders; plain, gz or zst; `-` for standard input.")],
    format: Annotated[  # noqa: A002 -- the flag is named so
        str | None, typer.Option("--format", help="Format of every file, instead of detecting it.")
    ] = None,
    map: Annotated[  # noqa: A002 -- the flag is named so
        Path | None, typer.Option("--map", help="Column map (YAML) for files in no known format.")
    ] = None,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Keep prompts and answers in a file beside the database.")
    ] = False,
    keep_users: Annotated[
        bool, typer.Option("--keep-users", help="Store e-mail addresses, phone numbers and IPs as they are.")
    ] = False,
    assume_time: AssumeTime = None,
    gateway: GatewayName = None,
    lock_timeout: Annotated[
        float, typer.Option("--lock-timeout", min=0, help="Seconds to wait for a database that is in use.")
    ] = 0,
) -> None:
    """Read logs and bills into the database.

    `-` reads standard input.

    Every record is accepted, a duplicate, ignored, rejected with its reason, or a bill line; the counts add up. A file
    is in whole or not at all, and the same content twice changes nothing.
    """
    reading = Reading(paths, format, map, assume_time, gateway, keep_text=keep_text, keep_users=keep_users)
    with open_store(settings, lock_timeout=lock_timeout) as store:
        result = read_logs(settings, store, reading)
    answer(
        settings,
        {"schema": "llmaudit/ingest/1", "files": result.files, "totals": result.totals},
        lambda: show(settings, result),
    )
    failure = first_failure(result)
    if failure:
        raise Ended(failure.exit_code)


def show(settings: Settings, result: IngestResult) -> None:
    """Print what became of every file that was looked at; stderr names the others."""
    rows = [
        [file.path, file.format or "unknown", *(getattr(file, name) for name in COUNTS), file.skipped or ""]
        for file in result.files
        if not file.was_left
    ]
    rows.append(["total", "", *(getattr(result.totals, name) for name in COUNTS), ""])
    table(settings, "Ingested", ["file", "format", *COUNTS, ""], rows, left=(0, 1, 8))
    reasons = sum((Counter(file.reasons) for file in result.files if file.rejected), Counter[str]())
    for reason, count in sorted(reasons.items()):
        if reason in REJECTED:
            line(f"  rejected {count:,}: {told(reason)}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, ingest, "ingest", "llmaudit ingest logs/ --db october.duckdb")
