"""`llmaudit pricing quote`: the exact cost of one usage."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llmaudit.cli.inputs import catalog
from llmaudit.cli.options import Ended
from llmaudit.cli.output import answer, line
from llmaudit.cli.pricing.common import At, Seller, moment, plain
from llmaudit.errors import Exit, UsageError, printable
from llmaudit.money import as_json, parse_decimal, shown
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Quote


def quote(
    settings: Settings,
    model: Annotated[str, typer.Option("--model", help="Model, as a log names it.")],
    seller: Seller = None,
    at: At = None,
    started_at: Annotated[
        str | None, typer.Option("--started-at", help="Instant of the start, if the completion is not known.")
    ] = None,
    input: Annotated[int, typer.Option("--input", min=0, help="Uncached input tokens.")] = 0,  # noqa: A002
    cache_read: Annotated[int, typer.Option("--cache-read", min=0, help="Tokens read from a cache.")] = 0,
    cache_write_5m: Annotated[int, typer.Option("--cache-write-5m", min=0, help="Tokens cached for 5 minutes.")] = 0,
    cache_write_1h: Annotated[int, typer.Option("--cache-write-1h", min=0, help="Tokens cached for 1 hour.")] = 0,
    cache_write_other: Annotated[
        int, typer.Option("--cache-write-other", min=0, help="Tokens cached for another or an unknown time.")
    ] = 0,
    output: Annotated[int, typer.Option("--output", min=0, help="Output tokens, reasoning included.")] = 0,
    reasoning: Annotated[
        int | None, typer.Option("--reasoning", min=0, help="Of the output: reasoning tokens.")
    ] = None,
    input_audio: Annotated[int, typer.Option("--input-audio", min=0, help="Of the input: audio tokens.")] = 0,
    cache_read_audio: Annotated[
        int, typer.Option("--cache-read-audio", min=0, help="Of the cached tokens read: audio tokens.")
    ] = 0,
    input_image: Annotated[int, typer.Option("--input-image", min=0, help="Of the input: image tokens.")] = 0,
    output_audio: Annotated[int, typer.Option("--output-audio", min=0, help="Of the output: audio tokens.")] = 0,
    output_image: Annotated[int, typer.Option("--output-image", min=0, help="Of the output: image tokens.")] = 0,
    web_searches: Annotated[int, typer.Option("--web-searches", min=0, help="Web searches by the model.")] = 0,
    piece: Annotated[
        list[str] | None,
        typer.Option("--piece", help="UNIT=COUNT of something else, such as code_hour=0.5; repeatable."),
    ] = None,
    tier: Annotated[
        str | None, typer.Option("--tier", help="Service tier that served it: flex, priority, fast.")
    ] = None,
    batch: Annotated[bool, typer.Option("--batch", help="Through the batch API.")] = False,
    region: Annotated[str | None, typer.Option("--region", help="Region class, or global.")] = None,
) -> None:
    """Price one usage exactly, with every rule and assumption used."""
    from llmaudit.catalog import Conditions
    from llmaudit.catalog import quote as quote_usage

    if at and started_at:
        raise UsageError("--at and --started-at cannot be used together", next_step="Keep --at.", slug="two-instants")
    prices = catalog(settings)
    tokens = {
        "input_tokens": input,
        "cache_read_tokens": cache_read,
        "cache_write_5m_tokens": cache_write_5m,
        "cache_write_1h_tokens": cache_write_1h,
        "cache_write_other_tokens": cache_write_other,
        "output_tokens": output,
        "input_audio_tokens": input_audio,
        "cache_read_audio_tokens": cache_read_audio,
        "input_image_tokens": input_image,
        "output_audio_tokens": output_audio,
        "output_image_tokens": output_image,
        "web_searches": web_searches,
    } | ({} if reasoning is None else {"reasoning_tokens": reasoning})
    when = moment(started_at, "--started-at") if started_at else moment(at)
    conditions = Conditions(when, service_tier=tier, is_batch=batch, region=region, at_is_start=bool(started_at))
    found = quote_usage(prices, model, tokens, conditions, seller=seller, pieces=_pieces(piece or []))
    document = quote_document(found) | {"catalog_version": prices.version, "at": conditions.at, "model": model}
    answer(settings, document, lambda: _show_quote(found))
    if found.status == "unpriced":
        raise Ended(Exit.BAD_INPUT)


def _pieces(texts: list[str]) -> dict[str, Decimal]:
    """Return counts by unit.

    Raises:
        UsageError: A text is not `UNIT=COUNT`, or its unit is none of the catalog's.
    """
    from llmaudit.catalog.units import PIECE_UNITS

    pieces: dict[str, Decimal] = {}
    for text in texts:
        unit, _, count = text.partition("=")
        try:
            amount = parse_decimal(count)
        except ValueError:
            amount = Decimal(-1)
        if unit not in PIECE_UNITS or amount < 0:
            raise UsageError(
                f"--piece {printable(text)} is not UNIT=COUNT",
                next_step=f"Units: {', '.join(sorted(PIECE_UNITS))}.",
                slug="not-a-piece",
            )
        pieces[unit] = pieces.get(unit, Decimal(0)) + amount
    return pieces


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
                "counter": part.counter,
                "unit": part.unit,
                "tokens": int(part.quantity) if part.is_token else None,
                "quantity": plain(part.quantity),
                "usd_per_million": as_json(part.usd) if part.is_token else None,
                "usd_each": None if part.is_token else as_json(part.usd),
                "cost_usd": part.cost_usd,
            }
            for part in found.components
        ],
        "rules": list(found.rules),
        "assumptions": list(found.assumptions),
    }


def _show_quote(found: Quote) -> None:
    if found.cost_usd is None:
        line(f"unpriced: {printable('; '.join(found.assumptions), 2000)}")
        return
    for part in found.components:
        each = f"${plain(part.usd)} {'per million' if part.is_token else 'each'}"
        line(f"{part.counter:26}{part.quantity:>14,} x {each} = {as_json(part.cost_usd)}")
    line(f"{'cost':26}{shown(found.cost_usd, 12)}")
    if found.high_usd != found.low_usd:
        line(f"{'between':26}{shown(found.low_usd, 12)} and {shown(found.high_usd, 12)}")
    for rule in found.rules:
        line(f"rule: {printable(rule, 1000)}")
    for note in found.assumptions:
        line(f"assumed: {printable(note, 1000)}")
