"""What the requests say before any price or plan: read from a database or from cells files, and added up.

`Facts` is all that is kept of the requests. An `Evidence` combines facts, a catalog and plans (`llmaudit.audit`), so an
audit does not depend on whether its facts come from requests or from cells files (`llmaudit.cellsfile`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

import msgspec

from llmaudit.billing.sums import bill_sums
from llmaudit.catalog import Catalog
from llmaudit.cells import Cell, add, known_sum
from llmaudit.crowded import TOP
from llmaudit.edges import Edges, edges_of, united, with_slots
from llmaudit.errors import UsageError, printable
from llmaudit.evals.match import paired_outcomes
from llmaudit.evidence import BillSum, LedgerRow
from llmaudit.money import total
from llmaudit.period import ALL, Period
from llmaudit.plans.assigning import Move
from llmaudit.plans.quality import Outcomes
from llmaudit.rollup import fold, gateway_requests, keyed_requests
from llmaudit.store import Store
from llmaudit.summaries import all_summaries
from llmaudit.summaries.billed import BilledRequest
from llmaudit.summaries.payments import Payment
from llmaudit.summaries.prompts import SizedPrompt
from llmaudit.tiers.confusion import MEASURED, Confusion
from llmaudit.tiers.label_matching import confusion_of
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
        certified: Moves that shadow tests have certified: tier, model now, model then, as the outcomes name them.
        outcomes: Paired outcomes, which certify moves of a plan by cohort; None if there are none.
        bills: Sums of the bill lines in the period.
        edges: Where the cells divide.
        notes: What a reader must know of them, in sentences.
        left_out: Summaries that were not built, by the type of their rows.
    """

    cells: list[Cell]
    sources: list[Source] = field(default_factory=list)
    summaries: Mapping[type[msgspec.Struct], Sequence[msgspec.Struct]] = field(default_factory=dict)
    tagged_by: dict[str, int] = field(default_factory=dict)
    confusion: Confusion = MEASURED
    period: Period = ALL
    shadow: list[ShadowTest] = field(default_factory=list)
    certified: frozenset[Move] = frozenset()
    outcomes: Outcomes | None = None
    bills: list[BillSum] = field(default_factory=list)
    edges: Edges = field(default_factory=Edges)
    notes: tuple[str, ...] = ()
    left_out: frozenset[type[msgspec.Struct]] = frozenset()


def facts_of(
    store: Store,
    catalog: Catalog,
    period: Period = ALL,
    top: int = TOP,
    only: Collection[type[msgspec.Struct]] | None = None,
) -> Facts:
    """Read everything an audit needs from a database, once.

    Args:
        store: The database; its tags must be up to date.
        catalog: Decides which names mean which sku, and where cells divide.
        period: The span of time, and the zone of its days.
        top: How many features, teams and unknown models are kept apart (`llmaudit.crowded`).
        only: The summaries that are asked for, by the type of their rows; None is every one. They take longer than
            everything else.
    """
    return store.in_bounded_memory(lambda: _facts_of(store, catalog, period, top, only))


def _facts_of(
    store: Store, catalog: Catalog, period: Period, top: int, only: Collection[type[msgspec.Struct]] | None
) -> Facts:
    with keyed_requests(store, catalog, period, top) as crowds:
        cells = fold(store)
        billed, slots = bill_sums(store, catalog, period)
        edges = with_slots(edges_of(store, catalog), slots)
        summaries, left_out = _summaries(store, only)
        outcomes = paired_outcomes(store, catalog)
    return Facts(
        cells=cells,
        sources=sources(store),
        summaries=summaries,
        tagged_by=counts(store, period).by_signal,
        confusion=confusion_of(store),
        period=period,
        shadow=_shadow_tests(store),
        certified=_certified(store),
        outcomes=outcomes,
        bills=billed,
        edges=edges,
        notes=tuple(crowd.note for crowd in crowds),
        left_out=left_out,
    )


Summaries = dict[type[msgspec.Struct], Sequence[msgspec.Struct]]


def _summaries(
    store: Store, only: Collection[type[msgspec.Struct]] | None
) -> tuple[Summaries, frozenset[type[msgspec.Struct]]]:
    """Return the rows of the summaries that are asked for, and the types of those that are not."""
    chosen = [summary for summary in all_summaries() if only is None or summary.row in only]
    left_out = {summary.row for summary in all_summaries()} - {summary.row for summary in chosen}
    return {summary.row: summary.build(store) for summary in chosen}, frozenset(left_out)


def facts_of_gateways(store: Store, catalog: Catalog, period: Period, gateway: str | None) -> Facts:
    """Read what the verdict on gateways needs and nothing else: a small part of the work of `facts_of`.

    Cells say nothing of tiers, attempts, features, teams and needs; requests that went through no gateway are in none.

    Args:
        store: The database; tags are not needed.
        catalog: Decides which names mean which sku, and where cells divide.
        period: The span of time, and the zone of its days.
        gateway: One that keeps its name, however many have more spend (`llmaudit.crowded`).
    """
    return store.in_bounded_memory(lambda: _facts_of_gateways(store, catalog, period, gateway))


def _facts_of_gateways(store: Store, catalog: Catalog, period: Period, gateway: str | None) -> Facts:
    with gateway_requests(store, catalog, period, gateway) as crowds:
        cells = fold(store)
        summaries, left_out = _summaries(store, {BilledRequest, SizedPrompt, Payment})
    notes = tuple(crowd.note for crowd in crowds)
    return Facts(cells=cells, summaries=summaries, period=period, notes=notes, left_out=left_out)


