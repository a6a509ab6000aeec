"""Billed against list on cells: exact sums, and a verdict where there are no requests to look at.

The list cost here already has each request's own date, tier, batch and prompt size; where a condition is unknown (the
region, most often) the list cost is a range, and a model whose range reaches up to the bill decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from llmaudit.catalog import Catalog
from llmaudit.cells import PricedCell
from llmaudit.evidence import grouped, requests
from llmaudit.markup.model import TOLERANCE_PCT, Channel, DayRow, ModelRow, Verdict
from llmaudit.markup.regression import MIN_ROWS
from llmaudit.money import EXACT, ZERO, percent, shown, times, total
from llmaudit.phrases import counted

CHARGED = {"invoice", "seller_reported"}
"""Amounts somebody charged; an estimate by list prices says nothing about a gateway."""


def is_comparable(priced: PricedCell) -> bool:
    """Say whether a cell has good answers with an amount, measured usage and a list price above nothing."""
    cell = priced.cell
    good = cell.billed_kind in CHARGED and cell.status == "ok" and cell.usage_status == "reported"
    return bool(good and priced.list_usd)


def model_rows(cells: Iterable[PricedCell]) -> list[ModelRow]:
    """Return the comparison by model, the one with most spend first."""
    return [_model(model, model_cells) for model, model_cells in grouped(cells, lambda priced: priced.cell.model)]


def day_rows(cells: Iterable[PricedCell]) -> list[DayRow]:
    """Return the comparison by day, in order."""
    by_day = dict(grouped((priced for priced in cells if priced.cell.day), lambda priced: priced.cell.day))
    return [
        DayRow(
            day,
            requests(day_cells),
            billed(day_cells),
            listed(day_cells),
            over_pct(billed(day_cells), listed(day_cells)),
        )
        for day, day_cells in sorted(by_day.items())
    ]


def _model(model: str, cells: list[PricedCell]) -> ModelRow:
    billed_usd, list_usd = billed(cells), listed(cells)
    pct, low_pct = over_pct(billed_usd, list_usd), over_pct(billed_usd, list_high(cells))
    return ModelRow(
        model=model,
        requests=requests(cells),
        billed_usd=billed_usd,
        list_usd=list_usd,
        pct=pct,
        low_pct=low_pct,
        over_list_usd=billed_usd - list_usd,
        decides=pct is not None and low_pct is not None and abs(pct - low_pct) <= TOLERANCE_PCT,
    )


def overpaid_by_model(models: Sequence[ModelRow]) -> dict[str, Decimal]:
    """Return what was paid above list by model, of those that prove a markup; what others had below is no part."""
    return {row.model: row.over_list_usd for row in models if _proves_markup(row)}


def proven_over_pct(models: Sequence[ModelRow]) -> tuple[float | None, float | None]:
    """Return how far the models that prove a markup are over list, and over the highest list price that may apply."""
    proven = [row for row in models if _proves_markup(row)]
    low_pcts = [row.low_pct for row in proven if row.low_pct is not None]
    billed_usd, list_usd = total(row.billed_usd for row in proven), total(row.list_usd for row in proven)
    return over_pct(billed_usd, list_usd), min(low_pcts, default=None)


def below_list(models: Sequence[ModelRow]) -> Decimal:
    """Return what the models that were billed below list cost less than list."""
    return total(row.list_usd - row.billed_usd for row in models if row.billed_usd < row.list_usd)


def _proves_markup(row: ModelRow) -> bool:
    return row.decides and (row.pct or 0.0) > TOLERANCE_PCT


def verdict(models: Sequence[ModelRow], one_ratio_models: Collection[str] = ()) -> tuple[Verdict, str]:
    """Judge by the models whose list price is certain; without one, only a bill at list can be cleared.

    A model that is more expensive than list is not cleared by another that is cheaper.

    Args:
        models: The comparison by model.
        one_ratio_models: Models whose requests are known to be billed one multiple of list: few of them are enough.
    """
    if not models:
        return "undecidable", "there was nothing to compare"
    certain = [row for row in models if row.decides]
    proven = [row for row in certain if _proves_markup(row)]
    certain_list_usd = total(row.list_usd for row in certain)
    if (percent(total(row.over_list_usd for row in proven), certain_list_usd) or 0.0) > TOLERANCE_PCT:
        above_pct = over_pct(total(row.billed_usd for row in proven), total(row.list_usd for row in proven))
        seen = sum(row.requests for row in proven)
        if seen < MIN_ROWS and not any(row.model in one_ratio_models for row in proven):
            return "undecidable", (
                f"billed is {above_pct:+.2f}% over list on {counted(seen, 'request')}, but not all at the same "
                f"multiple: a single request under another condition can make that difference; {MIN_ROWS} requests "
                "with amounts would settle it"
            )
        return "markup", (
            f"billed is {above_pct:+.2f}% over list on {len(proven)} of {counted(len(certain), 'model')} with the same "
            "price in every region, so no regional price explains it"
        )
    over_all_pct = over_pct(total(row.billed_usd for row in models), total(row.list_usd for row in models)) or 0.0
    over_certain_pct = over_pct(total(row.billed_usd for row in certain), certain_list_usd)
    if max(abs(over_all_pct), abs(over_certain_pct or 0.0)) <= TOLERANCE_PCT:
        return "none", f"billed is within {TOLERANCE_PCT}% of list: at most {abs(over_all_pct):.2f}%"
    if over_certain_pct is None:
        return "undecidable", (
            f"billed is {over_all_pct:+.2f}% over list, but every model here has regional prices or unknown conditions "
            "that could explain it; the region of the requests would settle it"
        )
    if over_certain_pct < -TOLERANCE_PCT:
        return "explained", f"billed is below list ({over_certain_pct:+.2f}%): a discount, not a markup"
    return "explained", (
        "models with the same price in every region are at list; only models with regional prices are above it"
    )


def why_not_compared(cells: Sequence[PricedCell]) -> str:
    """Return why nothing of a gateway could be compared, with what would settle it."""
    good = [priced for priced in cells if priced.cell.status == "ok"]
    charged = [priced for priced in good if priced.cell.billed_kind in CHARGED]
    if not charged:
        return (
            f"none of {requests(good):,} good answers has a charged amount; a log with amounts, or the gateway's own "
            "bill by request, would settle it"
        )
    if any(priced.list_usd for priced in charged):
        return "no request has both a billed amount and reported token counts; a log with both would settle it"
    names = list(dict.fromkeys(priced.cell.model for priced in charged))
    named_models = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return (
        f"{requests(charged):,} requests have an amount, but none has a list price ({named_models}); a --deployments "
        "file that says which models these are, or a --catalog with their prices, would settle it"
    )


NAMED = 3


def stated_channels(gateway: str, billed_usd: Decimal, catalog: Catalog) -> list[Channel]:
    """Return the fees that the gateway states; one on top-ups is charged on all credit used, cut-off requests' too."""
    current = [fee for fee in catalog.fees(gateway) if fee.valid_to is None and fee.kind != "none_on_tokens"]
    return [
        Channel(
            kind=fee.kind,
            applies_to=fee.applies_to,
            pct=fee.pct,
            usd=fee.usd,
            on_this_spend_usd=EXACT.divide(times(billed_usd, fee.pct), 100)
            if fee.pct is not None and fee.kind == "topup_pct"
            else None,
            wording=fee.wording,
            source=fee.source,
            verified=fee.verified,
            min_usd=fee.min_usd,
        )
        for fee in current
    ]


