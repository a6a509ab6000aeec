"""The audit: all findings computed from one `Evidence`, as one frozen value that is also `audit.json`.

Everything that presents it (terminal summary, HTML report, notebooks, the CI check) shows these numbers and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from llmaudit import __version__
from llmaudit.catalog import Catalog
from llmaudit.cells import NO_TIME, PricedCell, price
from llmaudit.errors import InputError, printable
from llmaudit.evidence import Evidence
from llmaudit.facts import Facts, facts_of, facts_of_gateways
from llmaudit.findings import (
    account,
    checklist,
    coverage,
    drivers,
    frontier,
    gateway_cache,
    lockin,
    markup,
    opportunities,
    overspecification,
    payback,
    reconcile,
    reliability,
    savings,
    shadow,
    spend,
    tiers,
    usage,
    waterfall,
)
from llmaudit.findings.coverage import Coverage, TooLong
from llmaudit.findings.spend import Spend
from llmaudit.money import shown
from llmaudit.period import ALL, Period
from llmaudit.phrases import counted
from llmaudit.plans import Plan, PlanCost, Ratios, evaluate_all, load_plan
from llmaudit.plans.assigning import Move
from llmaudit.plans.quality import Outcomes
from llmaudit.store import Store

SCHEMA = "llmaudit/audit/1"
DEFAULT_PLANS = ("as-is", "direct", "tiered")
MAX_NAMES = 5
"""Models that a warning names; it says if there are others."""

FINDINGS: tuple[tuple[str, Callable[[Evidence], Any]], ...] = (
    ("spend", spend.find),
    ("account", account.find),
    ("gateway_cache", gateway_cache.find),
    ("coverage", coverage.find),
    ("tiers", tiers.find),
    ("overspecification", overspecification.find),
    ("waterfall", waterfall.find),
    ("drivers", drivers.find),
    ("savings", savings.find),
    ("opportunities", opportunities.find),
    ("markup", markup.find),
    ("reliability", reliability.find),
    ("lockin", lockin.find),
    ("checklist", checklist.find),
    ("reconcile", reconcile.find),
    ("usage", usage.find),
    ("shadow", shadow.find),
    ("frontier", frontier.find),
    ("payback", payback.find),
)
"""The whole audit, in the order a reader meets it."""

NO_DATA: tuple[tuple[str, str], ...] = (
    ("overspecification", "overspecification was not priced: no tier 0 or 1 requests, or no plan `tiered`"),
    ("lockin", "lock-in was not measured: there are no requests"),
    ("checklist", "the gateway checklist was not answered: there are no requests"),
    ("shadow", "no shadow test was analysed: there are no paired outcomes in the database"),
    ("payback", "no payback was computed: no plan saves anything"),
    ("frontier", "cost against quality is unknown: no case has scored answers from two models (llmaudit evals add)"),
)
"""Parts that need data of their own: without it their key is null, and the reason is a warning."""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was found, in one value.

    Attributes:
        schema: Name and major version of this document.
        version: The llmaudit that wrote it.
        catalog_version: Content hash of the prices used.
        timezone: Of the day boundaries.
        since: Start of the period asked for, inclusive; None is unbounded.
        until: End of the period asked for, exclusive.
    """

    schema: str = SCHEMA
    version: str
    catalog_version: str
    timezone: str
    since: datetime | None
    until: datetime | None
    spend: spend.Spend
    account: account.Account
    gateway_cache: gateway_cache.GatewayCache
    coverage: coverage.Coverage
    tiers: tiers.Tiers
    overspecification: overspecification.Overspecification | None
    waterfall: waterfall.Waterfall
    drivers: drivers.Drivers
    savings: savings.Savings
    opportunities: opportunities.Opportunities
    markup: markup.Markup
    reliability: reliability.Reliability
    reconcile: reconcile.Reconcile
    usage: usage.Usage
    lockin: lockin.LockIn | None
    checklist: checklist.Checklist | None
    shadow: shadow.Shadow | None = None
    frontier: frontier.Frontier | None = None
    payback: payback.Payback | None = None
    warnings: list[str]


