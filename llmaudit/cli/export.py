"""`llmaudit export`: the data as files that other tools can read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line
from llmaudit.errors import StorageFailedError, UsageError, printable
from llmaudit.settings import Settings


def export(
    settings: Settings,
    to: Annotated[Path, typer.Option("--to", help="Folder to write to; created if it does not exist.")],
    format: Annotated[str, typer.Option("--format", help="parquet, csv or focus.")] = "parquet",  # noqa: A002
) -> None:
    """Write requests, cells, tiers and bill lines to a folder.

    Requests come with their list cost. --format focus writes the spend in the columns of FOCUS instead.

    Files of the same names are replaced. In CSV no text can run as a formula.
    """
    from llmaudit.export import Form
    from llmaudit.export import export as write

    if format not in get_args(Form):
        raise UsageError(
            f"--format {printable(format)}: there is no such export format",
            next_step="Use parquet, csv or focus.",
            slug="no-such-export",
        )
    try:
        to.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailedError(
            f"{printable(str(to))} cannot be created: {error.strerror}", next_step="Name a folder.", slug="cannot-write"
        ) from None
    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        files = write(store, prices, to, cast("Form", format), settings.period)
    document = {
        "schema": "llmaudit/export/1",
        "catalog_version": prices.version,
        "folder": str(to),
        "format": format,
        "files": files,
    }

    def people() -> None:
        for file in files:
            line(f"{printable(str(to / file.name))}: {file.rows:,} rows")

    answer(settings, document, people)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, export, "export", "llmaudit export --to exported --format csv")
