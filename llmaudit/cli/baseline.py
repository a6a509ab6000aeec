"""`llmaudit baseline save`: what the cost check compares with, as a small file for git."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import AssumeTime, command
from llmaudit.cli.output import answer, line, notice, or_unanswered
from llmaudit.cli.reading import Reading, logs_or_database
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.gate.model import Baseline

SCHEMA = "llmaudit/baseline-save/1"
PARTS = ("path", "bytes", "unpriced", "cells", "cases", "usd", "detail")
"""What the document holds of a baseline; null where there was nothing to save."""


def save(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="The file to write, such as llmaudit-baseline.json.")],
    paths: Annotated[list[str] | None, typer.Argument(help="Logs; without them, what is in the database.")] = None,
    case: Annotated[
        str | None, typer.Option("--case", help="What names a case: tag:NAME or id:PATTERN (tag:case).")
    ] = None,
    format: Annotated[str | None, typer.Option("--log-format", help="Format of every log.")] = None,  # noqa: A002
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (YAML) for logs in no known format.")
    ] = None,
    assume_time: AssumeTime = None,
) -> None:
    """Save what the log costs now as the baseline for `llmaudit check`.

    The file is small, sorted JSON with one cell per line: commit it, and a diff shows what changed.
    """
    from llmaudit.gate.cases import checked_case
    from llmaudit.gate.file import to_json
    from llmaudit.gate.measure import measure

    chosen = None if case is None else checked_case(case)
    prices = catalog(settings)
    with logs_or_database(settings, Reading(paths or [], format, column_map, assume_time)) as store:
        found = measure(store, prices, settings.period, case=chosen)
    known = {"catalog_version": found.catalog_version, "requests": found.requests}
    with or_unanswered(settings, SCHEMA, PARTS, **known):
        must_hold_requests(found)
    text = to_json(found)
    write_file(file, text)
    document = {
        "schema": SCHEMA,
        **known,
        "path": str(file),
        "bytes": len(text.encode()),
        "unpriced": found.unpriced,
        "cells": len(found.cells),
        "cases": len(found.cases),
        "usd": _cost(found),
        "detail": found.detail,
    }
    answer(settings, document, lambda: line(_said(found, file, len(text.encode()))))
    if found.unpriced and not settings.json:
        notice(settings, f"warning: the cost of {found.unpriced:,} requests is unknown and in none of its figures")


def must_hold_requests(found: Baseline) -> None:
    """Refuse to save a log without requests.

    Raises:
        NotEnoughError: It has none.
    """
    from llmaudit.errors import NotEnoughError

    if not found.requests:
        raise NotEnoughError(
            "no requests to save a baseline of: the log is empty, or the period has none",
            next_step="Ingest a log first, or check --since, --until and --month.",
            slug="nothing-to-save",
        )


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    from llmaudit.report.write import write

    write(path, text)


def _cost(found: Baseline) -> Decimal | None:
    """Return what is known of the cost, or None if nothing is: a sum of nothing would read as free."""
    return None if found.unpriced == found.requests else found.usd


def _said(found: Baseline, file: Path, size: int) -> str:
    from llmaudit.money import shown

    cases = f", {len(found.cases):,} cases" if found.cases else ""
    cost = _cost(found)
    money = "cost unknown" if cost is None else shown(cost)
    return f"{file}: {found.requests:,} requests, {money}, {len(found.cells):,} cells{cases}, {size:,} bytes"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    inner = typer.Typer(help="Save a baseline for the cost check.", no_args_is_help=True, rich_markup_mode=None)
    command(inner, save, "save", "llmaudit baseline save llmaudit-baseline.json --month 2026-10")
    app.add_typer(inner, name="baseline")
