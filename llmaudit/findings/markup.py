"""Billed against list, by gateway and model: what a gateway adds to the provider's price.

A ratio above 1 is not yet a markup: regional prices, service tiers, batch, long context and dated price changes give
the same ratios. The list cost here already has each request's own date, tier, batch and prompt size; where a condition
is unknown (the region, most often) the list cost is a range, and a model whose range reaches up to the bill decides
nothing. Other look-alikes (promotions, currency, credit conversion, token padding, incomplete logs) are not ruled out
yet, and the finding says so.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.evidence import Evidence, grouped, requests
from llmaudit.money import EXACT, ZERO, percent, shown, times, total

TOLERANCE_PCT = 0.2
"""Within this of list a gateway adds nothing: logs round costs, and rounding is no fee."""

Verdict = Literal["none", "markup", "explained", "undisclosed", "undecidable"]


class ModelRow(msgspec.Struct, frozen=True):
    """One model through one gateway."""

    model: str
    requests: int
    billed_usd: Decimal
    list_usd: Decimal
    pct: float | None
    low_pct: float | None
    overpaid_usd: Decimal
    decides: bool


class LookAlike(msgspec.Struct, frozen=True):
    """Something that would look like a markup, and whether it was ruled out."""

    name: str
    ruled_out: bool
    why: str


class Channel(msgspec.Struct, frozen=True):
    """What a gateway charges beside the token rate, by its own words; in no log row."""

    kind: str
    applies_to: str | None
    pct: Decimal | None
    usd: Decimal | None
    on_this_spend_usd: Decimal | None
    wording: str | None
    source: str
    verified: str


class GatewayRow(msgspec.Struct, frozen=True):
    """One gateway.

    Attributes:
        gateway: Its name, or the host of its address.
        verdict: none, markup, explained, undisclosed or undecidable.
        kind: token_rate for a markup in the rates; None otherwise.
        pct: Billed over list, minus 1, in percent, over every billed and priced request.
        low_pct: The same against the dearest list price that may apply.
        high_pct: The same against the cheapest.
        fixed_usd: A fixed amount per request; None: not tested yet.
        overpaid_usd: Billed minus list.
        billed_usd: What the gateway says it charged, over the priced requests.
        list_usd: The provider's list cost of the same requests.
        cost_per_list_usd: What 1 dollar of provider list costs here, top-up fees included; None where unknown.
        requests: Requests compared.
        ruled_out: Look-alikes.
        channels: Fees beside the token rate that the catalog knows of.
        evidence: Sentences.
        by_model: The comparison by model.
    """

    gateway: str
    verdict: Verdict
    kind: str | None
    pct: float | None
    low_pct: float | None
    high_pct: float | None
    fixed_usd: Decimal | None
    overpaid_usd: Decimal | None
    billed_usd: Decimal | None
    list_usd: Decimal | None
    cost_per_list_usd: Decimal | None
    requests: int
    ruled_out: list[LookAlike]
    channels: list[Channel]
    evidence: list[str]
    by_model: list[ModelRow]


class Markup(msgspec.Struct, frozen=True):
    """Every gateway in the traffic."""

    gateways: list[GatewayRow]
    caveat: str = (
        "Ruled out so far: the request's own date, service tier, batch, prompt size, duplicates, and regional prices "
        "where a model has none. Not ruled out yet: fees for server tools such as web search, promotions, currency "
        "and credit conversion, token padding, incomplete logs."
    )


def find(evidence: Evidence) -> Markup:
    """Return billed against list for every gateway."""
    through = [priced for priced in evidence.cells if priced.cell.gateway]
    return Markup(
        [_gateway(name, group, evidence.catalog) for name, group in grouped(through, lambda p: p.cell.gateway)]
    )


def _gateway(name: str, group: list[PricedCell], catalog: Catalog) -> GatewayRow:
    compared = [priced for priced in group if _comparable(priced)]
    models = [_model(model, cells) for model, cells in grouped(compared, lambda priced: priced.cell.model)]
    billed, listed, high = _billed(compared), _list(compared), _list_high(compared)
    channels = _channels(name, _billed(group), catalog)
    verdict, why = _verdict(models)
    return GatewayRow(
        gateway=name,
        verdict=verdict,
        kind="token_rate" if verdict == "markup" else None,
        pct=_over(billed, listed),
        low_pct=_over(billed, high),
        high_pct=_over(billed, listed),
        fixed_usd=None,
        overpaid_usd=billed - listed if compared else None,
        billed_usd=billed if compared else None,
        list_usd=listed if compared else None,
        cost_per_list_usd=_per_dollar(billed, listed, channels),
        requests=requests(compared),
        ruled_out=_look_alikes(models),
        channels=channels,
        evidence=[why, *(_sentence(row) for row in models)],
        by_model=models,
    )


def _comparable(priced: PricedCell) -> bool:
    """A good answer with an amount, measured usage and a list price above nothing."""
    cell = priced.cell
    return bool(cell.billed_kind and cell.status == "ok" and cell.usage_status == "reported" and priced.list_usd)


def _model(model: str, cells: list[PricedCell]) -> ModelRow:
    billed, listed, high = _billed(cells), _list(cells), _list_high(cells)
    pct, low = _over(billed, listed), _over(billed, high)
    return ModelRow(
        model=model,
        requests=requests(cells),
        billed_usd=billed,
        list_usd=listed,
        pct=pct,
        low_pct=low,
        overpaid_usd=billed - listed,
        decides=pct is not None and low is not None and abs(pct - low) <= TOLERANCE_PCT,
    )


def _verdict(models: list[ModelRow]) -> tuple[Verdict, str]:
    """Judge by the models whose list price is certain; without one, only a bill at list can be cleared.

    A model that is dearer than list is not cleared by another that is cheaper.
    """
    if not models:
        return "undecidable", "no request has both a billed amount and a list price"
    certain = [row for row in models if row.decides]
    dear = [row for row in certain if (row.pct or 0.0) > TOLERANCE_PCT]
    listed = total(row.list_usd for row in certain)
    if (percent(total(row.overpaid_usd for row in dear), listed) or 0.0) > TOLERANCE_PCT:
        over = _over(total(row.billed_usd for row in dear), total(row.list_usd for row in dear))
        return "markup", (
            f"billed is {over:+.2f}% over list on {len(dear)} of {len(certain)} model(s) with one price everywhere: "
            "no regional price explains that"
        )
    over_all = _over(total(row.billed_usd for row in models), total(row.list_usd for row in models)) or 0.0
    over_certain = _over(total(row.billed_usd for row in certain), listed)
    if max(abs(over_all), abs(over_certain or 0.0)) <= TOLERANCE_PCT:
        return "none", f"billed is within {TOLERANCE_PCT}% of list: at most {abs(over_all):.2f}%"
    if over_certain is None:
        return "undecidable", (
            f"billed is {over_all:+.2f}% over list, but every model here has regional or unknown conditions that could "
            "explain it; the region of the requests would settle it"
        )
    if over_certain < -TOLERANCE_PCT:
        return "explained", f"billed is below list ({over_certain:+.2f}%): a discount, not a markup"
    return "explained", "models with one price everywhere are at list; only models with regional prices are above it"


def _look_alikes(models: list[ModelRow]) -> list[LookAlike]:
    certain = [row.model for row in models if row.decides]
    region = f"{', '.join(certain)} have no regional price" if certain else "every model compared has regional prices"
    return [
        LookAlike("region", bool(certain), region),
        LookAlike("service tier", True, "list is taken at the tier that served each request"),
        LookAlike("batch", True, "list is taken at batch prices for batch requests"),
        LookAlike("long context", True, "list is taken at each request's prompt size"),
        LookAlike("cache class", True, "reads and writes are priced apart, each at its own rate"),
        LookAlike("price change on a date", True, "list is taken at each request's own minute"),
        LookAlike("duplicates", True, "every request counts once"),
        LookAlike("server tools, promotion, currency, token padding, log coverage", False, "not tested yet"),
    ]


def _channels(gateway: str, billed: Decimal, catalog: Catalog) -> list[Channel]:
    """The fees beside the token rate; one on top-ups is charged on every credit used, cut-off requests' too."""
    current = [fee for fee in catalog.fees(gateway) if fee.valid_to is None and fee.kind != "none_on_tokens"]
    return [
        Channel(
            kind=fee.kind,
            applies_to=fee.applies_to,
            pct=fee.pct,
            usd=fee.usd,
            on_this_spend_usd=EXACT.divide(times(billed, fee.pct), 100)
            if fee.pct is not None and fee.kind == "topup_pct"
            else None,
            wording=fee.wording,
            source=fee.source,
            verified=fee.verified,
        )
        for fee in current
    ]


def _per_dollar(billed: Decimal, listed: Decimal, channels: list[Channel]) -> Decimal | None:
    """What a dollar of list costs with the first stated top-up fee; None where nothing was compared."""
    if not listed:
        return None
    topup = next((row.pct for row in channels if row.kind == "topup_pct" and row.pct is not None), ZERO)
    return EXACT.divide(times(billed, 100 + topup), times(listed, 100))


def _sentence(row: ModelRow) -> str:
    over = "unknown" if row.pct is None else f"{row.pct:+.2f}%"
    amounts = f"billed {shown(row.billed_usd, 4)} against list {shown(row.list_usd, 4)}"
    return f"{row.model}: {amounts}, {over}, {row.requests:,} requests"


def _billed(cells: list[PricedCell]) -> Decimal:
    return total(priced.cell.billed_usd or ZERO for priced in cells)


def _list(cells: list[PricedCell]) -> Decimal:
    return total(priced.list_usd or ZERO for priced in cells)


def _list_high(cells: list[PricedCell]) -> Decimal:
    return total(priced.list_high_usd or ZERO for priced in cells)


def _over(billed: Decimal, listed: Decimal) -> float | None:
    return percent(billed - listed, listed)
