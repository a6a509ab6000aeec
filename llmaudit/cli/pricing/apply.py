"""`llmaudit pricing apply`: the list cost of every request in a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.output import answer, line, table
from llmaudit.money import shown
from llmaudit.settings import Settings


def apply(
    settings: Settings,
    out: Annotated[
        Path | None, typer.Option("--out", help="Parquet file: one row per request, exact to 1e-18.")
    ] = None,
) -> None:
    """Price every request of a database at list.

    Each has a lower and an upper bound; requests without a price are counted with the reason.
    """
    from llmaudit.listcost import list_costs, priced_requests
    from llmaudit.parquetfile import write_parquet

    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        with priced_requests(store, prices, settings.period):
            found = store.dicts(
                "SELECT count(*) AS requests, count(list_usd) AS priced, sum(list_usd) AS list_usd,"
                " sum(list_low_usd) AS low_usd, sum(list_high_usd) AS high_usd FROM priced_requests"
            )[0]
            reasons = store.dicts(
                "SELECT why_unpriced AS reason, count(*) AS requests FROM priced_requests"
                " WHERE why_unpriced IS NOT NULL GROUP BY why_unpriced ORDER BY requests DESC, reason"
            )
        if out is not None:
            write_parquet(list_costs(store, prices, settings.period), out)
    document: dict[str, Any] = {
        "schema": "llmaudit/pricing-apply/1",
        "catalog_version": prices.version,
        **found,
        "unpriced": reasons,
        "out": str(out) if out else None,
    }
    answer(settings, document, lambda: _show(settings, document))


def _show(settings: Settings, document: dict[str, Any]) -> None:
    low, high = shown(document["low_usd"]), shown(document["high_usd"])
    line(f"requests {document['requests']:,}, {document['priced']:,} of them priced")
    line(f"list     {shown(document['list_usd'])}, between {low} and {high} (catalog {document['catalog_version']})")
    if document["out"]:
        line(f"rows     {document['out']}")
    if document["unpriced"]:
        rows = [[row["reason"], f"{row['requests']:,}"] for row in document["unpriced"]]
        table(settings, "without a price", ["reason", "requests"], rows)
