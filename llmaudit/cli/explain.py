"""`llmaudit explain`: how one number was computed, from file and line to money."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from llmaudit.cli.inputs import catalog, open_store
from llmaudit.cli.options import command
from llmaudit.cli.output import answer, line
from llmaudit.errors import InputError, printable
from llmaudit.money import as_json
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.cells import Cell, PricedCell
    from llmaudit.store import Store

_FIND = """
    SELECT r.*, CASE WHEN r.started_at IS NULL THEN s.assumed_at END AS assumed_at, s.assumed_by,
        CASE WHEN r.gateway IS NULL THEN s.assumed_gateway END AS assumed_gateway, s.path AS file,
        s.format AS format, s.content_sha256 AS content_sha256,
        t.tier AS tier, t.task AS task, t.signal AS signal, t.confidence AS confidence, t.reason AS tier_reason
    FROM requests r JOIN sources s USING (source_id) LEFT JOIN tiers t USING (row_id)
    WHERE r.request_id = $id OR r.response_id = $id OR r.call_id = $id OR concat(s.path, ':', r.line) = $id
    ORDER BY r.row_id
"""
AS_LOGGED = (
    "started_at", "gateway", "seller", "model_requested", "model_served", "model_raw", "endpoint", "status",
    "error_class", "service_tier", "is_batch", "is_streamed", "feature", "team", "billed_amount", "billed_kind",
)  # fmt: skip


def explain(
    settings: Settings,
    request_id: Annotated[str, typer.Argument(help="A request, response or call id, or FILE:LINE.")],
) -> None:
    """Show every step from a log line to its cost.

    Covers each attempt that has the id.
    """
    prices = catalog(settings)
    with open_store(settings, read_only=True) as store:
        rows = store.dicts(_FIND, {"id": request_id})
        if not rows:
            raise InputError(
                f"no request has the id {printable(request_id)}",
                next_step="`llmaudit requests` shows ids; FILE:LINE works too.",
                slug="no-such-request",
            )
        steps = [_steps(store, prices, row) for row in rows]
    document = {
        "schema": "llmaudit/explain/1",
        "catalog_version": prices.version,
        "request_id": request_id,
        "requests": steps,
    }

    def people() -> None:
        for step in steps:
            _show(step)

    answer(settings, document, people)


def _steps(store: Store, prices: Catalog, row: dict[str, Any]) -> dict[str, Any]:
    """Return the chain from a line to its money."""
    from llmaudit.cells import price
    from llmaudit.formats import format_named
    from llmaudit.request import COUNTERS, GATEWAY_CACHE
    from llmaudit.rollup import cell_of

    cell = cell_of(store, prices, row["row_id"])
    (priced,) = price([cell], prices)
    is_hit = cell.usage_status == GATEWAY_CACHE
    called = _called(cell, row, prices) if is_hit else priced
    return {
        "source": {name: row[name] for name in ("file", "line", "format", "content_sha256")},
        "as_logged": {name: row[name] for name in AS_LOGGED},
        "assumed_time": _assumed_time(row),
        "assumed_gateway": row["assumed_gateway"],
        "attempt_kind": cell.attempt_kind,
        "usage": {
            "status": row["usage_status"],
            "raw": row["raw_usage"],
            "rule": format_named(row["format"]).semantics,
            "counters": {name: row[name] for name in (*COUNTERS, "reasoning_tokens")},
        },
        "resolved": {
            "seller": cell.seller,
            "sku": cell.sku,
            "model": cell.model,
            "gateway": cell.gateway,
            "unresolved": cell.unresolved,
            "price_slot": cell.price_slot,
            "prompt_band_from": cell.prompt_band,
        },
        "list": _list_cost(priced, called),
        "billed_usd": cell.billed_usd,
        "spend_usd": priced.spend_usd,
        "tier": {name: row[name] for name in ("tier", "task", "signal", "confidence")} | {"reason": row["tier_reason"]},
        "plans": list(_plans(priced, prices)),
    }


def _assumed_time(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the time that a request without one is priced as of, and who stated it; None if the log has a time."""
    return {"at": row["assumed_at"], "by": row["assumed_by"]} if row["assumed_at"] is not None else None


def _called(cell: Cell, row: dict[str, Any], prices: Catalog) -> PricedCell:
    """Return what an answer from a gateway's cache would have cost, had it been sent, by the stored answer's counts."""
    from llmaudit.cells import PARTS, price
    from llmaudit.request import COUNTERS, INPUT_COUNTERS

    prompt = sum(row[name] or 0 for name in INPUT_COUNTERS)
    first, read, write_5m, write_1h, write_other, output = (row[name] or 0 for name in COUNTERS)
    audio_in, image_in, audio_out, image_out, audio_read = (row[name] for name in PARTS)
    sent = msgspec.structs.replace(
        cell,
        usage_status="reported",
        prompt_band=max(edge for edge in prices.prompt_edges() if edge <= prompt),
        tokens=(first, read, write_5m, write_1h, write_other, output),
        reasoning_tokens=row["reasoning_tokens"],
        parts=(audio_in, image_in, audio_out, image_out, audio_read),
        web_searches=row["web_searches"],
    )
    return price([sent], prices)[0]


