"""What the database knows about production: the tier mix for a design, the sample-ratio check, and joined logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from llmaudit.catalog import Catalog
from llmaudit.errors import InputError, printable
from llmaudit.period import Period
from llmaudit.resolve import resolved_requests
from llmaudit.shadow.arrow_columns import codes_of
from llmaudit.shadow.columns import MONEY, BadValue, read_value
from llmaudit.shadow.design import TierTraffic
from llmaudit.shadow.health import Traffic
from llmaudit.shadow.sample import Candidate
from llmaudit.shadow.type_casts import encoded
from llmaudit.sql import read_sql
from llmaudit.store import Store

if TYPE_CHECKING:
    from llmaudit.shadow.run import Logs

UNITS = {"session": "r.session_id", "user": "r.user_id", "request": "COALESCE(r.call_id, r.request_id)"}
"""What may be assigned as a whole, most expensive first: a session keeps its cache and its conversation."""

MIN_KNOWN = 0.5
"""Share of requests that must name a session (or user) for it to be the unit."""

TIERS_SQL = """
    WITH billed AS (
        SELECT r.*, CASE WHEN r.billed_currency = 'USD' THEN CAST(r.billed_amount AS DOUBLE) END AS usd
        FROM period_requests r WHERE r.status = 'ok'
    ),
    sized AS (
        SELECT t.tier AS tier, COALESCE({unit}, CAST(r.row_id AS VARCHAR)) AS unit, r.day AS day, count(*) AS n,
            sum(r.usd) AS cost, sum(r.usd ** 2) AS cost2, sum(CASE WHEN r.usd > 0 THEN 1 ELSE 0 END) AS priced
        FROM billed r LEFT JOIN tiers t ON t.row_id = r.row_id
        GROUP BY ALL
    ),
    units AS (SELECT tier, unit, sum(n) AS n, count(*) AS days FROM sized GROUP BY ALL)
    SELECT u.tier, sum(u.n), sum(u.days), sum(u.n * u.n) / sum(u.n),
        (SELECT sum(s.cost) FROM sized s WHERE s.tier IS NOT DISTINCT FROM u.tier),
        (SELECT sum(s.cost2) FROM sized s WHERE s.tier IS NOT DISTINCT FROM u.tier),
        (SELECT sum(s.priced) FROM sized s WHERE s.tier IS NOT DISTINCT FROM u.tier)
    FROM units u GROUP BY u.tier ORDER BY u.tier NULLS LAST
"""
"""By tier: requests, units by day, mean square size of a unit, and the billed cost's sum, squares and count (USD)."""


def tier_traffic(store: Store, catalog: Catalog, period: Period, unit: str) -> list[TierTraffic]:
    """Return what each tier's traffic is like.

    Args:
        store: The database; its tags must be up to date.
        catalog: Resolves the names of models.
        period: Requests that started in it.
        unit: session, user or request: what counts as one user.
    """
    with resolved_requests(store, catalog, period):
        days = store.one("SELECT count(DISTINCT day) FROM period_requests WHERE started_at IS NOT NULL")[0] or 1
        rows = store.rows(TIERS_SQL.format(unit=UNITS[unit]))
    return [
        TierTraffic(
            tier=None if tier is None else int(tier),
            requests_per_day=float(count) / days,
            units_per_day=float(units) / days,
            mean_square_size=float(square),
            cost_spread=_spread(cost, square_cost, priced),
        )
        for tier, count, units, square, cost, square_cost, priced in rows
    ]


def _spread(total: float | None, squares: float | None, count: int | None) -> float | None:
    """Return the coefficient of variation of a request's cost."""
    if not total or not squares or not count:
        return None
    mean = float(total) / int(count)
    return float(np.sqrt(max(float(squares) / int(count) - mean**2, 0.0)) / mean)


def best_unit(store: Store) -> str:
    """Return what to assign as a whole: sessions where most requests have one, else users, else single requests."""
    for unit in ("session", "user"):
        column = UNITS[unit]
        known = store.one(f"SELECT count({column}) / greatest(count(*), 1) FROM requests r")[0]
        if known and known >= MIN_KNOWN:
            return unit
    return "request"


def candidates(store: Store, catalog: Catalog, period: Period, unit: str) -> list[Candidate]:
    """Return the good requests of a period that have an id, in the order read."""
    with resolved_requests(store, catalog, period):
        rows = store.rows(
            f"""
            SELECT r.request_id, COALESCE({UNITS[unit]}, r.request_id), t.tier, r.template_hash
            FROM period_requests r LEFT JOIN tiers t ON t.row_id = r.row_id
            WHERE r.request_id IS NOT NULL AND r.status = 'ok' ORDER BY r.row_id
            """
        )
    return [
        Candidate(str(name), str(unit_id), None if tier is None else int(tier), template)
        for name, unit_id, tier, template in rows
    ]


def production_mix(store: Store, period: Period) -> dict[str, float] | None:
    """Return the share of each tier among the good requests of a period, or None if there are none."""
    rows = store.rows(
        """
        SELECT t.tier, count(*) FROM requests r LEFT JOIN tiers t ON t.row_id = r.row_id
        WHERE r.status = 'ok'
            AND ($since IS NULL OR r.started_at >= $since) AND ($until IS NULL OR r.started_at < $until)
        GROUP BY t.tier ORDER BY t.tier NULLS LAST
        """,
        {"since": period.since, "until": period.until},
    )
    whole = sum(count for _, count in rows)
    return {"unknown" if tier is None else str(tier): count / whole for tier, count in rows} if whole else None


