"""Which cached tokens follow a request of the same session: what a plan that splits sessions would lose.

A cache belongs to one model. Tokens that a request reads from it were written by an earlier request, mostly the one
before it in the same session. If a plan sends the two to different models, they have to be read anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from llmaudit.store import Store
from llmaudit.summaries.base import Summary

TTL_SECONDS = 300
"""How long a cached prefix lives without being read: the shortest lifetime that providers state."""

MAX_ROWS = 20_000
"""The rows with most tokens are kept; the tokens of the others count as not following."""

KEYS = (
    "gateway", "model", "tier", "task", "prompt_band", "is_batch", "needs_tools", "needs_json", "needs_images",
    "has_pii", "feature", "team",
)  # fmt: skip
"""What rules of a plan can ask of a request; an answer that reads from a cache is a good one."""


class LinkRow(msgspec.Struct, frozen=True, kw_only=True):
    """Cached tokens of like requests that follow like requests of their session on the same model.

    Attributes:
        gateway: None where there is none.
        model: Canonical name.
        tier: None is unknown.
        task: Kind of task.
        prompt_band: Smallest prompt of the band, in tokens.
        is_batch: As in a cell.
        needs_tools: As in a cell.
        needs_json: As in a cell.
        needs_images: As in a cell.
        has_pii: As in a cell.
        feature: As in a cell.
        team: As in a cell.
        before: The same of the request before, which began less than `TTL_SECONDS` earlier, in the order of `KEYS`.
        cached_tokens: Tokens read from a cache.
    """

    gateway: str | None
    model: str
    tier: int | None
    task: str | None
    prompt_band: int
    is_batch: bool
    needs_tools: bool
    needs_json: bool
    needs_images: bool
    has_pii: bool
    feature: str | None
    team: str | None
    before: tuple[str | None, str, int | None, str | None, int, bool, bool, bool, bool, bool, str | None, str | None]
    cached_tokens: int


_KEYS = ", ".join(f"k.{name} AS {name}" for name in KEYS)
_NOW = ", ".join(f"MIN(CASE WHEN s.is_now THEN s.{name} END) AS {name}" for name in KEYS)
_BEFORE = ", ".join(f"MIN(CASE WHEN NOT s.is_now THEN s.{name} END) AS before_{name}" for name in KEYS)
_ALL = ", ".join((*KEYS, *(f"before_{name}" for name in KEYS)))
_SQL = f"""
    WITH several AS (
        SELECT p.session_id AS session_id FROM period_requests AS p
        WHERE p.session_id IS NOT NULL AND p.status = 'ok'
        GROUP BY p.session_id HAVING COUNT(*) > 1 AND SUM(p.cache_read_tokens) > 0
    ),
    followed AS (
        SELECT r.row_id AS row_id, r.cache_read_tokens AS cached, LAG(r.row_id) OVER w AS row_before,
            date_diff('second', LAG(r.started_at) OVER w, r.started_at) AS seconds
        FROM resolved_requests AS r JOIN several AS v ON v.session_id = r.session_id
        WHERE r.status = 'ok' AND r.usage_status <> 'gateway_cache'
        WINDOW w AS (PARTITION BY r.session_id, r.sold_model ORDER BY r.started_at, r.row_id)
    ),
    linked AS (SELECT f.* FROM followed AS f WHERE f.cached > 0 AND f.seconds < {TTL_SECONDS}),
    either AS (
        SELECT l.row_id AS row_id, l.row_id AS link, TRUE AS is_now, l.cached AS cached FROM linked AS l
        UNION ALL
        SELECT l.row_before AS row_id, l.row_id AS link, FALSE AS is_now, 0 AS cached FROM linked AS l
    ),
    sides AS (
        SELECT {_KEYS}, e.link AS link, e.is_now AS is_now, e.cached AS cached
        FROM keyed_requests AS k JOIN either AS e ON e.row_id = k.row_id
    ),
    links AS (SELECT {_NOW}, {_BEFORE}, SUM(s.cached) AS cached FROM sides AS s GROUP BY s.link)
    SELECT {_ALL}, CAST(sum(cached) AS BIGINT) AS cached_tokens
    FROM links
    GROUP BY {_ALL} ORDER BY cached_tokens DESC, {_ALL} LIMIT {MAX_ROWS}
"""
"""What is put in order is narrow, and keys are looked up of requests that follow one another alone.

Both sides of a link are found by one join whose right side is numbers only. With names on that side DuckDB 2.0.0 ends
in an internal error where a join before it is spilled to disk ("dict-surviving join", issue 24807 of duckdb/duckdb).
"""
_ANY = "SELECT 1 FROM period_requests WHERE session_id IS NOT NULL AND cache_read_tokens > 0 LIMIT 1"


def build(store: Store) -> list[LinkRow]:
    """Return the cached tokens, most first; none where no session reads from a cache."""
    return [_row(row) for row in store.dicts(_SQL)] if store.rows(_ANY) else []


def _row(row: dict[str, Any]) -> LinkRow:
    now = {name: row[name] for name in KEYS}
    before: Any = tuple(row[f"before_{name}"] for name in KEYS)
    return LinkRow(**now, before=before, cached_tokens=row["cached_tokens"])


def merge(rows: Sequence[LinkRow]) -> list[LinkRow]:
    """Return rows of several cells files, added up; a session that runs over two of them is cut between."""
    tokens: dict[tuple[Any, ...], int] = {}
    for row in rows:
        key = (*(getattr(row, name) for name in KEYS), row.before)
        tokens[key] = tokens.get(key, 0) + row.cached_tokens
    ordered = sorted(tokens, key=lambda key: (-tokens[key], [(part is None, str(part)) for part in key]))[:MAX_ROWS]
    return [
        LinkRow(**dict(zip(KEYS, key[:-1], strict=True)), before=key[-1], cached_tokens=tokens[key]) for key in ordered
    ]


SUMMARY = Summary("links", LinkRow, build, merge)
