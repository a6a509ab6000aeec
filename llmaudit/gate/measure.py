"""Reduces a log to what the check compares: SQL folds the requests, Python prices the result.

The same function creates a baseline and measures the log that is compared with one. For the latter it takes the
baseline as `like`: cells are divided the same way, and every request is also valued at the baseline's prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from llmaudit import __version__
from llmaudit.catalog import Catalog
from llmaudit.catalog.units import PRICED
from llmaudit.gate.fold import fitting, like_cut
from llmaudit.gate.latency import latencies
from llmaudit.gate.model import (
    QUANTITIES,
    SQUARES,
    Baseline,
    Cell,
    ClusterKind,
    Detail,
    Outcome,
    Span,
    cell_order,
    rounded,
)
from llmaudit.gate.named_groups import chosen_names, named
from llmaudit.gate.pricing import Conditions, Priced, price_conditions
from llmaudit.gate.sums import GROUPINGS, cases_of, moments_of
from llmaudit.listcost import present
from llmaudit.money import EXACT, ZERO
from llmaudit.period import ALL, Period
from llmaudit.resolve import resolved_requests
from llmaudit.sql import read_sql
from llmaudit.store import Store

MIN_CLUSTERS, MIN_NAMED = 20, 0.9
"""Users (or sessions) are the clusters if there are this many, and this share of the requests names one."""

_SUPERSEDED_SQL = """
    SELECT row_id FROM (
        SELECT r.row_id, r.status,
            ROW_NUMBER() OVER (
                PARTITION BY r.call_id ORDER BY r.started_at DESC, r.attempt DESC, r.row_id DESC
            ) AS place
        FROM period_requests AS r
        SEMI JOIN (SELECT call_id FROM period_requests WHERE status <> 'ok' AND call_id IS NOT NULL) AS f
            ON f.call_id = r.call_id
    )
    WHERE place > 1 AND status <> 'ok'
"""
"""Failed attempts with another attempt of their call after them. Only calls that saw a failure are looked at."""


def measure(
    store: Store,
    catalog: Catalog,
    period: Period = ALL,
    *,
    like: Baseline | None = None,
    groupings: Sequence[str] = GROUPINGS,
    case: str | None = None,
    with_latency: bool = True,
) -> Baseline:
    """Reduce the requests of a period to a baseline.

    Args:
        store: The database; its tags must be up to date. It is only read.
        catalog: The prices.
        period: Only requests that started in it.
        like: The baseline that the result will be compared with.
        groupings: The groupings to compute moments for, of `GROUPINGS`.
        case: What names a case (`llmaudit.gate.cases`); by default as in `like`, or else the tag `case`.
        with_latency: Whether to compute latency histograms.
    """
    with resolved_requests(store, catalog, period):
        detail = _detail(store, like, case)
        with _gate_requests(store, catalog, detail):
            used = [PRICED[index] for index in sorted(present(store)) if PRICED[index] in QUANTITIES]
            rows = _fold(store, used)
            conditions = list(dict.fromkeys(row.conditions for row in rows))
            priced = price_conditions(conditions, catalog, like, used)
            with priced.table(store):
                cells = _cells(rows, priced)
                baseline = Baseline(
                    llmaudit=__version__,
                    catalog_version=catalog.version,
                    span=_span(store, period),
                    detail=detail,
                    requests=sum(cell.requests for cell in cells),
                    unpriced=sum(cell.requests for cell in cells if cell.usd is None),
                    rates=priced.rates,
                    frozen=priced.frozen,
                    cells=cells,
                    moments=moments_of(store, groupings, detail, priced, cells),
                    cases=cases_of(store, detail.case, priced),
                    latency=latencies(store) if with_latency else [],
                )
    return like_cut(baseline, like.detail) if like else fitting(baseline)


def _detail(store: Store, like: Baseline | None, case: str | None) -> Detail:
    """Return how finely to divide: as the baseline does, or by what this log has."""
    names = chosen_names(store, like.detail if like else None)
    return Detail(
        features=names["feature"],
        templates=names["template"],
        cluster=like.detail.cluster if like else _cluster(store),
        case=case or (like.detail.case if like else "tag:case"),
    )


def _cluster(store: Store) -> ClusterKind:
    """Return whose requests belong together: a user's if the log names users, else a session's, else nobody's."""
    whole, *known = store.one(
        "SELECT count(*), count(user_id), approx_count_distinct(user_id), count(session_id),"
        " approx_count_distinct(session_id) FROM period_requests"
    )
    kinds: tuple[ClusterKind, ...] = ("user", "session")
    for kind, count, distinct in zip(kinds, known[::2], known[1::2], strict=True):
        if whole and count >= MIN_NAMED * whole and distinct >= MIN_CLUSTERS:
            return kind
    return "request"


