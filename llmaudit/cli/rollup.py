"""`llmaudit rollup`: everything an audit needs in one small file, without any text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.cells import cells_and_logs, read_cells
from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line, warn
from llmaudit.errors import InputError, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.facts import Facts


def rollup(
    settings: Settings,
    out: Annotated[Path, typer.Option("--out", help="The cells file to write (.parquet).")],
    cells: Annotated[
        list[str] | None, typer.Argument(help="Cells files to add up, instead of a database.", show_default=False)
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="Features, teams and unknown models kept apart (5,000).")
    ] = None,
) -> None:
    """Roll up a database into one small file of cells.

    The file holds everything an audit needs: `llmaudit audit cells.parquet` gives the same audit as the database. Cells
    files of several days or machines add up.
    """
    from llmaudit.cellsfile import save
    from llmaudit.crowded import TOP
    from llmaudit.facts import added, facts_of

    check_parquet(out)
    prices = catalog(settings)
    if cells:
        facts = added(_parts(settings, prices, cells))
    else:
        with open_store(settings, read_only=True) as store:
            facts = facts_of(store, prices, settings.period, top or TOP)
    save(facts, prices, out)
    document = rollup_document(facts, prices, out, "llmaudit/rollup/1")
    answer(settings, document, lambda: show_rollup(document))
    if not settings.json:
        warn(settings, list(facts.notes))


def check_parquet(out: Path) -> None:
    """Refuse a name that is no Parquet file's.

    Raises:
        UsageError: It ends otherwise.
    """
    if out.suffix != ".parquet":
        raise UsageError(
            f"--out {out}: cells are written as Parquet", next_step="End the name in .parquet.", slug="not-parquet"
        )


def _parts(settings: Settings, prices: Catalog, paths: list[str]) -> list[Facts]:
    found, others = cells_and_logs(paths)
    if others:
        raise InputError(
            f"{printable(others[0])} is not a cells file",
            next_step="Give files written by `llmaudit rollup`; read logs into a database first (`llmaudit ingest`).",
            slug="not-cells",
        )
    return read_cells(settings, prices, found)


def rollup_document(facts: Facts, prices: Catalog, out: Path, schema: str) -> dict[str, Any]:
    """Return what a cells file that was written holds, for JSON."""
    from llmaudit.cells import price
    from llmaudit.evidence import requests, spend
    from llmaudit.summaries import all_summaries

    priced = price(facts.cells, prices)
    days = sorted(cell.day for cell in facts.cells if cell.day)
    return {
        "schema": schema,
        "catalog_version": prices.version,
        "path": str(out),
        "bytes": out.stat().st_size,
        "cells": len(facts.cells),
        "requests": requests(priced),
        "first_day": days[0] if days else None,
        "last_day": days[-1] if days else None,
        "timezone": facts.period.timezone,
        "since": facts.period.since,
        "until": facts.period.until,
        "spend_usd": spend(priced),
        "files": len(facts.sources),
        "bill_sums": len(facts.bills),
        "summaries": {summary.name: len(facts.summaries.get(summary.row, ())) for summary in all_summaries()},
        "warnings": list(facts.notes),
    }


def show_rollup(document: dict[str, Any]) -> None:
    """Print what a cells file holds, and what it is good for."""
    line(
        f"{document['cells']:,} cells of {document['requests']:,} requests in {printable(document['path'])}"
        f" ({document['bytes'] / 1e6:,.2f} MB)"
    )
    line(f"Audit it with: llmaudit audit {printable(document['path'])}")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, rollup, "rollup", "llmaudit rollup --db october.duckdb --out october.parquet")
