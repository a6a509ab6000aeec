"""`llmaudit ingest`: logs into the database."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.options import AssumeTime, Ended, GatewayName, command
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.work import first_failure, open_store, read_logs
from llmaudit.rejects import REJECTED, told
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.ingest import IngestResult


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
    """Read logs and bills into the database; `-` reads standard input.

    Every record is accepted, a duplicate, ignored, rejected with its reason, or a bill line; the counts add up. A file
    is in whole or not at all, and the same content twice changes nothing.
    """
    with open_store(settings, lock_timeout=lock_timeout) as store:
        result = read_logs(
            settings,
            store,
            paths,
            format,
            keep_text=keep_text,
            keep_users=keep_users,
            column_map=map,
            assume=assume_time,
            gateway=gateway,
        )
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
    columns = ["file", "format", "lines", "accepted", "duplicates", "ignored", "rejected", "bills", ""]
    rows = [
        [
            f.path,
            f.format or "unknown",
            f.lines,
            f.accepted,
            f.duplicates,
            f.ignored,
            f.rejected,
            f.bills,
            f.skipped or "",
        ]
        for f in result.files
        if not f.was_left
    ]
    t = result.totals
    rows.append(["total", "", t.lines, t.accepted, t.duplicates, t.ignored, t.rejected, t.bills, ""])
    table(settings, "Ingested", columns, rows, left=(0, 1, 8))
    reasons = sum((Counter(f.reasons) for f in result.files if f.rejected), Counter[str]())
    for reason, count in sorted(reasons.items()):
        if reason in REJECTED:
            line(f"  rejected {count:,}: {told(reason)}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, ingest, "ingest", "llmaudit ingest logs/ --db october.duckdb")
