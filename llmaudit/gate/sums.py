"""Sums over clusters and over cases, from which costs are compared."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from llmaudit.gate.cases import case_sql, names_cases
from llmaudit.gate.model import Case, Cell, Detail, Moments, rounded
from llmaudit.gate.pricing import Priced
from llmaudit.money import EXACT, ZERO
from llmaudit.store import Store

GROUPINGS = ("all", "feature", "route", "template", "team", "model", "tier")
"""By what costs can be compared, besides by case."""

MAX_GROUPS = 60
"""Groups of one grouping that are kept."""

_JOINED = {"template", "tier"}
"""Groupings that need the joins of `gate_requests`; the others do without, which is twice as fast."""

_OF_CELLS = {"all", "feature", "template", "model", "tier"}
"""Groupings whose exact amounts the cells have."""

_CLUSTERS_SQL = """
    CREATE OR REPLACE TEMP TABLE gate_clusters AS
    SELECT cluster, name, COUNT(*) AS n, COUNT(*) FILTER (good) AS z, SUM(usd) AS y, SUM(spend) AS s,
        SUM(CAST(usd AS DOUBLE) * CAST(usd AS DOUBLE)) AS q
    FROM (
        SELECT {cluster} AS cluster, {name} AS name, g.status = 'ok' AS good, {frozen} AS usd, {own} AS spend {source}
    )
    WHERE usd IS NOT NULL
    GROUP BY cluster, name
"""

_EACH_SQL = """
    SELECT {name} AS name, CAST(1 AS DOUBLE) AS n, CAST(CAST(g.status = 'ok' AS INTEGER) AS DOUBLE) AS z,
        {frozen} AS y, {own} AS s, CAST({frozen} AS DOUBLE) * CAST({frozen} AS DOUBLE) AS q
    {source}
"""
"""Requests as clusters of their own."""

_BY_CLUSTER_SQL = """
    SELECT {outer} AS name, CAST(SUM(n) AS DOUBLE) AS n, CAST(SUM(z) AS DOUBLE) AS z,
        SUM(y) AS y, SUM(s) AS s, SUM(q) AS q
    FROM gate_clusters GROUP BY cluster{and_name}
"""

_MOMENTS_SQL = """
    SELECT name, CAST(SUM(n) AS BIGINT) AS requests, CAST(SUM(z) AS BIGINT) AS successes, COUNT(*) AS clusters,
        SUM(y) AS usd, SUM(s) AS spend_usd, SUM(q) AS yy_rows,
        SUM(n * n) AS nn, SUM(n * z) AS nz, SUM(z * z) AS zz, SUM(n * yf) AS ny, SUM(z * yf) AS zy, SUM(yf * yf) AS yy,
        SUM(n * sf) AS ns, SUM(z * sf) AS zs, SUM(sf * sf) AS ss
    FROM (SELECT {outer} AS name, n, z, y, s, q, CAST(y AS DOUBLE) AS yf, CAST(s AS DOUBLE) AS sf FROM ({clusters}))
    WHERE y IS NOT NULL
    GROUP BY ALL ORDER BY requests DESC, name LIMIT {most}
