"""The four hidden cost drivers in dollars, each by itself: overspecification, lock-in, markup, reliability."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from llmaudit.cells import PricedCell
from llmaudit.dependence.forgone import forgone_usd, sold_elsewhere
from llmaudit.dependence.outages import outages
from llmaudit.errors import printable
from llmaudit.evidence import Evidence, requests, spend
from llmaudit.markup.all_gateways import markup_of
from llmaudit.markup.model import GatewayRow
from llmaudit.money import ZERO, percent, shown, total
from llmaudit.phrases import counted
from llmaudit.summaries.hours import HourRow

NAMED = 5
"""Gateways whose markup is told by name; very many would bury the sum."""


class Driver(msgspec.Struct, frozen=True):
    """One driver.

    Attributes:
        name: overspecification, lock_in, markup or reliability.
        title: For people.
        usd: What it costs in the period, standing alone; None where there is no data to say.
        pct: Share of `of_usd`: at most 100.
        of: What that is, in words.
        of_usd: What the driver is a part of: spend, and for what is no part of it the larger amount that it comes from.
        proven: Whether acting on it changes no answer, or only answers that paired outcomes certify.
        reason: Where the figure comes from, or why there is none.
    """

    name: str
    title: str
    usd: Decimal | None
    pct: float | None
    proven: bool
    reason: str
    of: str = "spend"
    of_usd: Decimal = ZERO


class Drivers(msgspec.Struct, frozen=True):
    """The four drivers; they overlap, so they do not add up to a saving."""

    drivers: list[Driver]
    caveat: str = (
        "Each driver is measured on its own. They overlap (a request can be overspecified and marked up), so do not "
        "add them up."
    )


def find(evidence: Evidence) -> Drivers:
    """Return the four drivers, each with its evidence or the reason it has no figure."""
    found = (_overspecification(evidence), _lock_in(evidence), _markup(evidence), _reliability(evidence.cells))
    return Drivers([_shared(driver, evidence) for driver in found])


def _shared(driver: Driver, evidence: Evidence) -> Driver:
    """Return a driver with its share of what it is a part of.

    Other sellers and models are compared at list, which may be far above what is billed; a fee on buying credit is paid
    beside all requests. A share of spend would pass 100% there, and say nothing.
    """
    cells = evidence.cells
    whole, of = spend(cells), "spend"
    if driver.name == "lock_in":
        failed = spend(priced for priced in cells if priced.cell.status == "error")
        whole, of = total((*(priced.list_usd or ZERO for priced in cells), failed)), "list cost and failures"
    elif driver.name == "markup":
        beside = total(row.beside_usd for row in markup_of(evidence).gateways if row.overpaid_usd)
        whole, of = whole + beside, "spend and fees beside it" if beside else of
    return msgspec.structs.replace(driver, pct=percent(driver.usd, whole), of=of, of_usd=whole)


def _overspecification(evidence: Evidence) -> Driver:
    tiered = next((plan for plan in evidence.plans if plan.plan.name == "tiered"), None)
    title = "Overspecification: simple requests on expensive models"
    if tiered is None:
        return Driver("overspecification", title, None, None, False, "the plan `tiered` was not evaluated")
    if all(priced.cell.tier is None for priced in evidence.cells):
        return Driver("overspecification", title, None, None, False, "the tier of no request is known")
    if tiered.is_certified:
        evidence_of_quality = "paired outcomes certify its answers"
    elif tiered.certified_usd:
        evidence_of_quality = (
            f"{shown(tiered.certified_usd)} of it is certified, the rest unproven until paired outcomes show that its "
            "answers hold up"
        )
    else:
        evidence_of_quality = "unproven until paired outcomes show that its answers hold up"
    return Driver(
        "overspecification",
        title,
        total((tiered.certified_usd, tiered.unproven_usd)),
        None,
        tiered.is_certified,
        f"what {tiered.moved_requests:,} tier 0 and 1 requests cost over the cheaper model of the plan `tiered`; "
        f"{evidence_of_quality}",
    )


def _lock_in(evidence: Evidence) -> Driver:
    title = "Lock-in: no arbitrage, no fallback"
    if not evidence.cells:
        return Driver("lock_in", title, None, None, False, "no requests")
    forgone = evidence.once(forgone_usd)
    alone = outages(evidence.rows(HourRow))
    paid = total(one.without_fallback_usd for one in alone)
    hours = sum(one.hours_without_fallback for one in alone)
    elsewhere = total(row.saving_usd for row in evidence.once(sold_elsewhere))
    reason = (
        f"{shown(forgone)} forgone by not using cheaper models of the same class that serve the same tier in this log "
        f"or are certified for it, or cheaper sellers of the same model ({shown(elsewhere)}, without changing an "
        "answer); "
        f"{shown(paid)} paid for failures in {hours:,} outage hours without a fallback"
    )
    return Driver("lock_in", title, total((forgone, paid)), None, False, reason)


def _markup(evidence: Evidence) -> Driver:
    """Return what proven markups took, as the finding on gateways has it; what is open or explained is no markup."""
    title = "Gateway markup: billed above the provider's list"
    gateways = markup_of(evidence).gateways
    known = [row for row in gateways if row.overpaid_usd is not None]
    if not known:
        reason = "no gateway's amounts could be judged" if gateways else "no request went through a gateway"
        return Driver("markup", title, None, None, True, reason)
    judged = f"{len(known):,} of {counted(len(gateways), 'gateway')}"
    reason = f"proven markups at the {judged} whose amounts could be judged: {_takers(known)}"
    if beside := total(row.beside_usd for row in known if row.overpaid_usd):
        reason += (
            f"; {shown(beside)} of it was paid outside the requests, such as a fee on buying credit: it is not part of "
            "spend, so no step of the waterfall recovers it"
        )
    return Driver("markup", title, total(row.overpaid_usd or ZERO for row in known), None, True, reason)


def _takers(known: Sequence[GatewayRow]) -> str:
    """Return what each gateway took, the largest by name and the others as a sum."""
    took = sorted(
        (row for row in known if row.overpaid_usd), key=lambda row: (-(row.overpaid_usd or ZERO), row.gateway)
    )
    said = [f"{printable(row.gateway, 60)} {shown(row.overpaid_usd)}" for row in took[:NAMED]]
    if more := took[NAMED:]:
        said.append(f"{counted(len(more), 'more gateway')} {shown(total(row.overpaid_usd or ZERO for row in more))}")
    return ", ".join(said) or "nothing"


def _reliability(cells: list[PricedCell]) -> Driver:
    failed = [priced for priced in cells if priced.cell.status == "error"]
    title = "Reliability: failed attempts that were paid for"
    if not failed:
        return Driver("reliability", title, Decimal(0), None, True, "no request failed")
    reason = f"what {requests(failed):,} failed attempts cost, as far as the logs show"
    return Driver("reliability", title, spend(failed), None, True, reason)
