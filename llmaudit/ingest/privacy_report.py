"""What a database holds about people, table by table: what each column is, and how much of it there is."""

from __future__ import annotations

import msgspec

from llmaudit.ingest.clean import LABELS, PEOPLE
from llmaudit.store import Store, TextStore, text_path

HOLDS = {
    "meta": "settings of the database, and the key of its hashes",
    "sources": "paths of files, counts and sums",
    "requests": "ids, times, names of models, tokens, amounts, sizes and fingerprints of prompts; no text",
    "bill_lines": "lines of bills: periods, items, quantities, amounts",
    "rejects": "file, line, reason and field of records that could not be used; no text",
    "conflicts": "ids of records that contradict another, and the names of the columns",
    "sightings": "file and line of records of a call that is already there",
    "tiers": "the tier of each request and the rule that decided",
}
"""What the tables hold that this package makes; others are named without a description."""


class TableHolds(msgspec.Struct, frozen=True):
    """One table: its rows, and what it holds."""

    table: str
    rows: int
    holds: str


class ColumnHolds(msgspec.Struct, frozen=True):
    """One column that can name a person: distinct values as logged, hashed and masked."""

    table: str
    column: str
    as_logged: int
    hashed: int
    masked: int


class PrivacyReport(msgspec.Struct, frozen=True):
    """What a database holds.

    Attributes:
        tables: Every table.
        people: Columns that can name a person or a key.
        masked: Values that looked like live keys and were replaced at ingest.
        with_personal_data: Requests whose prompt seemed to hold personal data, by kind.
        text_file: Where texts are kept, or None.
        texts: How many.
    """

    tables: list[TableHolds]
    people: list[ColumnHolds]
    masked: int
    with_personal_data: dict[str, int]
    text_file: str | None
    texts: int


def privacy_report(store: Store) -> PrivacyReport:
    """Return what the database holds."""
    names = [str(row[0]) for row in store.rows("SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1")]
    tables = [
        TableHolds(name, int(store.one(f'SELECT count(*) FROM "{name}"')[0]), HOLDS.get(name, "")) for name in names
    ]
    columns = {
        (str(table), str(column))
        for table, column in store.rows("SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal")
    }
    people = [
        _column(store, table, column)
        for table in ("requests", "bill_lines")
        for column in (*PEOPLE, *LABELS)
        if (table, column) in columns
    ]
    kinds = store.rows(
        "SELECT kind, count(*) FROM (SELECT unnest(string_split(pii_classes, ',')) AS kind FROM requests)"
        " GROUP BY 1 ORDER BY 1"
    )
    file, texts = _texts(store)
    masked = int(store.one("SELECT coalesce(sum(masked), 0) FROM sources")[0])
    return PrivacyReport(tables, people, masked, {str(kind): int(count) for kind, count in kinds}, file, texts)


def _column(store: Store, table: str, column: str) -> ColumnHolds:
    total, hashed, masked = store.one(
        f"SELECT count(*), count(*) FILTER (v LIKE '%hashed:%'), count(*) FILTER (v LIKE '%masked:%')"
        f" FROM (SELECT DISTINCT {column} AS v FROM {table} WHERE {column} IS NOT NULL)"
    )
    return ColumnHolds(table, column, int(total) - int(hashed) - int(masked), int(hashed), int(masked))


def _texts(store: Store) -> tuple[str | None, int]:
    path = text_path(store.path) if store.path is not None else None
    if path is None or not path.exists():
        return None, 0
    texts = TextStore(path, None)
    try:
        return str(path), texts.count()
    finally:
        texts.close()
