"""Counts and sums of a whole database, recomputed and compared with the ledger that was committed with the data."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from llmaudit.ingest.ledger import COUNTS_AS, MAX_STORED_REJECTS, SUMS
from llmaudit.request import COUNTERS
from llmaudit.store import Store


class Check(msgspec.Struct, frozen=True):
    """One thing that must be so.

    Attributes:
        name: What, as a slug.
        ok: Whether it is.
        wrong: How many files or rows are against it.
        detail: One sentence.
    """

    name: str
    ok: bool
    wrong: int
    detail: str


def verify(store: Store) -> list[Check]:
    """Return every check, in order. Reading all columns of all tables also makes DuckDB check every block of the file.

    Raises:
        StorageFailedError: A block of the file is damaged.
    """
    return [check(store) for check in CHECKS]


def _of(name: str, wrong: int, good: str, bad: str) -> Check:
    return Check(name, wrong == 0, wrong, good if wrong == 0 else f"{wrong:,} {bad}")


def _readable(store: Store) -> Check:
    tables = [
        str(row[0]) for row in store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1")
    ]
    rows = sum(int(store.one(f'SELECT count(*) + 0 * count(hash(t)) FROM "{table}" t')[0]) for table in tables)
    return Check("readable", ok=True, wrong=0, detail=f"{rows:,} rows of {len(tables)} tables read to the last block")


def _lines_add_up(store: Store) -> Check:
    wrong = store.one(
        "SELECT count(*) FROM sources WHERE lines <> accepted + duplicates + ignored + rejected + bills"
        " OR least(accepted, duplicates, ignored, rejected, bills) < 0"
    )[0]
    return _of("lines", int(wrong), "lines = accepted + duplicates + ignored + rejected + bills", "files do not add up")


def _counts(store: Store) -> Check:
    wrong = 0
    for table, counted in COUNTS_AS.items():
        wrong += int(
            store.one(
                f"SELECT count(*) FROM (SELECT source_id, count(*) AS rows FROM {table} GROUP BY 1) r"
                f" FULL JOIN (SELECT source_id, {counted} AS told FROM sources WHERE {counted} > 0) s USING (source_id)"
                " WHERE r.rows IS DISTINCT FROM s.told"
            )[0]
        )
    return _of("counts", wrong, "as many rows as the ledger says", "files have other rows than the ledger says")


def _sums(store: Store) -> Check:
    wrong = 0
    for table in COUNTS_AS:
        wrong += int(
            store.one(
                f"SELECT count(*) FROM (SELECT source_id, {SUMS[table]} FROM {table} GROUP BY source_id) r"
                " JOIN sources s USING (source_id) WHERE (r.billed, r.input, r.output)"
                " IS DISTINCT FROM (s.sum_billed, s.sum_input_tokens, s.sum_output_tokens)"
            )[0]
        )
    return _of("sums", wrong, "amounts and tokens add up to what the ledger says", "files add up to something else")


def _rejects(store: Store) -> Check:
    wrong = store.one(
        "SELECT count(*) FROM sources s LEFT JOIN (SELECT source_id, count(*) AS rows FROM rejects GROUP BY 1) r"
        f" USING (source_id) WHERE coalesce(r.rows, 0) <> least(s.rejected, {MAX_STORED_REJECTS})"
    )[0]
    return _of("rejects", int(wrong), "every rejected record has its line", "files have other rejects than counted")


def _once(store: Store) -> Check:
    wrong = sum(
        int(
            store.one(
                f"SELECT coalesce(sum(rows - 1), 0) FROM (SELECT count(*) AS rows FROM {table}"
                f" WHERE {key} IS NOT NULL GROUP BY id_space, {key} HAVING count(*) > 1)"
            )[0]
        )
        for table, key in (("requests", "request_id"), ("bill_lines", "line_key"))
    )
    return _of("once", wrong, "every id occurs once", "rows repeat an id")


def _references(store: Store) -> Check:
    wrong = 0
    for table in ("requests", "bill_lines", "rejects", "conflicts", "sightings"):
        wrong += int(
            store.one(f"SELECT count(*) FROM {table} WHERE source_id NOT IN (SELECT source_id FROM sources)")[0]
        )
    for table in COUNTS_AS:
        wrong += int(
            store.one(
                f"SELECT count(*) FROM sightings WHERE told = ? AND row_id NOT IN (SELECT row_id FROM {table})", [table]
            )[0]
        )
    return _of("references", wrong, "every row belongs to a file of the ledger", "rows belong to no file")


def _values(store: Store) -> Check:
    negative = " OR ".join(f"{name} < 0" for name in (*COUNTERS, "billed_amount"))
    unknown = "usage_status = 'reported' AND (input_tokens IS NULL OR output_tokens IS NULL)"
    money = "billed_amount IS NOT NULL AND (billed_currency IS NULL OR billed_kind IS NULL)"
    wrong = store.one(f"SELECT count(*) FROM requests WHERE {negative} OR {unknown} OR {money}")[0]
    return _of("values", int(wrong), "no negative count, no amount without currency", "rows hold impossible values")


CHECKS: tuple[Callable[[Store], Check], ...] = (
    _readable,
    _lines_add_up,
    _counts,
    _sums,
    _rejects,
    _once,
    _references,
    _values,
)
