"""`llmaudit query`: one read-only SQL query on the database."""

from __future__ import annotations

import math
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from llmaudit.cli.inputs import open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, table, while_read
from llmaudit.errors import UsageError
from llmaudit.settings import Settings


def query(
    settings: Settings,
    sql: Annotated[str, typer.Argument(help="One SELECT; docs/schema.md has the tables.")],
    csv: Annotated[bool, typer.Option("--csv", help="Answer with CSV.")] = False,
) -> None:
    """Run one SELECT and print a table, JSON or CSV.

    The database is opened read-only, and SQL can reach neither files nor the network.
    """
    if csv and settings.json:
        raise UsageError(
            "--csv and --json cannot be used together", next_step="Leave one of them out.", slug="two-forms"
        )
    with open_store(settings, read_only=True) as store:
        columns, rows = store.ask(sql)
    if csv:
        from llmaudit.csvfile import write_rows

        with while_read():
            write_rows(sys.stdout, [name for name, _ in columns], rows)
        return
    document = {
        "schema": "llmaudit/query/1",
        "columns": [{"name": name, "type": kind} for name, kind in columns],
        "rows": [[_plain(value) for value in row] for row in rows],
    }
    answer(settings, document, lambda: table(settings, "", [name for name, _ in columns], rows, left=_words(columns)))


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: decimals as text with every digit, and what JSON has no word for as text."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | str | date | datetime) else str(value)


def _words(columns: list[tuple[str, str]]) -> list[int]:
    """Return the columns that are no figures."""
    figures = ("INT", "DECIMAL", "DOUBLE", "FLOAT", "NUMBER")
    return [place for place, (_, kind) in enumerate(columns) if not any(word in kind.upper() for word in figures)]


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, query, "query", 'llmaudit query "SELECT status, count(*) AS requests FROM requests GROUP BY status"')
