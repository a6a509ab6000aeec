"""Reduces a log to what the check compares: SQL folds the requests, Python prices the result.

The same function creates a baseline and measures the log that is compared with one. In the latter case it is told what
the log should be `like`: cells are divided the same way, and every request is also valued at the baseline's prices.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llmaudit import __version__
from llmaudit.catalog import Catalog
from llmaudit.catalog.units import PRICED
from llmaudit.gate.fold import fitting, like_cut
from llmaudit.gate.latency import latencies
from llmaudit.gate.model import QUANTITIES, Baseline, Cell, ClusterKind, Detail, Span, cell_order, rounded
from llmaudit.gate.named_groups import chosen_names, named
from llmaudit.gate.pricing import KEYS, Priced, price_conditions
from llmaudit.gate.sums import GROUPINGS, cases_of, moments_of
from llmaudit.listcost import present
from llmaudit.period import ALL, Period
from llmaudit.resolve import resolved_requests
from llmaudit.sql import read_sql
from llmaudit.store import Store

MIN_CLUSTERS, MOST = 20, 0.9
"""Users (or sessions) stand for independent clusters where there are so many, and most requests name one."""

SUPERSEDED_SQL = """
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
        like: The baseline that the result is to be compared with.
        groupings: Groupings whose moments are wanted, of `GROUPINGS`.
        case: What names a case (`llmaudit.gate.cases`); as in `like`, or the tag `case`, where left out.
        with_latency: Whether histograms are wanted.
    """
    with resolved_requests(store, catalog, period):
        detail = _detail(store, like, case)
        with _gate_requests(store, catalog, detail):
            folded = _fold(store)
            priced = price_conditions(folded.conditions, catalog, like, folded.used)
            with priced.table(store):
                cells = _cells(folded.rows, priced)
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
    """Return how to cut: as the baseline is cut, or by what this log has."""
    names = chosen_names(store, like.detail if like else None)
    return Detail(
        features=names["feature"],
        templates=names["template"],
        cluster=like.detail.cluster if like else _cluster(store),
        case=case or (like.detail.case if like else "tag:case"),
    )


def _cluster(store: Store) -> ClusterKind:
    """Return whose requests belong together: users where the log has them, else sessions, else nobody's."""
    whole, *known = store.one(
        "SELECT count(*), count(user_id), approx_count_distinct(user_id), count(session_id),"
        " approx_count_distinct(session_id) FROM period_requests"
    )
    kinds: tuple[ClusterKind, ...] = ("user", "session")
    for kind, count, distinct in zip(kinds, known[::2], known[1::2], strict=True):
        if whole and count >= MOST * whole and distinct >= MIN_CLUSTERS:
            return kind
    return "request"


@contextmanager
def _gate_requests(store: Store, catalog: Catalog, detail: Detail) -> Iterator[None]:
    """Make the view `gate_requests` (gate.sql) for the length of a block."""
    store.execute(f"CREATE OR REPLACE TEMP TABLE gate_superseded AS {SUPERSEDED_SQL}")
    edges = sorted(catalog.prompt_edges(), reverse=True)
    bands = " ".join(f"WHEN q.prompt_tokens >= {int(edge)} THEN {int(edge)}" for edge in edges)
    with store.table("gate_names", named(detail)):
        store.execute(read_sql("gate.sql").replace("{bands}", f"CASE {bands} END"))
        store.execute(read_sql("gate_named.sql"))
        yield


class _Folded:
    """Rows of the first fold, and what their prices depend on."""

    def __init__(self, rows: list[dict[str, Any]], used: list[str]) -> None:
        self.rows = rows
        self.used = used
        self.conditions = list(dict.fromkeys(tuple(row[name] for name in KEYS) for row in rows))


CELL_KEYS = ("feature", "template", "tier", "outcome", "gateway", "model")


def _fold(store: Store) -> _Folded:
    """Return sums by everything that cells and prices depend on; dates are folded away once prices are known."""
    keys = ", ".join([*CELL_KEYS, *KEYS])
    used = [PRICED[index] for index in sorted(present(store)) if PRICED[index] in QUANTITIES]
    sums = "".join(f" CAST(SUM({name}) AS BIGINT) AS {name}," for name in used)
    return _Folded(
        store.dicts(
            f"SELECT {keys}, billed_usd IS NOT NULL AS is_billed, COUNT(*) AS requests,{sums}"
            " SUM(billed_usd) AS billed,"
            " SUM(CAST(prompt AS DOUBLE) * prompt) AS prompt_squares,"
            " SUM(CAST(cache_read_tokens AS DOUBLE) * cache_read_tokens) AS read_squares,"
            " SUM(CAST(prompt AS DOUBLE) * cache_read_tokens) AS prompt_reads,"
            " SUM(CAST(output_tokens AS DOUBLE) * output_tokens) AS output_squares"
            f" FROM gate_requests GROUP BY {keys}, billed_usd IS NOT NULL"
        ),
        used,
    )


_SQUARES = ("prompt_squares", "read_squares", "prompt_reads", "output_squares")


def _cells(rows: list[dict[str, Any]], priced: Priced) -> list[Cell]:
    """Return cells: rows whose requests have the same prices are added up, whatever their day."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        rate = priced.key_of(tuple(row[name] for name in KEYS), row)
        key = (*(row[name] for name in CELL_KEYS), rate, row["is_billed"])
        kept = sums.setdefault(key, dict.fromkeys((*QUANTITIES, *_SQUARES, "requests", "billed"), 0))
        for name in kept:
            kept[name] += row.get(name) or 0
    return sorted((_cell(key, kept, priced) for key, kept in sums.items()), key=cell_order)


def _cell(key: tuple[Any, ...], sums: dict[str, Any], priced: Priced) -> Cell:
    names: dict[str, Any] = dict(zip((*CELL_KEYS, "rate", "is_billed"), key, strict=True))
    tokens = {name: int(sums[name]) for name in QUANTITIES if sums[name]}
    rate = priced.rates.get(names["rate"])
    listed = rate.cost(tokens, sums["requests"]) if rate else None
    squares: dict[str, Any] = {name: rounded(sums[name]) for name in _SQUARES}
    return Cell(
        **names,
        requests=sums["requests"],
        tokens=tokens,
        list_usd=listed,
        usd=sums["billed"] if names["is_billed"] else listed,
        **squares,
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