def gather(
    store: Store,
    catalog: Catalog,
    plans: Sequence[str] = DEFAULT_PLANS,
    period: Period = ALL,
    only: Collection[type[msgspec.Struct]] | None = None,
) -> Evidence:
    """Read everything the findings need from a database, once.

    Args:
        store: The database; its tags must be up to date.
        catalog: The prices.
        plans: Presets or plan files to evaluate.
        period: The span of time, and the zone of its days.
        only: The summaries that are asked for, by the type of their rows, where no plan is evaluated; None is all.

    Raises:
        UsageError: No preset of a name.
        InputError: A plan file is missing or malformed.
    """
    chosen = _chosen(plans, catalog)
    return _evidence(facts_of(store, catalog, period, only=only), catalog, chosen)


def gather_gateways(store: Store, catalog: Catalog, period: Period = ALL, gateway: str | None = None) -> Evidence:
    """Read only what the verdict on gateways needs from a database; `markup.find` says the same of it.

    Args:
        store: The database; tags are not needed.
        catalog: The prices.
        period: The span of time, and the zone of its days.
        gateway: One that keeps its name, however many have more spend.
    """
    return _evidence(facts_of_gateways(store, catalog, period, gateway), catalog, [])


def evidence_of(facts: Facts, catalog: Catalog, plans: Sequence[str] = DEFAULT_PLANS) -> Evidence:
    """Return the evidence of facts, whether they come from a database or from cells files.

    Args:
        facts: What the requests say (`llmaudit.facts`, `llmaudit.cellsfile`).
        catalog: The prices.
        plans: Presets or plan files to evaluate.

    Raises:
        UsageError: No preset of a name.
        InputError: A plan file is missing or malformed.
    """
    return _evidence(facts, catalog, _chosen(plans, catalog))


def _evidence(facts: Facts, catalog: Catalog, plans: Sequence[Plan]) -> Evidence:
    cells = price(facts.cells, catalog)
    return Evidence(
        cells=cells,
        catalog=catalog,
        plans=_plan_costs(facts, cells, catalog, plans) if plans else [],
        ledger=[source.row for source in facts.sources],
        summaries=facts.summaries,
        tagged_by=facts.tagged_by,
        confusion=facts.confusion,
        conflicts=sum(source.conflicts for source in facts.sources),
        period=facts.period,
        shadow=facts.shadow,
        outcomes=facts.outcomes,
        bills=facts.bills,
        notes=facts.notes,
        left_out=facts.left_out,
    )


def _plan_costs(facts: Facts, cells: list[PricedCell], catalog: Catalog, plans: Sequence[Plan]) -> list[PlanCost]:
    certified = _canonical(facts.certified, catalog)
    ratios = Ratios.of(catalog, cells, facts.summaries)
    costs = evaluate_all(plans, cells, catalog, certified, ratios)
    return [_proven(cost, facts.outcomes, catalog, ratios) for cost in costs]


def _proven(cost: PlanCost, outcomes: Outcomes | None, catalog: Catalog, ratios: Ratios) -> PlanCost:
    """Return a plan's cost with the moves that outcomes certify, all of them together."""
    if outcomes is None or not cost.moved_requests:
        return cost
    from llmaudit.plans.certify_plan import certified_moves  # noqa: PLC0415 -- arrays only where there are outcomes

    return replace(cost, certified=cost.certified | certified_moves(cost, outcomes, catalog, ratios=ratios))


def _canonical(moves: frozenset[Move], catalog: Catalog) -> frozenset[Move]:
    """Return moves with the canonical names of their models, if the catalog knows them."""

    def canonical(name: str) -> str:
        offer = catalog.canonical(name) or catalog.find(name).offer
        return offer.sku.model if offer else name

    return frozenset((tier, canonical(before), then and canonical(then)) for tier, before, then in moves)


def check_plans(plans: Sequence[str], catalog: Catalog) -> None:
    """Refuse plans that cannot be used, before anything is read.

    Raises:
        UsageError: No preset of a name.
        InputError: A plan file is missing or malformed, or two plans have one name.
    """
    _chosen(plans, catalog)


def _chosen(plans: Sequence[str], catalog: Catalog) -> list[Plan]:
    """Return plans by their names, each name once."""
    chosen = [load_plan(name, catalog) for name in plans]
    _check_names(chosen)
    return chosen


