"""`llmaudit pricing`: the catalog, and exact quotes from it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.options import Ended, command
from llmaudit.cli.output import answer, line, table
from llmaudit.cli.work import catalog
from llmaudit.errors import Exit, InputError, UsageError, printable
from llmaudit.money import as_json, shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog, Offer, Quote
    from llmaudit.catalog.model import Price

At = Annotated[str | None, typer.Option("--at", help="Instant, such as 2026-10-01T08:00:00Z; now where left out.")]
Seller = Annotated[str | None, typer.Option("--seller", help="Who bills; the model's maker where left out.")]


def show(
    settings: Settings,
    model: Annotated[str, typer.Argument(help="Model, as a log names it.")],
    seller: Seller = None,
    at: At = None,
) -> None:
    """Show every dated price of a model, with conditions, source and confidence; with --at, those in force then."""
    prices = catalog(settings)
    moment = _moment(at) if at else None
    offer = _offer(prices, model, seller, moment)
    spans = [span for when in prices.spans(offer).values() for span in when]
    rows = [span for span in spans if moment is None or span.start <= moment < span.end]
    document: dict[str, Any] = {
        "schema": "llmaudit/pricing-show/1",
        "catalog_version": prices.version,
        "seller": offer.seller,
        "sku": offer.sku.sku,
        "model": offer.sku.model,
        "class": offer.sku.model_class,
        "context": offer.sku.context,
        "prices": [_price(span.price, span.start, span.end) for span in rows],
    }
    answer(settings, document, lambda: _show_prices(settings, offer, document["prices"]))


def _show_prices(settings: Settings, offer: Offer, prices: list[dict[str, Any]]) -> None:
    units = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "cache_write_other", "output")
    rows = [
        [
            (price["valid_from"] or "")[:16],
            (price["valid_to"] or "")[:16],
            ", ".join(f"{name}={value}" for name, value in price["when"].items()),
            *(price["usd_per_million"].get(unit, "") for unit in units),
            price["basis"],
            price["source"],
        ]
        for price in prices
    ]
    columns = ["from (UTC)", "to", "when", *units, "basis", "source"]
    title = f"{offer.seller} {offer.sku.sku} ({offer.sku.model}), US dollars per million tokens"
    table(settings, title, columns, rows, left=(0, 1, 2, 9, 10))


def _price(price: Price, start: datetime, end: datetime) -> dict[str, Any]:
    conditions = {name: getattr(price.when, name) for name in price.when.__struct_fields__}
    return {
        "valid_from": start.isoformat() + "Z",
        "valid_to": None if end.year == 9999 else end.isoformat() + "Z",  # noqa: PLR2004 -- the catalog's "for ever"
        "when": {name: value for name, value in conditions.items() if value},
        "usd_per_million": {unit: f"{usd:f}" for unit, usd in price.usd_per_million.items()},
        "usd_each": {unit: f"{usd:f}" for unit, usd in price.usd_each.items()},
        "basis": price.basis,
        "source": price.source,
        "checked_on": price.checked_on,
        "firm_until": price.firm_until.replace(tzinfo=None) if price.firm_until else None,
        "note": price.note,
    }


def list_models(settings: Settings) -> None:
    """List every model in the catalog with the price in force now."""
    from llmaudit.catalog import Conditions, Rates, rates_for

    prices = catalog(settings)
    now = _moment(None)
    rows: list[dict[str, Any]] = []
    for offer in prices.offers():
        rates = rates_for(prices, offer, Conditions(now))
        vector = rates.price.usd_per_million if isinstance(rates, Rates) else {}
        rows.append(
            {
                "seller": offer.seller,
                "sku": offer.sku.sku,
                "model": offer.sku.model,
                "class": offer.sku.model_class,
                "usd_per_million": {unit: f"{usd:f}" for unit, usd in vector.items()},
            }
        )
    document = {"schema": "llmaudit/pricing-list/1", "catalog_version": prices.version, "at": now, "models": rows}
    columns = ["seller", "sku", "class", "input", "cache read", "output"]
    cells = [
        [
            row["seller"],
            row["sku"],
            row["class"] or "",
            *(row["usd_per_million"].get(u, "") for u in ("input", "cache_read", "output")),
        ]
        for row in rows
    ]
    title = f"Catalog {prices.version}, US dollars per million tokens at {now:%Y-%m-%dT%H:%MZ}"
    answer(settings, document, lambda: table(settings, title, columns, cells, left=(0, 1, 2)))


def quote(
    settings: Settings,
    model: Annotated[str, typer.Option("--model", help="Model, as a log names it.")],
    seller: Seller = None,
    at: At = None,
    input: Annotated[int, typer.Option("--input", min=0, help="Uncached input tokens.")] = 0,  # noqa: A002
    cache_read: Annotated[int, typer.Option("--cache-read", min=0, help="Tokens read from a cache.")] = 0,
    cache_write_5m: Annotated[int, typer.Option("--cache-write-5m", min=0, help="Tokens cached for 5 minutes.")] = 0,
    cache_write_1h: Annotated[int, typer.Option("--cache-write-1h", min=0, help="Tokens cached for 1 hour.")] = 0,
    cache_write_other: Annotated[
        int, typer.Option("--cache-write-other", min=0, help="Tokens cached for another or unknown time.")
    ] = 0,
    output: Annotated[int, typer.Option("--output", min=0, help="Output tokens, reasoning included.")] = 0,
    tier: Annotated[str | None, typer.Option("--tier", help="Service tier: flex, priority, fast.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="Through the batch interface.")] = False,
    region: Annotated[str | None, typer.Option("--region", help="Region class, or global.")] = None,
) -> None:
    """Price one usage exactly, with every rule and assumption used."""
    from llmaudit.catalog import Conditions
    from llmaudit.catalog import quote as quote_usage

    prices = catalog(settings)
    tokens = {
        "input_tokens": input,
        "cache_read_tokens": cache_read,
        "cache_write_5m_tokens": cache_write_5m,
        "cache_write_1h_tokens": cache_write_1h,
        "cache_write_other_tokens": cache_write_other,
        "output_tokens": output,
    }
    conditions = Conditions(_moment(at), service_tier=tier, is_batch=batch, region=region)
    found = quote_usage(prices, model, tokens, conditions, seller=seller)
    document = quote_document(found) | {"catalog_version": prices.version, "at": conditions.at, "model": model}
    answer(settings, document, lambda: _show_quote(found))
    if found.status == "unpriced":
        raise Ended(Exit.BAD_INPUT)


def quote_document(found: Quote) -> dict[str, Any]:
    """Return a quote as JSON data."""
    return {
        "schema": "llmaudit/pricing-quote/1",
        "status": found.status,
        "cost_usd": found.cost_usd,
        "low_usd": found.low_usd,
        "high_usd": found.high_usd,
        "seller": found.offer.seller if found.offer else None,
        "sku": found.offer.sku.sku if found.offer else None,
        "components": [
            {
                "counter": c.counter,
                "tokens": c.tokens,
                "usd_per_million": as_json(c.usd_per_million),
                "cost_usd": c.cost_usd,
            }
            for c in found.components
        ],
        "rules": list(found.rules),
        "assumptions": list(found.assumptions),
    }


def _show_quote(found: Quote) -> None:
    if found.cost_usd is None:
        line(f"unpriced: {'; '.join(found.assumptions)}")
        return
    for part in found.components:
        line(
            f"{part.counter:26}{part.tokens:>14,} x ${part.usd_per_million.normalize():f} per million"
            f" = {as_json(part.cost_usd)}"
        )
    line(f"{'cost':26}{shown(found.cost_usd, 12)}")
    if found.high_usd != found.low_usd:
        line(f"{'between':26}{shown(found.low_usd, 12)} and {shown(found.high_usd, 12)}")
    for rule in found.rules:
        line(f"rule: {rule}")
    for note in found.assumptions:
        line(f"assumed: {note}")


def _offer(prices: Catalog, model: str, seller: str | None, at: datetime | None) -> Offer:
    match = prices.find(model, seller=seller, at=at)
    if match.offer is None:
        near = ", ".join(prices.nearest(model))
        raise InputError(
            f"{match.reason}: {printable(model)} is not in the catalog",
            next_step=f"The nearest names are {near}." if near else "`llmaudit pricing list` shows every name.",
            slug="unknown-model",
        )
    return match.offer


def _moment(text: str | None) -> datetime:
    """Return an instant as naive UTC; the present where none is given."""
    if text is None:
        return datetime.now(UTC).replace(tzinfo=None)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--at {printable(text)} is not a date or time", next_step="Write 2026-10-01T08:00:00Z.", slug="not-a-time"
        ) from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        help="The price catalog, and exact quotes from it.", no_args_is_help=True, rich_markup_mode=None
    )
    command(group, list_models, "list", "llmaudit pricing list")
    command(group, show, "show", "llmaudit pricing show gpt-5.6-sol --at 2026-10-01")
    command(group, quote, "quote", "llmaudit pricing quote --model gpt-5.6-sol --input 2000 --output 300")
    app.add_typer(group, name="pricing")