def sampled_traffic(store: Store, test: str, share: float, unit: str) -> Traffic | None:
    """Return production requests of a test's days and which of them have a pair, or None if none can be matched.

    A pair is matched by its id being the request's or the call's id.
    """
    table = store.arrow(
        f"""
        WITH span AS (
            SELECT date_trunc('day', min(primary_at)) AS since,
                date_trunc('day', max(primary_at)) + INTERVAL 1 DAY AS until
            FROM shadow_pairs WHERE test = ?
        ),
        asked AS (SELECT pair_id FROM shadow_pairs WHERE test = ? AND primary_line IS NOT NULL)
        SELECT COALESCE({UNITS[unit]}, CAST(r.row_id AS VARCHAR)) AS unit, r.feature AS route,
            CAST(CAST(r.started_at AS DATE) - DATE '1970-01-01' AS BIGINT) AS day,
            COALESCE(CAST(t.tier AS BIGINT), -1) AS tier,
            r.request_id IN (SELECT pair_id FROM asked)
                OR COALESCE(r.call_id IN (SELECT pair_id FROM asked), FALSE) AS sampled
        FROM requests r CROSS JOIN span s LEFT JOIN tiers t ON t.row_id = r.row_id
        WHERE r.status = 'ok' AND r.request_id IS NOT NULL AND r.started_at >= s.since AND r.started_at < s.until
        """,
        [test, test],
    )
    sampled = np.asarray(table["sampled"])
    if not sampled.any():
        return None
    route, routes = codes_of(table["route"])
    return Traffic(
        unit=codes_of(table["unit"])[0],
        day=np.asarray(table["day"]),
        tier=np.asarray(table["tier"]),
        route=route,
        sampled=sampled,
        routes=tuple(str(one) for one in routes),
        share=share,
    )


def joined_rows(store: Store, catalog: Catalog, logs: Logs, scores: pa.Table | None) -> pa.Table:
    """Return two ingested logs as rows of a shadow test (shadow.sql).

    Args:
        store: The database; its tags must be up to date.
        catalog: Names models.
        logs: The two logs, and what ties their requests.
        scores: Rows of `request_id` and `score`, since logs hold no scores.

    Raises:
        InputError: A log is not in the database, or nothing in the two can be joined.
    """
    names = (("primary", logs.primary), ("shadow", logs.shadow))
    arms = {source: arm for arm, name in names for source in _sources(store, name)}
    sources = pa.table(
        {"source_id": pa.array(list(arms), pa.int32()), "arm": pa.array(list(arms.values()), pa.string())}
    )
    with (
        resolved_requests(store, catalog),
        store.table("shadow_sources", sources),
        store.table("shadow_join", pa.table({"join_by": [logs.join]})),
        store.little_memory(),
        store.joins_as_written(),
    ):
        rows = _encoded(store.batches(read_sql("shadow.sql")), with_request_id=scores is not None)
    if not rows.num_rows or pc.count_distinct(rows["pair_id"]).as_py() == rows.num_rows:
        raise InputError(
            f"no request of {printable(logs.primary)} has a counterpart in {printable(logs.shadow)} by {logs.join}",
            next_step="Try --join id, trace or prompt; `llmaudit requests --json` shows what the logs hold.",
            slug="nothing-joined",
        )
    columns = {name: rows[name] for name in rows.column_names}
    if not pc.any(rows["cached"]).as_py():  # logs without a single hit may be of a kind that never states hits
        del columns["cached"]
    columns["cost_usd"] = rows["cost_usd"].cast(MONEY)
    if scores is not None:
        places = pc.index_in(rows["request_id"], scores["request_id"].combine_chunks())
        columns["score"] = scores["score"].combine_chunks().take(places.combine_chunks())
    return pa.table(columns)


def _encoded(batches: pa.RecordBatchReader, *, with_request_id: bool) -> pa.Table:
    """Return batches as one table, texts of few values as codes: whole, a million rows would take a GB on the way.

    The id of a request is left out if no score is looked up by it.
    """
    parts = []
    for batch in batches:
        part = pa.Table.from_batches([batch])
        parts.append(encoded(part if with_request_id else part.drop_columns("request_id")))
    return pa.concat_tables(parts).unify_dictionaries() if parts else batches.schema.empty_table()


def _sources(store: Store, name: str) -> list[int]:
    wanted = Path(name).as_posix()
    found = [
        int(source)
        for source, path in store.rows("SELECT source_id, path FROM sources ORDER BY source_id")
        if path == wanted or Path(path).as_posix().endswith("/" + wanted.lstrip("./"))
    ]
    if not found:
        raise InputError(
            f"the database has no log {printable(name)}",
            next_step="Ingest it first, and name it as `llmaudit status` does.",
            slug="unknown-log",
        )
    return found


def tiers_text(text: str) -> dict[str, float]:
    """Return a tier mix written as `0=0.5,1=0.3,unknown=0.2`.

    Raises:
        BadValue: It is not written like that, or the shares do not add up to something.
    """
    mix: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.partition("=")
        tier = read_value("tier", name.strip())
        share = read_value("measure", value.strip())
        if share is None:
            raise BadValue(f"has no share for tier {printable(name)}")
        mix["unknown" if tier is None else str(tier)] = share
    if not sum(mix.values()) > 0:
        raise BadValue("adds up to nothing")
    return mix