"""


def moments_of(
    store: Store, groupings: Sequence[str], detail: Detail, priced: Priced, cells: Sequence[Cell]
) -> list[Moments]:
    """Return the moments of some groupings.

    Requests are read once for each grouping; the clusters of `all` are those of the first other one, added up.

    Args:
        store: With the views of gate.sql and the table `gate_rates`.
        groupings: Of `GROUPINGS`.
        detail: Says what a cluster is, and which features are named.
        priced: The prices.
        cells: Amounts of groupings that cells know are taken from them, exact; SQL then needs floats for squares only.
    """
    wanted = [by for by in groupings if by != "all"] or ["all"]
    moments: list[Moments] = []
    for number, by in enumerate(wanted):
        parts = _parts(by, detail, priced)
        outers = {by: "name"} | ({"all": "NULL"} if number == 0 and "all" in groupings else {})
        if detail.cluster != "request":
            store.execute(_filled(_CLUSTERS_SQL, parts))
        for one, outer in outers.items():
            names = {"outer": outer, "and_name": ", name" if outer == "name" else "", "most": str(MAX_GROUPS)}
            clusters = _filled(_EACH_SQL, parts) if detail.cluster == "request" else _filled(_BY_CLUSTER_SQL, names)
            rows = store.dicts(_filled(_MOMENTS_SQL, names | {"clusters": clusters}))
            moments += _moments(one, rows, _exact(one, cells, priced) if by in _OF_CELLS else {})
    store.execute("DROP TABLE IF EXISTS gate_clusters")
    return sorted(moments, key=lambda one: (GROUPINGS.index(one.by), one.name is not None, one.name or ""))


def _parts(by: str, detail: Detail, priced: Priced) -> dict[str, str]:
    """Return what the SQL of one grouping is filled with; constants of this package only."""
    joined = by in _JOINED
    source = f"FROM {'gate_requests' if joined else 'gate_priced'} AS g JOIN gate_rates AS c ON {priced.same_sql}"
    names = {"all": "NULL", "tier": "CAST(g.tier AS VARCHAR)", "feature": "g.feature_raw"}
    if by == "feature" and detail.features_left_out:
        source += " LEFT JOIN gate_names AS f ON f.kind = 'feature' AND f.value = g.feature_raw"
        names["feature"] = "CASE WHEN g.feature_raw IS NOT NULL THEN COALESCE(f.name, 'other') END"
    return {
        "name": names.get(by, f"g.{by}"),
        "cluster": f"COALESCE(hash(g.{detail.cluster}_id), hash(g.row_id))",
        "frozen": priced.frozen_sql(exact=by not in _OF_CELLS),
        "own": priced.own_sql(exact=by not in _OF_CELLS),
        "source": source,
    }


def _filled(sql: str, parts: dict[str, str]) -> str:
    for name, text in parts.items():
        sql = sql.replace(f"{{{name}}}", text)
    return sql


def _exact(by: str, cells: Sequence[Cell], priced: Priced) -> dict[str | None, tuple[Decimal, Decimal]]:
    """Return the exact cost of every group, at the frozen prices and as it was, of requests whose cost is known."""
    sums: dict[str | None, tuple[Decimal, Decimal]] = {}
    for cell in cells:
        if cell.usd is None:
            continue
        value = None if by == "all" else getattr(cell, by)
        name = None if value is None else str(value)
        frozen = cell.usd if cell.rate is None else priced.frozen[cell.rate].cost(cell.tokens, cell.requests)
        before = sums.get(name, (ZERO, ZERO))
        sums[name] = (EXACT.add(before[0], frozen), EXACT.add(before[1], cell.usd))
    return sums


_FLOATS = ("yy_rows", "nn", "nz", "zz", "ny", "zy", "yy", "ns", "zs", "ss")


def _moments(by: str, rows: list[dict[str, Any]], exact: dict[str | None, tuple[Decimal, Decimal]]) -> list[Moments]:
    if by != "all" and all(row["name"] is None for row in rows):
        return []  # the log does not know this word
    found = []
    for row in rows:
        amounts = dict(zip(("usd", "spend_usd"), exact[row["name"]], strict=True)) if exact else {}
        found.append(Moments(by=by, **row | {name: rounded(row[name]) for name in _FLOATS} | amounts))
    return found


def cases_of(store: Store, case: str, priced: Priced) -> list[Case]:
    """Return the cases of a suite; none where no request names one."""
    if not names_cases(store, case):
        return []
    rows = store.dicts(
        f"SELECT name AS case, COUNT(*) AS requests, COUNT(*) FILTER (good) AS successes, SUM(usd) AS usd,"
        f" SUM(spend) AS spend_usd FROM (SELECT {case_sql(case)} AS name, g.status = 'ok' AS good,"
        f" {priced.frozen_sql(exact=True)} AS usd, {priced.own_sql(exact=True)} AS spend"
        f" FROM gate_priced AS g JOIN gate_rates AS c ON {priced.same_sql})"
        " WHERE name <> '' AND usd IS NOT NULL GROUP BY name ORDER BY name"
    )
    return [Case(**row) for row in rows]
