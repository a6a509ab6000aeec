"""What requests tell before any price or plan: read from a database once, or from cells files, and added up.

`Facts` is all that leaves the requests. An `Evidence` is made of facts, a catalog and plans (`llmaudit.audit`), so an
audit neither knows nor cares whether its facts come from rows or from cells files (`llmaudit.cellsfile`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from llmaudit.catalog import Catalog
from llmaudit.cells import Cell
from llmaudit.evidence import BillSum, LedgerRow
from llmaudit.period import ALL, Period
from llmaudit.plans.evaluate import Move
from llmaudit.rollup import fold, keyed_requests
from llmaudit.store import Store
from llmaudit.summaries import all_summaries
from llmaudit.tiers.confusion import MEASURED, Confusion
from llmaudit.tiers.matching import confusion_of
from llmaudit.tiers.tag import counts

if TYPE_CHECKING:
    from llmaudit.evidence import ShadowTest


class Source(msgspec.Struct, frozen=True):
    """One file that requests or bills were read from.

    Attributes:
        row: Its line in the ledger.
        content: SHA-256 of its content: the same content in two cells files would count twice.
        since: Start of the period it was read for; None is unbounded.
        until: End of that period, exclusive.
        conflicts: Its records whose id was known with other content.
    """

    row: LedgerRow
    content: str
    since: datetime | None
    until: datetime | None
    conflicts: int


@dataclass(frozen=True)
class Facts:
    """Everything an audit needs of the requests and bills.

    Attributes:
        cells: The cells of the period.
        sources: The files, as the ledger has them.
        summaries: Rows of every summary (`llmaudit.summaries`), by their type.
        tagged_by: Requests by the tier rule that decided.
        confusion: How often tags are wrong across the border of tiers 1 and 2.
        period: The span of time asked for, and the zone of the days.
        shadow: Every shadow test.
        certified: Moves that outcomes have certified: tier, model now, model then, as the outcomes name them.
        bills: Sums of the bill lines in the period.
    """

    cells: list[Cell]
    sources: list[Source] = field(default_factory=list)
    summaries: Mapping[type[msgspec.Struct], Sequence[msgspec.Struct]] = field(default_factory=dict)
    tagged_by: dict[str, int] = field(default_factory=dict)
    confusion: Confusion = MEASURED
    period: Period = ALL
    shadow: list[ShadowTest] = field(default_factory=list)
    certified: frozenset[Move] = frozenset()
    bills: list[BillSum] = field(default_factory=list)


def facts_of(store: Store, catalog: Catalog, period: Period = ALL) -> Facts:
    """Read everything an audit needs from a database, once.

    Args:
        store: The database; its tags must be up to date.
        catalog: Decides which names mean which sku, and where cells divide.
        period: The span of time, and the zone of its days.
    """
    with keyed_requests(store, catalog, period):
        cells = fold(store)
        summaries = {summary.row: summary.build(store) for summary in all_summaries()}
    return Facts(
        cells=cells,
        sources=sources(store),
        summaries=summaries,
        tagged_by=counts(store, period).by_signal,
        confusion=confusion_of(store),
        period=period,
        shadow=_shadow_tests(store),
        certified=_certified(store),
        bills=bills(store, period),
    )


def _certified(store: Store) -> frozenset[Move]:
    """Return the moves that shadow tests have certified."""
    if not store.has("evals"):
        return frozenset()
    return frozenset(store.rows("SELECT tier, model_from, model_to FROM evals WHERE certified"))


def _shadow_tests(store: Store) -> list[ShadowTest]:
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


def sources(store: Store) -> list[Source]:
    """Return the ledger: one row per file, in the order read."""
    columns = ", ".join(f"s.{name}" for name in LedgerRow.__struct_fields__)
    rows = store.dicts(
        f"SELECT {columns}, s.content_sha256 AS content, s.since, s.until,"
        " (SELECT count(*) FROM conflicts c WHERE c.source_id = s.source_id) AS conflicts"
        " FROM sources s ORDER BY s.source_id"
    )
    return [_source(row) for row in rows]


def _source(row: dict[str, Any]) -> Source:
    own = {name: row[name] for name in ("content", "since", "until", "conflicts")}
    ledger = {name: row[name] for name in LedgerRow.__struct_fields__}
    return Source(LedgerRow(**ledger | {"reasons": msgspec.json.decode(row["reasons"])}), **own)
