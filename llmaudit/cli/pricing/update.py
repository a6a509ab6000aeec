"""`llmaudit pricing update` and `conflicts`: recompile the catalog, and see where its sources disagree."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.pricing.common import seller_of
from llmaudit.errors import UsageError, printable
from llmaudit.settings import Settings


def update(
    settings: Settings,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to write; by default pricing/compiled of this installation."),
    ] = None,
    litellm_wheel: Annotated[
        Path | None, typer.Option("--litellm-wheel", help="LiteLLM's wheel; by default an installed litellm.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", help="Day of the update, such as 2026-11-26; today by default.")
    ] = None,
) -> None:
    """Rebuild the catalog from its source packages.

    The packages have to be installed (`pip install llmaudit[catalog]`).

    Nothing is downloaded. Rows that are no longer stated are kept, marked as superseded; the same sources and day give
    the same bytes.
    """
    from llmaudit.catalog.build.update import update as compile_catalog
    from llmaudit.catalog.load import load_catalog, packaged_folder

    folder = out or packaged_folder() / "compiled"
    report = compile_catalog(
        folder, litellm_wheel=litellm_wheel, on=_day(on), previous=folder if folder.is_dir() else None
    )
    version = load_catalog(settings.catalogs).version if folder == packaged_folder() / "compiled" else None
    document: dict[str, Any] = {
        "schema": "llmaudit/pricing-update/1",
        "catalog_version": version,
        "out": str(folder),
        "packages": report.packages,
        "rows": sum(report.rows.values()),
        "sellers": len(report.rows),
        "new": report.new,
        "changed": report.changed,
        "superseded": report.superseded,
        "conflicts": [
            {"class": name, "status": status, "count": count}
            for (name, status), count in sorted(report.conflicts.items())
        ],
        "left_out": report.left_out,
    }
    answer(settings, document, lambda: _show_update(document))


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--on {printable(text)} is not a date or time", next_step="Write 2026-11-26.", slug="not-a-time"
        ) from None


def _show_update(document: dict[str, Any]) -> None:
    line(f"wrote     {printable(document['out'])}")
    line("from      " + ", ".join(f"{name} {version}" for name, version in document["packages"].items()))
    line(f"rows      {document['rows']:,} of {document['sellers']} sellers")
    line(f"changes   {document['new']:,} new, {document['changed']:,} changed, {document['superseded']:,} superseded")
    by_status: Counter[str] = Counter()
    for row in document["conflicts"]:
        by_status[row["status"]] += row["count"]
    line("conflicts " + ", ".join(f"{count} {status}" for status, count in by_status.items()))
    if document["catalog_version"]:
        line(f"catalog   {document['catalog_version']}")


def conflicts(
    settings: Settings,
    seller: Annotated[str | None, typer.Option("--seller", help="Only this seller's.")] = None,
    status: Annotated[str | None, typer.Option("--status", help="open, overlay or accepted.")] = None,
    kind: Annotated[str | None, typer.Option("--class", help="Only of this class, such as alias-moved.")] = None,
) -> None:
    """List prices on which the sources disagree.

    Shows every value, which one is used, and why.
    """
    from llmaudit.catalog.load import packaged_folder

    prices = catalog(settings)
    only = seller_of(prices, seller)
    text = (packaged_folder() / "compiled" / "conflicts.csv").read_text(encoding="utf-8")
    rows = [
        row
        for row in csv.DictReader(StringIO(text, newline=""))
        if (only is None or row["seller"] == only)
        and (status is None or row["status"] == status)
        and (kind is None or row["class"] == kind)
    ]
    document = {
        "schema": "llmaudit/pricing-conflicts/1",
        "catalog_version": prices.version,
        "by_status": dict(sorted(Counter(row["status"] for row in rows).items())),
        "by_class": dict(sorted(Counter(row["class"] for row in rows).items())),
        "conflicts": rows,
    }
    columns = ["seller", "sku", "unit", "when", "at", "values", "used", "class", "status", "why"]
    cells = [[row[name] for name in columns] for row in rows]
    title = f"{len(rows):,} disagreements of the price sources"
    answer(settings, document, lambda: table(settings, title, columns, cells, left=tuple(range(len(columns)))))