def added(parts: Sequence[Facts]) -> Facts:
    """Return the facts of several machines, files or periods as one; their order does not matter.

    Raises:
        UsageError: Their days begin in different zones, or a file would count twice.
    """
    if len(parts) == 1:
        return parts[0]
    _check_apart(parts)
    return Facts(
        cells=add(cell for part in parts for cell in part.cells),
        sources=_ledger(source for part in parts for source in part.sources),
        summaries={
            summary.row: summary.merge([row for part in parts for row in part.summaries.get(summary.row, ())])
            for summary in all_summaries()
        },
        tagged_by=_counts(part.tagged_by for part in parts),
        confusion=_widest(part.confusion for part in parts),
        period=_hull([part.period for part in parts]),
        shadow=[test for part in parts for test in part.shadow],
        certified=frozenset().union(*(part.certified for part in parts)),
        bills=_bills(bill for part in parts for bill in part.bills),
        edges=united(part.edges for part in parts),
        notes=tuple(sorted({note for part in parts for note in part.notes})),
        left_out=frozenset().union(*(part.left_out for part in parts)),
    )


def _check_apart(parts: Sequence[Facts]) -> None:
    zones = sorted({part.period.timezone for part in parts})
    if len(zones) > 1:
        raise UsageError(
            f"the cells use different time zones for their days: {zones[0]} and {zones[1]}",
            next_step="Roll them up again with the same --timezone.",
            slug="cells-of-two-zones",
        )
    for one, other in combinations(parts, 2):
        shared = {source.content for source in one.sources} & {source.content for source in other.sources}
        if shared and _overlap(one.period, other.period):
            path = next(source.row.path for source in one.sources if source.content in shared)
            raise UsageError(
                f"{printable(path)} is in two of the cells files, and their periods overlap: it would count twice",
                next_step="Leave one of them out, or roll them up for separate periods with --since and --until.",
                slug="cells-twice",
            )


def _overlap(one: Period, other: Period) -> bool:
    starts = one.since is None or other.until is None or one.since < other.until
    return starts and (other.since is None or one.until is None or other.since < one.until)


def _hull(periods: Sequence[Period]) -> Period:
    """Return the shortest period that holds others."""
    since = [period.since for period in periods if period.since is not None]
    until = [period.until for period in periods if period.until is not None]
    return Period(
        min(since) if len(since) == len(periods) else None,
        max(until) if len(until) == len(periods) else None,
        periods[0].timezone,
    )


def _ledger(sources: Iterable[Source]) -> list[Source]:
    """Return each file once, in the order of their paths: periods of one database share their files."""
    files: dict[tuple[object, ...], Source] = {}
    for source in sources:
        key = (source.content, source.since, source.until)
        known = files.get(key)
        if known is None or (source.row.accepted, source.row.path) > (known.row.accepted, known.row.path):
            files[key] = source
    return sorted(files.values(), key=lambda source: (source.row.path, source.content, str(source.since)))


def _counts(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    every = [item for part in parts for item in part.items()]
    return {name: sum(count for key, count in every if key == name) for name in sorted({key for key, _ in every})}


def _widest(parts: Iterable[Confusion]) -> Confusion:
    """Return the worst of what was measured: rates of several databases cannot be averaged without their counts."""
    every = sorted(set(parts), key=lambda one: one.basis)
    worst = {name: max(getattr(one, name) for one in every) for name in Confusion.__struct_fields__[:-1]}
    return Confusion(**worst, basis="; ".join(dict.fromkeys(one.basis for one in every)))


_BILL_SUMS = ("billed", "effective", "listed", "tokens", "pieces", "requests", "lines")


def _bills(bills: Iterable[BillSum]) -> list[BillSum]:
    keys = [name for name in BillSum.__struct_fields__ if name not in _BILL_SUMS]
    groups: dict[tuple[object, ...], list[BillSum]] = {}
    for bill in bills:
        groups.setdefault(tuple(getattr(bill, name) for name in keys), []).append(bill)
    ordered = sorted(groups, key=lambda key: [(part is None, part) for part in key])
    return [
        msgspec.structs.replace(
            groups[key][0],
            **{
                name: _known_total(getattr(bill, name) for bill in groups[key])
                for name in ("billed", "effective", "listed", "tokens", "pieces")
            },
            requests=known_sum(bill.requests for bill in groups[key]),
            lines=sum(bill.lines for bill in groups[key]),
        )
        for key in ordered
    ]


def _known_total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return total(known) if known else None


def _certified(store: Store) -> frozenset[Move]:
    """Return the moves that shadow tests have certified."""
    return frozenset(store.rows("SELECT tier, model_from, model_to FROM evals WHERE certified"))


def _shadow_tests(store: Store) -> list[ShadowTest]:
    """Return the pairs of every shadow test; scipy is imported only where there is one."""
    if not store.rows("SELECT 1 FROM shadow_tests LIMIT 1"):
        return []
    from llmaudit.shadow.pair_arrays import load  # noqa: PLC0415 -- see above
    from llmaudit.shadow.storage import tests  # noqa: PLC0415 -- the same

    return [load(store, plan.name) for plan, _, _ in tests(store)]


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
