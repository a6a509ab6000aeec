"""The four hidden cost drivers in dollars, each on its own: overspecification, lock-in, markup, reliability."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.dependence.forgone import forgone_usd, sold_elsewhere
from llmaudit.dependence.outages import outages
from llmaudit.evidence import Evidence, grouped, requests, spend
from llmaudit.money import percent, shown, total
from llmaudit.summaries.hours import HourRow

SAME_RATIO_PCT = 0.1
"""Two models whose bills are this close over list are billed by the same factor."""


class Driver(msgspec.Struct, frozen=True):
    """One driver.

    Attributes:
        name: overspecification, lock_in, markup or reliability.
        title: For people.
        usd: What it costs in the period, standing alone; None where there is no data to say.
        pct: Of the whole spend.
        proven: Whether acting on it changes no answer.
        reason: Where the figure comes from, or why there is none.
    """

    name: str
    title: str
    usd: Decimal | None
    pct: float | None
    proven: bool
    reason: str


class Drivers(msgspec.Struct, frozen=True):
    """The four drivers; they overlap, so they do not add up to a saving."""

    drivers: list[Driver]
    caveat: str = (
        "Each driver stands alone; they overlap (a request can be overspecified and marked up), so do not add them."
    )


def find(evidence: Evidence) -> Drivers:
    """Return the four drivers, each with its evidence or the reason it has no figure."""
    whole = spend(evidence.cells)
    found = (_overspecification(evidence), _lock_in(evidence), _markup(evidence.cells), _reliability(evidence.cells))
    return Drivers([msgspec.structs.replace(driver, pct=percent(driver.usd, whole)) for driver in found])


def _overspecification(evidence: Evidence) -> Driver:
    tiered = next((plan for plan in evidence.plans if plan.plan.name == "tiered"), None)
    title = "Overspecification: simple requests on dear models"
    if tiered is None:
        return Driver("overspecification", title, None, None, False, "the plan `tiered` was not evaluated")
    return Driver(
        "overspecification",
        title,
        tiered.unproven_usd,
        None,
        False,
        f"what {tiered.moved_requests:,} requests of tier 0 and 1 cost above the cheap model of the plan `tiered`; "
        "unproven until paired outcomes show that its answers hold",
    )


def _lock_in(evidence: Evidence) -> Driver:
    title = "Lock-in: no arbitrage, no fallback"
    if not evidence.cells:
        return Driver("lock_in", title, None, None, False, "there is no request")
    forgone = evidence.once(forgone_usd)
    alone = outages(evidence.rows(HourRow))
    paid = total(one.without_fallback_usd for one in alone)
    hours = sum(one.hours_without_fallback for one in alone)
    elsewhere = total(row.saving_usd for row in evidence.once(sold_elsewhere))
    reason = (
        f"{shown(forgone)} forgone at cheaper models of the same class that serve the same tier in this log, or at "
        f"cheaper sellers of the same model ({shown(elsewhere)}, which no answer depends on); {shown(paid)} paid for "
        f"failures in {hours:,} hours of a seller's outage without a fallback"
    )
    return Driver("lock_in", title, total((forgone, paid)), None, False, reason)


def _markup(cells: list[PricedCell]) -> Driver:
    compared = [
        priced
        for priced in cells
        if priced.cell.gateway
        and priced.cell.billed_kind
        and priced.list_usd
        and priced.cell.usage_status == "reported"
    ]
    title = "Gateway markup: billed above the provider's list"
    certain = [priced for _, group in grouped(compared, lambda one: one.cell.gateway) for priced in _settled(group)]
    if not certain:
        return Driver("markup", title, None, None, True, "no request has an amount and a certain list price")
    usd = total((priced.cell.billed_usd or Decimal(0)) - (priced.list_usd or Decimal(0)) for priced in certain)
    left_out = requests(compared) - requests(certain)
    reason = (
        f"billed minus list over {requests(certain):,} requests through gateways: models whose list price is certain, "
        f"and those the same gateway bills at the same ratio; {left_out:,} with a regional or otherwise unknown "
        "price are left out, fees at top-up come on top"
    )
    return Driver("markup", title, usd, None, True, reason)


def _settled(group: list[PricedCell]) -> list[PricedCell]:
    """Return the cells of one gateway whose markup is certain.

    A model with one price everywhere settles its own ratio. One that may have been billed at a regional price is
    settled by it where its ratio is the same: a region would have to cost, to the promille, what is added elsewhere.
    """
    models = [(cells, _ratio_pct(cells)) for _, cells in grouped(group, lambda one: one.cell.model)]
    sure = [all(one.list_high_usd == one.list_low_usd for one in cells) for cells, _ in models]
    ratios = [pct for (_, pct), is_sure in zip(models, sure, strict=True) if is_sure]
    return [
        priced
        for (cells, pct), is_sure in zip(models, sure, strict=True)
        if is_sure or any(abs(pct - known) <= SAME_RATIO_PCT for known in ratios)
        for priced in cells
    ]


def _ratio_pct(cells: list[PricedCell]) -> float:
    billed = total(priced.cell.billed_usd or Decimal(0) for priced in cells)
    listed = total(priced.list_usd or Decimal(0) for priced in cells)
    return percent(billed - listed, listed) or 0.0


def _reliability(cells: list[PricedCell]) -> Driver:
    failed = [priced for priced in cells if priced.cell.status == "error"]
    title = "Reliability: failed attempts that were paid"
    if not failed:
        return Driver("reliability", title, Decimal(0), None, True, "no request failed")
    reason = f"cost of {requests(failed):,} failed attempts, as far as their logs say"
    return Driver("reliability", title, spend(failed), None, True, reason)
