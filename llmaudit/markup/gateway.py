"""One gateway, judged: exact sums from its cells, rules and look-alikes from a sample of its requests."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog, NoRates
from llmaudit.catalog.quote import cost
from llmaudit.cells import PricedCell, rates_of
from llmaudit.evidence import requests
from llmaudit.markup import bycell
from llmaudit.markup.found import claim, found_of, pct_range
from llmaudit.markup.judge import Judgement, judge
from llmaudit.markup.model import TOLERANCE_PCT, Channel, Found, GatewayRow, ModelRow, Verdict
from llmaudit.markup.panel import make_panel, makers_offer
from llmaudit.markup.rules import MIN_ROWS
from llmaudit.markup.ruling import bound_pct, by_sums, explanation, rulings, unsettled
from llmaudit.money import EXACT, ZERO, round_to, times, total
from llmaudit.summaries.billed import BilledRequest

DAYS_A_MONTH, DAYS_A_YEAR = 30, 365


def judge_gateway(
    name: str, cells: Sequence[PricedCell], sample: Sequence[BilledRequest], catalog: Catalog
) -> GatewayRow:
    """Return the verdict on a gateway.

    Args:
        name: The gateway.
        cells: Its priced cells.
        sample: Sampled requests that it billed; with too few of them the cells alone decide.
        catalog: The prices.
    """
    compared = [priced for priced in at_makers_list(cells, catalog) if bycell.is_comparable(priced)]
    models = bycell.model_rows(compared)
    channels = bycell.stated_channels(name, bycell.billed(cells), catalog)
    panel = make_panel(sample, catalog)
    if not models or len(panel) < MIN_ROWS:
        return _by_cells(name, cells, compared, models, channels)
    judgement = judge(panel, catalog)
    found = found_of(judgement, bycell.per_model(compared))
    models = [_with_outcome(row, judgement) for row in models]
    verdict, why = _verdict(judgement, found, models)
    billed, listed = bycell.billed(compared), bycell.listed(compared)
    pct, low, high = pct_range(verdict, found, judgement, models)
    overpaid = total(one.overpaid_usd for one in found) if verdict == "markup" else None
    if verdict in {"none", "explained"}:
        overpaid = ZERO
    main = found[0] if verdict == "markup" else None
    return GatewayRow(
        gateway=name,
        verdict=verdict,
        kind=main.kind if main else None,
        pct=pct,
        low_pct=low,
        high_pct=high,
        fixed_usd=main.fixed_usd if main else None,
        overpaid_usd=overpaid,
        billed_usd=billed,
        list_usd=listed,
        cost_per_list_usd=_per_dollar(billed, listed, channels),
        requests=requests(compared),
        ruled_out=rulings(judgement),
        channels=channels,
        evidence=[why, *(bycell.sentence(row) for row in models)],
        by_model=models,
        by_day=bycell.day_rows(compared),
        over_list_usd=billed - listed,
        monthly_usd=_in(overpaid, compared, DAYS_A_MONTH),
        yearly_usd=_in(overpaid, compared, DAYS_A_YEAR),
        found=found if verdict == "markup" else [],
    )


def at_makers_list(cells: Sequence[PricedCell], catalog: Catalog) -> list[PricedCell]:
    """Return cells that a gateway sold under its own price list, priced at the list of who made the model."""
    return [_at_makers_list(priced, catalog) for priced in cells]


def _at_makers_list(priced: PricedCell, catalog: Catalog) -> PricedCell:
    offer = priced.offer
    if offer is None or priced.rates is None or catalog.kind(offer.seller) != "gateway":
        return priced
    maker = makers_offer(catalog, offer)
    rates = rates_of(priced.cell, maker, catalog, {}) if maker else None
    quantities = priced.cell.quantities
    if maker is None or rates is None or isinstance(rates, NoRates) or rates.lacking(quantities):
        return priced
    listed, low, high = (cost(quantities, factors) for factors in (rates.expected, rates.low, rates.high))
    return PricedCell(priced.cell, maker, rates, listed, low, high)


def _by_cells(
    name: str, cells: Sequence[PricedCell], compared: list[PricedCell], models: list[ModelRow], channels: list[Channel]
) -> GatewayRow:
    """Return the verdict that sums alone allow."""
    verdict, why = bycell.verdict(models)
    if not models and any(priced.cell.billed_kind == "list_estimate" for priced in cells):
        verdict, why = "undisclosed", "its log has estimates by list prices only; what it charged is nowhere in it"
    billed, listed, high = bycell.billed(compared), bycell.listed(compared), bycell.list_high(compared)
    overpaid = billed - listed if verdict == "markup" else ZERO if verdict in {"none", "explained"} else None
    return GatewayRow(
        gateway=name,
        verdict=verdict,
        kind="token_rate" if verdict == "markup" else None,
        pct=bycell.over(billed, listed),
        low_pct=bycell.over(billed, high),
        high_pct=bycell.over(billed, listed),
        fixed_usd=None,
        overpaid_usd=overpaid,
        billed_usd=billed if compared else None,
        list_usd=listed if compared else None,
        cost_per_list_usd=_per_dollar(billed, listed, channels),
        requests=requests(compared),
        ruled_out=by_sums(models),
        channels=channels,
        evidence=[why, *(bycell.sentence(row) for row in models)],
        by_model=models,
        by_day=bycell.day_rows(compared),
        over_list_usd=billed - listed if compared else None,
        monthly_usd=_in(overpaid, compared, DAYS_A_MONTH),
        yearly_usd=_in(overpaid, compared, DAYS_A_YEAR),
    )


def _with_outcome(row: ModelRow, judgement: Judgement) -> ModelRow:
    """Return a model's sums with what its requests said."""
    name = next((name for name in judgement.models if row.model in judgement.members(name)), None)
    if name is None:
        return row
    one = judgement.models[name]
    kind = str(one.rule.kind) if one.outcome == "markup" else None
    explained = f"{one.explained.name}: {one.explained.label}" if one.explained else None
    return msgspec.structs.replace(row, outcome=one.outcome, kind=kind, explained_by=explained)