def _check_names(plans: Sequence[Plan]) -> None:
    """Refuse two plans of one name: rows and findings identify a plan by its name, and would mix the two up."""
    for number, plan in enumerate(plans):
        if any(plan.name == other.name for other in plans[:number]):
            raise InputError(
                f"plan {printable(plan.name)}: two of the plans have this name",
                next_step="Give each plan a different name; `llmaudit plan list` has the names of the presets.",
                slug="bad-plan",
            )


def conclude(evidence: Evidence) -> Audit:
    """Return the audit: every finding, and what a reader must be warned of."""
    found = {name: find(evidence) for name, find in FINDINGS}
    audit = Audit(
        version=__version__,
        catalog_version=evidence.catalog.version,
        timezone=evidence.period.timezone,
        since=evidence.period.since,
        until=evidence.period.until,
        warnings=[],
        **found,
    )
    missing = [reason for name, reason in NO_DATA if getattr(audit, name) is None]
    return msgspec.structs.replace(audit, warnings=[*_warnings(audit), *evidence.notes, *missing])


def warnings_for_people(audit: Audit) -> list[str]:
    """Return the warnings without those that the first one implies: without a request most parts have no data."""
    implied = set() if audit.spend.requests else {reason for _, reason in NO_DATA}
    return [warning for warning in audit.warnings if warning not in implied]


def _warnings(audit: Audit) -> Iterator[str]:
    """Yield the sentences a reader must see before quoting a figure."""
    if not audit.spend.requests:
        other = " except those from bills and usage exports" if audit.reconcile.rows or audit.usage.rows else ""
        yield f"no requests in the period: every figure is empty{other}"
    yield from _of_records(audit.coverage)
    yield from _of_prices(audit.coverage, audit.spend)
    yield from _of_usage(audit.coverage)
    yield from reconcile.foreign_amounts(audit.reconcile.rows)


def _of_records(covered: Coverage) -> Iterator[str]:
    if covered.rejected:
        were = "was" if covered.rejected == 1 else "were"
        yield f"{covered.rejected:,} of {counted(covered.lines, 'record')} {were} rejected; see the coverage section"
    if covered.conflicts:
        repeat = "repeats" if covered.conflicts == 1 else "repeat"
        records = counted(covered.conflicts, "record")
        yield f"{records} {repeat} a request id with different content; the first one read counts"
    if twice := coverage.twice_sentence(covered.told_twice):
        yield twice


def _of_prices(covered: Coverage, spent: Spend) -> Iterator[str]:
    if spent.unpriced_requests:
        models = sorted({row.model for row in covered.unpriced})
        names = ", ".join(models[:MAX_NAMES]) + (" and others" if len(models) > MAX_NAMES else "")
        yield f"the cost of {counted(spent.unpriced_requests, 'request')} is unknown and in no total ({names})"
    if timeless := sum(row.requests for row in covered.unpriced if row.reason == NO_TIME):
        yield (
            f"{timeless:,} of them have no time in their log, and prices are dated: log a time with each record, or "
            "ingest with --assume-time"
        )
    if spent.assumed_time_requests:
        yield (
            f"{counted(spent.assumed_time_requests, 'request')} without a time in the log: "
            f"{shown(spent.assumed_time_usd)} depends on the time given with --assume-time"
        )
    if spent.billed_estimate_usd:
        estimates = shown(spent.billed_estimate_usd)
        yield f"{estimates} of the billed amounts are estimates by the logging tools, not charges"


def _of_usage(covered: Coverage) -> Iterator[str]:
    if estimated := covered.usage.get("estimated"):
        yield f"{counted(estimated, 'request')} had no usage in the log; the tokens were counted offline"
    if inconsistent := covered.usage.get("inconsistent"):
        yield f"{counted(inconsistent, 'request')} of contradictory usage in no total"
    yield from _too_long(covered.too_long)
    yield from (f"{counted(count, 'request')}: {note}" for note, count in covered.assumed.items())


def _too_long(rows: Sequence[TooLong]) -> list[str]:
    """Return a sentence on requests that are larger than their model takes."""
    if not rows:
        return []
    most = f"{rows[0].model}: {rows[0].kind} above {rows[0].limit_tokens:,} tokens" + ", and others" * (len(rows) > 1)
    requests = counted(sum(row.requests for row in rows), "request")
    return [f"{requests} with more tokens than the model takes in one call ({most}): in every total; see the coverage"]