@contextmanager
def _gate_requests(store: Store, catalog: Catalog, detail: Detail) -> Iterator[None]:
    """Make the view `gate_requests` (gate.sql) for the length of a block."""
    store.execute(f"CREATE OR REPLACE TEMP TABLE gate_superseded AS {_SUPERSEDED_SQL}")
    edges = sorted(catalog.price_edges(), reverse=True)
    bands = " ".join(f"WHEN q.prompt_tokens >= {int(edge)} THEN {int(edge)}" for edge in edges)
    with store.table("gate_names", named(detail)):
        store.execute(read_sql("gate.sql").replace("{bands}", f"CASE {bands} END"))
        store.execute(read_sql("gate_named.sql"))
        yield


class _CellKey(NamedTuple):
    """What the requests of a cell have in common besides their price: columns of `gate_requests`."""

    feature: str | None
    template: str | None
    tier: int | None
    outcome: Outcome
    gateway: str | None
    model: str


@dataclass
class _Sums:
    """Sums over some requests; the last four are those of a `Cell`.

    Attributes:
        requests: How many.
        tokens: Sum of each quantity.
        billed_usd: What was billed, where that is known.
    """

    requests: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    billed_usd: Decimal = ZERO
    prompt_squares: float = 0.0
    read_squares: float = 0.0
    prompt_reads: float = 0.0
    output_squares: float = 0.0

    def add(self, other: _Sums) -> None:
        """Add the sums of other requests."""
        self.requests += other.requests
        self.billed_usd = EXACT.add(self.billed_usd, other.billed_usd)
        for name, count in other.tokens.items():
            self.tokens[name] = self.tokens.get(name, 0) + count
        for name in SQUARES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class _FoldedRow:
    """Requests that agree in everything that cells and prices depend on."""

    key: _CellKey
    conditions: Conditions
    is_billed: bool
    sums: _Sums


def _fold(store: Store, used: Sequence[str]) -> list[_FoldedRow]:
    """Return sums by everything that cells and prices depend on; dates are folded away once prices are known."""
    keys = ", ".join([*_CellKey._fields, *Conditions._fields, "billed_usd IS NOT NULL"])
    tokens = "".join(f", CAST(SUM({name}) AS BIGINT)" for name in used)
    rows = store.rows(
        f"SELECT {keys}, COUNT(*), SUM(billed_usd),"
        " SUM(CAST(prompt AS DOUBLE) * prompt),"
        " SUM(CAST(cache_read_tokens AS DOUBLE) * cache_read_tokens),"
        " SUM(CAST(prompt AS DOUBLE) * cache_read_tokens),"
        f" SUM(CAST(output_tokens AS DOUBLE) * output_tokens){tokens}"
        f" FROM gate_requests GROUP BY {keys}"
    )
    return [_folded_row(row, used) for row in rows]


def _folded_row(row: tuple[Any, ...], used: Sequence[str]) -> _FoldedRow:
    values = iter(row)
    key = _CellKey(*islice(values, len(_CellKey._fields)))
    conditions = Conditions(*islice(values, len(Conditions._fields)))
    is_billed, requests, billed_usd, *squares = islice(values, 3 + len(SQUARES))
    tokens = {name: count for name, count in zip(used, values, strict=True) if count}
    sums = _Sums(requests, tokens, billed_usd or ZERO, *(square or 0.0 for square in squares))
    return _FoldedRow(key, conditions, is_billed, sums)


def _cells(rows: Iterable[_FoldedRow], priced: Priced) -> list[Cell]:
    """Return cells: rows whose requests have the same prices are added up, whatever their day."""
    sums: dict[tuple[_CellKey, str | None, bool], _Sums] = {}
    for row in rows:
        rate = priced.key_of(row.conditions, row.sums.tokens)
        sums.setdefault((row.key, rate, row.is_billed), _Sums()).add(row.sums)
    cells = [_cell(key, rate, some, priced, is_billed=is_billed) for (key, rate, is_billed), some in sums.items()]
    return sorted(cells, key=cell_order)


def _cell(key: _CellKey, rate: str | None, sums: _Sums, priced: Priced, *, is_billed: bool) -> Cell:
    tokens = {name: sums.tokens[name] for name in QUANTITIES if name in sums.tokens}
    prices = priced.rates.get(rate) if rate is not None else None
    list_usd = prices.cost(tokens, sums.requests) if prices else None
    return Cell(
        **key._asdict(),
        rate=rate,
        is_billed=is_billed,
        requests=sums.requests,
        tokens=tokens,
        list_usd=list_usd,
        usd=sums.billed_usd if is_billed else list_usd,
        prompt_squares=rounded(sums.prompt_squares),
        read_squares=rounded(sums.read_squares),
        prompt_reads=rounded(sums.prompt_reads),
        output_squares=rounded(sums.output_squares),
    )


def _span(store: Store, period: Period) -> Span:
    first, last = store.one("SELECT min(started_at), max(started_at) FROM period_requests")
    if first is None:
        return Span(timezone=period.timezone)
    start, end = period.since or first, period.until or last
    return Span(
        first_at=first,
        last_at=last,
        hours=max(1, math.ceil((end - start).total_seconds() / 3600)),
        timezone=period.timezone,
    )
