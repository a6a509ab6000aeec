"""The audit: every finding over one evidence, as one frozen value that is also `audit.json`.

Whatever reads it (the terminal summary, the HTML report, a notebook, a CI check) shows these numbers and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from llmaudit import __version__
from llmaudit.catalog import Catalog
from llmaudit.cells import price
from llmaudit.errors import InputError, printable
from llmaudit.evidence import BillSum, Evidence, LedgerRow
from llmaudit.findings import (
    account,
    coverage,
    drivers,
    markup,
    opportunities,
    reconcile,
    reliability,
    savings,
    shadow,
    spend,
    tiers,
)
from llmaudit.period import ALL, Period
from llmaudit.plans import Plan, evaluate, load_plan
from llmaudit.plans.evaluate import Move
from llmaudit.rollup import fold, keyed_requests
from llmaudit.store import Store
from llmaudit.summaries import all_summaries
from llmaudit.tiers.matching import confusion_of
from llmaudit.tiers.tag import counts

SCHEMA = "llmaudit/audit/1"
DEFAULT_PLANS = ("as-is", "direct", "tiered")

FINDINGS: tuple[tuple[str, Callable[[Evidence], Any]], ...] = (
    ("spend", spend.find),
    ("account", account.find),
    ("coverage", coverage.find),
    ("tiers", tiers.find),
    ("drivers", drivers.find),
    ("savings", savings.find),
    ("opportunities", opportunities.find),
    ("markup", markup.find),
    ("reliability", reliability.find),
    ("reconcile", reconcile.find),
    ("shadow", shadow.find),
)
"""The whole audit, in the order a reader meets it."""

NOT_YET: tuple[tuple[str, str], ...] = (
    ("lockin", "lock-in is not measured yet: it needs outcomes of several models on the same tier"),
    ("checklist", "the gateway checklist is not answered yet"),
)
"""Parts that are not built: their key is there, null, and the reason is a warning."""

NO_DATA: tuple[tuple[str, str], ...] = (
    ("shadow", "no shadow test was analysed: there are no paired outcomes in the database"),
)
"""Parts that need something of their own: without it their key is null, and the reason is a warning."""


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
    coverage: coverage.Coverage
    tiers: tiers.Tiers
    drivers: drivers.Drivers
    savings: savings.Savings
    opportunities: opportunities.Opportunities
    markup: markup.Markup
    reliability: reliability.Reliability
    reconcile: reconcile.Reconcile
    lockin: None = None
    checklist: None = None
    shadow: shadow.Shadow | None = None
    warnings: list[str]


def gather(
    store: Store,
    catalog: Catalog,
    plans: Sequence[str] = DEFAULT_PLANS,
    period: Period = ALL,
) -> Evidence:
    """Read everything the findings need from a database, once.

    Args:
        store: The database; its tags must be up to date.
        catalog: The prices.
        plans: Presets or plan files to evaluate.
        period: The span of time, and the zone of its days.

    Raises:
        UsageError: No preset of a name.
        InputError: A plan file is missing or malformed.
    """
    chosen = [load_plan(name, catalog) for name in plans]
    _check_names(chosen)
    with keyed_requests(store, catalog, period):
        cells = price(fold(store), catalog)
        summaries = {summary.row: summary.build(store) for summary in all_summaries()}
    certified = _certified(store, catalog)
    return Evidence(
        cells=cells,
        catalog=catalog,
        plans=[evaluate(plan, cells, catalog, certified) for plan in chosen],
        ledger=ledger(store),
        summaries=summaries,
        tagged_by=counts(store, period).by_signal,
        confusion=confusion_of(store),
        conflicts=int(store.one("SELECT count(*) FROM conflicts")[0]),
        period=period,
        shadow=_shadow_tests(store),
        bills=bills(store, period),
    )


def _certified(store: Store, catalog: Catalog) -> frozenset[Move]:
    """Return the moves that shadow tests have certified, their models by canonical name where the catalog has it."""
    if not store.has("evals"):
        return frozenset()

    def canonical(name: str) -> str:
        offer = catalog.canonical(name) or catalog.find(name).offer
        return offer.sku.model if offer else name

    rows = store.rows("SELECT tier, model_from, model_to FROM evals WHERE certified")
    return frozenset((tier, canonical(before), canonical(after)) for tier, before, after in rows)


def _shadow_tests(store: Store) -> list[tuple[Any, Any]]:
    """Return the pairs of every shadow test; scipy is imported only where there is one."""
    if not store.has("shadow_tests") or not store.rows("SELECT 1 FROM shadow_tests LIMIT 1"):
        return []
    from llmaudit.shadow.keep import load, tests  # noqa: PLC0415 -- see above

    return [load(store, plan.name) for plan, _, _ in tests(store)]


def bills(store: Store, period: Period = ALL) -> list[BillSum]:
    """Return the bill lines of a period, summed by everything that `reconcile` tells them apart by."""
    rows = store.dicts(
        "SELECT id_space AS bill, coalesce(seller, 'unknown') AS seller, issuer, grain,"
        " CAST(period_start AS DATE) AS day, model_raw AS model, token_kind, charge_category AS category, currency,"
        " per_usd, sum(billed_cost) AS billed, sum(effective_cost) AS effective,"
        " sum(CASE WHEN quantity_unit = 'tokens' THEN quantity END) AS tokens,"
        " CAST(sum(requests) AS BIGINT) AS requests, count(*) AS lines FROM bill_lines"
        " WHERE ($since IS NULL OR period_start >= $since) AND ($until IS NULL OR period_start < $until)"
        " GROUP BY ALL ORDER BY ALL",
        {"since": period.since, "until": period.until},
    )
    return [BillSum(**row) for row in rows]


def _check_names(plans: Sequence[Plan]) -> None:
    """Refuse two plans of one name: rows and findings know a plan by its name, and would take the two for one."""
    for number, plan in enumerate(plans):
        if any(plan.name == other.name for other in plans[:number]):
            raise InputError(
                f"plan {printable(plan.name)}: two of the plans asked for have this name",
                next_step="Give each plan a name of its own; presets have theirs (`llmaudit plan list`).",
                slug="bad-plan",
            )


def ledger(store: Store) -> list[LedgerRow]:
    """Return the ledger: one row per file, in the order read."""
    columns = ", ".join(LedgerRow.__struct_fields__)
    rows = store.dicts(f"SELECT {columns} FROM sources ORDER BY source_id")
    return [LedgerRow(**{**row, "reasons": msgspec.json.decode(row["reasons"])}) for row in rows]


def conclude(evidence: Evidence) -> Audit:
    """Return the audit of an evidence: every finding, and what a reader must be warned of."""
    found = {name: find(evidence) for name, find in FINDINGS}
    return Audit(
        version=__version__,
        catalog_version=evidence.catalog.version,
        timezone=evidence.period.timezone,
        since=evidence.period.since,
        until=evidence.period.until,
        warnings=[*_warnings(found), *(reason for _, reason in NOT_YET), *_without(found)],
        **found,
    )


def _without(found: dict[str, Any]) -> list[str]:
    return [reason for name, reason in NO_DATA if found[name] is None]


def _warnings(found: dict[str, Any]) -> list[str]:
    """Return the sentences a reader must see before quoting a figure."""
    covered, spent = found["coverage"], found["spend"]
    warnings = []
    if not spent.requests:
        warnings.append("no request lies in the period: every figure is empty")
    if covered.rejected:
        warnings.append(f"{covered.rejected:,} of {covered.lines:,} records were rejected; the coverage says why")
    if covered.conflicts:
        warnings.append(
            f"{covered.conflicts:,} records repeat a request id with other content; the first one read counts"
        )
    if spent.unpriced_requests:
        models = sorted({row.model for row in covered.unpriced})
        shown = ", ".join(models[:5]) + (" and others" if len(models) > 5 else "")  # noqa: PLR2004
        warnings.append(f"the cost of {spent.unpriced_requests:,} requests is unknown and in no total ({shown})")
    if covered.usage.get("estimated"):
        warnings.append(
            f"{covered.usage['estimated']:,} requests had no usage in their log; their tokens were counted offline"
        )
    if covered.usage.get("inconsistent"):
        warnings.append(f"{covered.usage['inconsistent']:,} requests have contradictory usage and are in no total")
    warnings.extend(f"{count:,} request{'s' * (count != 1)}: {note}" for note, count in covered.assumed.items())
    return warnings