def _verdict(judgement: Judgement, found: Sequence[Found], models: Sequence[ModelRow]) -> tuple[Verdict, str]:
    """Return the verdict with its first sentence: what is proven outweighs what is open, and that what is explained."""
    listed = total(row.list_usd for row in models)
    overpaid = total(one.overpaid_usd for one in found)
    if found and 100 * overpaid > times(listed, Decimal(str(TOLERANCE_PCT))):
        return "markup", _charge(found, len(models))
    if open_question := unsettled(judgement):
        return "undecidable", open_question
    outcomes = {one.outcome for one in judgement.models.values()}
    if outcomes <= {"list"}:
        over_all = bycell.over(total(row.billed_usd for row in models), listed) or 0.0
        bound = max(abs(over_all), bound_pct(judgement), 0.001)
        fits = 100 * min(one.fits for one in judgement.models.values())
        return "none", (
            f"billed is list: {fits:.1f}% or more of the sampled requests of every model cost what list says, over all "
            f"billed is {over_all:+.3f}%; a markup would be at most {bound:.2g}%"
        )
    return "explained", explanation(judgement)


def _charge(found: Sequence[Found], models: int) -> str:
    """Return the claim in one sentence."""
    said = "; ".join(f"{claim(one)} on {len(one.models)} of {models} model(s)" for one in found)
    return f"{said}; no look-alike makes these amounts"


def _in(amount: Decimal | None, cells: Sequence[PricedCell], days: int) -> Decimal | None:
    """Return what an amount of the period comes to in a number of days, to the cent."""
    known = [priced.cell.day for priced in cells if priced.cell.day is not None]
    if amount is None or not known:
        return None
    span = (max(known) - min(known)).days + 1
    return round_to(EXACT.divide(times(amount, days), span), 2)


def _per_dollar(charged: Decimal, cost_at_list: Decimal, channels: Sequence[Channel]) -> Decimal | None:
    """Return what a dollar of list costs with the first stated top-up fee; None where nothing was compared."""
    if not cost_at_list:
        return None
    topup = next((row.pct for row in channels if row.kind == "topup_pct" and row.pct is not None), ZERO)
    return EXACT.divide(times(charged, 100 + topup), times(cost_at_list, 100))
