"""`llmaudit ingest`: logs into the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import AssumeTime, Ended, GatewayName, command
from llmaudit.cli.output import MOST_NAMED, answer, line, table
from llmaudit.cli.reading import Reading, first_failure, read_logs
from llmaudit.rejects import REJECTED, told
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.ingest import FileResult, IngestResult

COUNTS = ("lines", "accepted", "duplicates", "ignored", "rejected", "bills")


def ingest(
    settings: Settings,
    paths: Annotated[list[str], typer.Argument(help="Files and folders; plain, gz or zst; `-` for standard input.")],
    format: Annotated[  # noqa: A002 -- the flag is named so
        str | None, typer.Option("--format", help="Format of every file, instead of detection.")
    ] = None,
    map: Annotated[  # noqa: A002 -- the flag is named so
        Path | None, typer.Option("--map", help="Column map (YAML) for files in no known format.")
    ] = None,
    keep_text: Annotated[
        bool, typer.Option("--keep-text", help="Keep prompts and answers, in a file next to the database.")
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

    Every record is accepted, a duplicate, ignored, rejected with a reason, or a bill line; the counts add up. A file is
    read whole or not at all, and reading the same content twice changes nothing.
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
    """Print what became of the files that were looked at; stderr names the others.

    Of many files only those are named that need a look: a coding agent leaves thousands.
    """
    looked = [file for file in result.files if not file.was_left]
    total = [getattr(result.totals, name) for name in COUNTS]
    if len(looked) <= MOST_NAMED:
        rows = [[file.path, file.format or "unknown", *_counts(file), file.skipped or ""] for file in looked]
        rows.append(["total", "", *total, ""])
        _table(settings, "Ingested", ["file", "format", *COUNTS, ""], rows, (0, 1, 8))
    else:
        rows = [list(row) for row in _by_format(looked)]
        rows.append(["total", len(looked), *total, ""])
        _table(settings, "Ingested", ["format", "files", *COUNTS, ""], rows, (0, 8))
        _show_odd(settings, looked)
    reasons = sum((Counter(file.reasons) for file in result.files if file.rejected), Counter[str]())
    for reason, count in sorted(reasons.items()):
        if reason in REJECTED:
            line(f"  rejected {count:,}: {told(reason)}")


def _table(settings: Settings, title: str, columns: list[str], rows: list[list[Any]], left: tuple[int, ...]) -> None:
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    table(settings, title, columns, cells, left=left)


def _counts(file: FileResult) -> list[int]:
    return [getattr(file, name) for name in COUNTS]


def _by_format(files: Sequence[FileResult]) -> Iterator[tuple[Any, ...]]:
    """Yield format, number of files and counts of those that met one fate, with it."""
    groups: dict[tuple[str, str], list[FileResult]] = {}
    for file in files:
        groups.setdefault((file.format or "unknown", file.skipped or ""), []).append(file)
    for (form, skipped), group in sorted(groups.items()):
        yield form, len(group), *map(sum, zip(*map(_counts, group), strict=True)), skipped


def _show_odd(settings: Settings, files: Sequence[FileResult]) -> None:
    """Name the files with rejected records or in no known format, as far as there are not too many."""
    odd = sorted((file for file in files if file.rejected or file.format is None), key=lambda file: -file.rejected)
    if not odd:
        return
    rows = [[file.path, file.format or "unknown", file.lines, file.rejected, file.skipped or ""] for file in odd]
    _table(settings, "Files to look at", ["file", "format", "lines", "rejected", ""], rows[:MOST_NAMED], (0, 1, 4))
    if len(odd) > MOST_NAMED:
        line(f"  and {len(odd) - MOST_NAMED:,} more; --json names every file")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, ingest, "ingest", "llmaudit ingest logs/ --db october.duckdb")
