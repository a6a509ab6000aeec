"""`llmaudit pricing list` and `show`: what is in the catalog, and everything it says of one model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.pricing.common import At, Seller, evidence_of, moment, offer_of, plain, seller_of
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog, Offer
    from llmaudit.catalog.model import When
    from llmaudit.catalog.timeline import Span

UNITS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_other", "output")


def show(
    settings: Settings,
    model: Annotated[str, typer.Argument(help="Model, as a log names it.")],
    seller: Seller = None,
    at: At = None,
) -> None:
    """Show every dated price of a model.

    Each has its conditions, source and confidence. With --at: the prices in force at that time.
    """
    prices = catalog(settings)
    asked = moment(at) if at else None
    offer = offer_of(prices, model, seller, asked)
    rows = [
        (when, span)
        for when, every in prices.spans(offer).items()
        for span in every
        if asked is None or span.start <= asked < span.end
    ]
    family = prices.tokenizer_of(offer.sku.model)
    document: dict[str, Any] = {
        "schema": "llmaudit/pricing-show/1",
        "catalog_version": prices.version,
        "seller": offer.seller,
        "sku": offer.sku.sku,
        "model": offer.sku.model,
        "class": offer.sku.model_class,
        "context": offer.sku.context,
        "max_output": offer.sku.max_output,
        "tokenizer": offer.sku.tokenizer,
        "tokenizer_note": family.models_note if family else None,
        "retired_at": offer.sku.retired_at,
        "sold_by": sold_by(prices, offer),
        "prices": [price_of(when, span) for when, span in rows],
    }
    answer(settings, document, lambda: _show_prices(settings, offer, document))


def sold_by(prices: Catalog, offer: Offer) -> list[dict[str, str]]:
    """Return every offer of the same model, this one included."""
    same = [other for other in prices.offers() if other.sku.model == offer.sku.model]
    return [{"seller": other.seller, "sku": other.sku.sku} for other in same]


def _show_prices(settings: Settings, offer: Offer, document: dict[str, Any]) -> None:
    prices = document["prices"]
    stated = {unit for price in prices for unit in price["usd_per_million"]}
    units = [*(unit for unit in UNITS if unit in stated), *sorted(stated - set(UNITS))]
    rows = [
        [
            price["valid_from"][:16],
            (price["valid_to"] or "")[:16],
            ", ".join(f"{name}={value}" for name, value in price["when"].items()),
            *(price["usd_per_million"].get(unit, "") for unit in units),
            ", ".join(f"{unit} {usd}" for unit, usd in price["usd_each"].items()),
            price["basis"] + (f" by {price['package']}" if price["package"] and price["basis"] == "first-seen" else ""),
            "/".join(map(str, price["agree"] or ())),
            price["source"],
        ]
        for price in prices
    ]
    columns = ["from (UTC)", "to", "when", *units, "each", "basis", "agree", "source"]
    title = f"{offer.seller} {offer.sku.sku} ({offer.sku.model}), US dollars per million tokens"
    words = (0, 1, 2, len(columns) - 4, len(columns) - 3, len(columns) - 1)
    table(settings, title, columns, rows, left=words)
    if document["tokenizer"]:
        note = document["tokenizer_note"]
        line(f"  its tokens are counted as {document['tokenizer']}{f' ({note})' if note else ''}")


def price_of(when: When, span: Span) -> dict[str, Any]:
    """Return the prices of one condition and span as JSON data; their evidence where it is one and the same."""
    from llmaudit.catalog.instants import FOREVER, written
    from llmaudit.catalog.units import TOKEN_UNITS

    ordered = sorted(
        span.rates.values(), key=lambda rate: (UNITS.index(rate.unit) if rate.unit in UNITS else 99, rate.unit)
    )
    first = next((rate for rate in ordered if rate.unit == "input"), ordered[0])
    return {
        "valid_from": written(span.start),
        "valid_to": None if span.end == FOREVER else written(span.end),
        "when": when.given,
        "usd_per_million": {rate.unit: plain(rate.usd) for rate in ordered if rate.unit in TOKEN_UNITS},
        "usd_each": {rate.unit: plain(rate.usd) for rate in ordered if rate.unit not in TOKEN_UNITS},
        **evidence_of(first),
        "by_unit": {rate.unit: evidence_of(rate) for rate in ordered if rate.evidence != first.evidence},
    }


def list_models(
    settings: Settings,
    seller: Annotated[str | None, typer.Option("--seller", help="Only what this seller sells.")] = None,
    at: At = None,
) -> None:
    """List every model with its price now (or --at)."""
    from llmaudit.catalog import Conditions, Rates, rates_for

    prices = catalog(settings)
    now = moment(at)
    only = seller_of(prices, seller)
    rows: list[dict[str, Any]] = []
    for offer in prices.offers():
        if only and offer.seller != only:
            continue
        rates = rates_for(prices, offer, Conditions(now, region="global"))
        used = {rate.unit: plain(rate.usd) for rate in rates.used.values()} if isinstance(rates, Rates) else {}
        rows.append(
            {
                "seller": offer.seller,
                "sku": offer.sku.sku,
                "model": offer.sku.model,
                "class": offer.sku.model_class,
                "usd_per_million": {unit: used[unit] for unit in UNITS if unit in used},
            }
        )
    document = {"schema": "llmaudit/pricing-list/1", "catalog_version": prices.version, "at": now, "models": rows}
    cells = [
        [
            row["seller"],
            row["sku"],
            row["class"] or "",
            *(row["usd_per_million"].get(unit, "") for unit in ("input", "cache_read", "output")),
        ]
        for row in rows
    ]
    title = f"Catalog {prices.version}, US dollars per million tokens at {now:%Y-%m-%dT%H:%MZ}"
    columns = ["seller", "sku", "class", "input", "cache read", "output"]
    answer(settings, document, lambda: table(settings, title, columns, cells, left=(0, 1, 2)))