def _list_cost(priced: PricedCell, called: PricedCell) -> dict[str, Any]:
    """Return the list cost of a request, counter by counter, with the rates and where they are from.

    Args:
        priced: The request.
        called: The same, or, of an answer from a gateway's cache, the call that was not made.
    """
    from llmaudit.catalog.quote import components, describe, usage_notes
    from llmaudit.catalog.units import PRICED

    is_hit, used = called is not priced, called.cell.quantities
    lines = list(components(called.rates, used)) if called.rates and called.list_usd is not None else []
    return {
        "rules": list(dict.fromkeys(describe(called.offer, part.rate) for part in lines)) if called.offer else [],
        "components": [
            {
                "counter": part.counter,
                "unit": part.unit,
                "tokens": int(part.quantity),
                "usd_per_million": as_json(part.usd) if part.is_token else None,
                "usd_each": None if part.is_token else as_json(part.usd),
                "cost_usd": part.cost_usd,
            }
            for part in lines
        ],
        "cost_usd": priced.list_usd,
        "low_usd": priced.list_low_usd,
        "high_usd": priced.list_high_usd,
        "assumptions": usage_notes(called.rates, dict(zip(PRICED, used, strict=True))) if called.rates else [],
        "why_unpriced": priced.why_unpriced,
        "is_from_gateway_cache": is_hit,
        "avoided_usd": called.list_usd if is_hit and any(called.cell.tokens) else None,
    }


def _plans(priced: PricedCell, prices: Catalog) -> Iterator[dict[str, Any]]:
    """Yield what each preset makes of a request: its legs with their cost, or why it stays where it is."""
    from llmaudit.plans import evaluate, load_plan, preset_names

    for name in preset_names():
        result = evaluate(load_plan(name, prices), [priced], prices)
        yield {
            "plan": result.plan.name,
            "cost_usd": result.cost_usd if result.placed else None,
            "legs": [
                {"kind": leg.kind, "model": leg.model, "cost_usd": leg.expected.of(placed.priced)}
                for placed in result.placed
                for leg in placed.legs
            ],
            "refused": next(iter(result.refused), None),
        }


def _show(step: dict[str, Any]) -> None:
    source, usage, cost = step["source"], step["usage"], step["list"]
    content = f"{source['format']}, content {source['content_sha256'][:12]}"
    line(f"{printable(source['file'])}, line {source['line']} ({content})")
    line("  as logged   " + _pairs(step["as_logged"]))
    if assumed := step["assumed_time"]:
        whose = "the date of the file" if assumed["by"] == "file" else "as given"
        line(f"  time        {assumed['at']:%Y-%m-%d %H:%M:%S} UTC, assumed (--assume-time, {whose}): the log has none")
    if step["assumed_gateway"]:
        line(f"  gateway     {printable(step['assumed_gateway'])}, assumed (--gateway): the log names none")
    line(f"  usage       {usage['status']}: {_pairs(usage['counters'])}")
    line(f"              {usage['rule']}")
    line(f"  resolved    {_pairs(step['resolved'])}")
    for part in cost["components"]:
        each = f"{part['usd_per_million']} per million" if part["usd_per_million"] else f"{part['usd_each']} each"
        product = f"{part['tokens']:,} x {each} = {as_json(part['cost_usd'])}"
        line(f"  {'avoided' if cost['is_from_gateway_cache'] else 'list':<11} {part['counter']} {product}")
    if cost["is_from_gateway_cache"]:
        avoided = as_json(cost["avoided_usd"]) or "an unknown amount"
        line(f"  list cost   0: the gateway answered from its own cache and called nobody; avoided {avoided} at list")
    else:
        line(f"  list cost   {as_json(cost['cost_usd']) or 'unpriced: ' + str(cost['why_unpriced'])}" + _upper(cost))
    for rule in cost["rules"]:
        line(f"              {printable(rule, 1000)}")
    for note in cost["assumptions"]:
        line(f"              assumed: {note}")
    line(f"  billed      {as_json(step['billed_usd']) or 'unknown'}")
    line(f"  spend       {as_json(step['spend_usd']) or 'unknown'}")
    tier = step["tier"]
    line(f"  tier        {'unknown' if tier['tier'] is None else tier['tier']}, {tier['signal']}: {tier['reason']}")
    for plan in step["plans"]:
        legs = ", ".join(f"{leg['kind']} {leg['model'] or ''} {as_json(leg['cost_usd'])}" for leg in plan["legs"])
        line(f"  plan        {plan['plan']}: {as_json(plan['cost_usd']) or 'unknown'} ({legs or 'left out'})")
    line()


def _upper(cost: dict[str, Any]) -> str:
    if cost["high_usd"] == cost["low_usd"]:
        return ""
    return f", between {as_json(cost['low_usd'])} and {as_json(cost['high_usd'])}"


def _pairs(values: dict[str, Any]) -> str:
    said = {name: as_json(value) if isinstance(value, Decimal) else value for name, value in values.items()}
    return ", ".join(f"{name} {printable(str(value))}" for name, value in said.items() if value is not None)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, explain, "explain", "llmaudit explain chatcmpl-9f2c --db october.duckdb")