def model_sentence(row: ModelRow) -> str:
    """Return one model as a sentence."""
    above = "unknown" if row.pct is None else f"{row.pct:+.2f}%"
    amounts = f"billed {shown(row.billed_usd, 4)} against list {shown(row.list_usd, 4)}"
    return f"{row.model}: {amounts}, {above}, {row.requests:,} requests"


def cells_by_model(cells: Iterable[PricedCell]) -> Mapping[str, list[PricedCell]]:
    """Return cells by model."""
    return dict(grouped(cells, lambda priced: priced.cell.model))


def billed(cells: Iterable[PricedCell]) -> Decimal:
    """Return what was charged for some cells, in US dollars."""
    return total(priced.cell.billed_usd or ZERO for priced in cells)


def listed(cells: Iterable[PricedCell]) -> Decimal:
    """Return the list cost of some cells, in US dollars."""
    return total(priced.list_usd or ZERO for priced in cells)


def list_high(cells: Iterable[PricedCell]) -> Decimal:
    """Return the list cost at the highest price that may apply, in US dollars."""
    return total(priced.list_high_usd or ZERO for priced in cells)


def over_pct(billed_usd: Decimal, list_usd: Decimal) -> float | None:
    """Return billed over list, minus 1, in percent; None where list is 0."""
    return percent(billed_usd - list_usd, list_usd)
