"""`llmaudit pricing history`: how the price of a model developed, for each seller."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.output import answer, table
from llmaudit.cli.pricing.common import Seller, evidence_of, offer_of, plain
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog, Offer

UNITS = ("input", "cache_read", "output")


def history(
    settings: Settings,
    model: Annotated[str, typer.Argument(help="Model, as a log names it.")],
    seller: Seller = None,
    all_sellers: Annotated[
        bool, typer.Option("--all-sellers", help="Every seller of the model, not only its provider.")
    ] = False,
) -> None:
    """Show how a model's ordinary price changed.

    Each change has its day, size and source.
    """
    prices = catalog(settings)
    offer = offer_of(prices, model, seller, None)
    offers = [other for other in prices.offers() if other.sku.model == offer.sku.model] if all_sellers else [offer]
    changes = [change for one in offers for change in _changes(prices, one)]
    changes.sort(key=lambda change: (change["at"], change["seller"], change["sku"]))
    document = {
        "schema": "llmaudit/pricing-history/1",
        "catalog_version": prices.version,
        "model": offer.sku.model,
        "changes": changes,
    }
    rows = [
        [
            change["at"][:16],
            change["seller"],
            change["sku"],
            *(change["usd_per_million"].get(unit, "") for unit in UNITS),
            *(
                "" if change["change_pct"].get(unit) is None else f"{change['change_pct'][unit]:+.1f}%"
                for unit in UNITS
            ),
            change["basis"],
            change["source"],
        ]
        for change in changes
    ]
    columns = ["from (UTC)", "seller", "sku", *UNITS, *(f"{unit} change" for unit in UNITS), "basis", "source"]
    title = f"{offer.sku.model}: ordinary prices, US dollars per million tokens"
    answer(settings, document, lambda: table(settings, title, columns, rows, left=(0, 1, 2, 9, 10)))


def _changes(prices: Catalog, offer: Offer) -> list[dict[str, Any]]:
    """Return the ordinary prices of an offer in order of time, each with its change against the one before."""
    from llmaudit.catalog.instants import FOREVER, written
    from llmaudit.catalog.model import When
    from llmaudit.catalog.units import TOKEN_UNITS

    changes: list[dict[str, Any]] = []
    before: dict[str, Decimal] = {}
    for span in prices.spans(offer).get(When(), []):
        now = {unit: rate.usd for unit, rate in span.rates.items() if unit in TOKEN_UNITS}
        if now == before or not now:
            continue
        first = span.rates.get("input") or next(iter(span.rates.values()))
        changes.append(
            {
                "at": written(span.start),
                "until": None if span.end == FOREVER else written(span.end),
                "seller": offer.seller,
                "sku": offer.sku.sku,
                "usd_per_million": {unit: plain(usd) for unit, usd in now.items()},
                "change_pct": {unit: _percent(before.get(unit), usd) for unit, usd in now.items()},
                **evidence_of(first),
            }
        )
        before = now
    return changes


def _percent(before: Decimal | None, now: Decimal) -> float | None:
    return round(float((now - before) / before) * 100, 2) if before else None
