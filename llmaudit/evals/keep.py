"""Outcomes in the database: each file is stored once; repeats and contradictions are noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from llmaudit.catalog import Catalog
from llmaudit.errors import printable
from llmaudit.evals.read import Read, read_outcomes
from llmaudit.ingest.read import file_name
from llmaudit.privacy import pseudonym
from llmaudit.shadow.read import reject_text
from llmaudit.store import Store

SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        *((name, pa.string()) for name in ("request_id", "case_id", "template_hash", "route")),
        ("tier", pa.int32()),
        *((name, pa.string()) for name in ("task", "model", "metric")),
        ("score", pa.float64()),
        *((name, pa.string()) for name in ("source", "user_id")),
        ("scored_at", pa.timestamp("us")),
    ]
)
SAME = (
    "request_id",
    "case_id",
    "template_hash",
    "route",
    "tier",
    "task",
    "model",
    "metric",
    "source",
    "user_id",
    "scored_at",
)
"""Two outcomes of one case that agree in all of these are the same outcome."""

MOST_SHOWN = 20
MOST_NOTED = 1000
"""Rejected records of a file that are noted one by one; all are counted."""


class OutcomeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: `records = accepted + duplicates + conflicts + rejected`.

    Attributes:
        path: The file.
        records: Records in it.
        accepted: New outcomes.
        duplicates: Said before, with the same score.
        conflicts: Said before, with another score; the first one counts.
        rejected: Records that cannot be used.
        skipped: Why the file was passed over; None where it was read.
        problems: The first rejected and contradicting records: line, field, reason.
    """

    path: str
    records: int
    accepted: int
    duplicates: int
    conflicts: int
    rejected: int
    skipped: str | None = None
    problems: list[str] = []


def add(store: Store, catalog: Catalog, paths: Sequence[Path]) -> list[OutcomeFile]:
    """Put files of outcomes into the database, each in one transaction.

    Raises:
        InputError: A file that cannot be used; those before it are in.
    """
    is_model = _IsModel(catalog)
    return [_add(store, read_outcomes(path, is_model)) for path in paths]


class _IsModel:
    """Says whether the catalog has a model of a name, each name looked up once."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[str, bool] = {}

    def __call__(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = self._catalog.canonical(name) is not None or self._catalog.find(name).offer is not None
        return self._known[name]


def _add(store: Store, read: Read) -> OutcomeFile:
    name = file_name(read.path)
    if store.rows("SELECT 1 FROM outcome_files WHERE content_sha256 = ?", [read.sha256]):
        return OutcomeFile(
            path=name, records=read.records, accepted=0, duplicates=read.records - len(read.rejected), conflicts=0,
            rejected=len(read.rejected), skipped="read before",
        )  # fmt: skip
    (number,) = store.one("SELECT coalesce(max(file_id), 0) + 1 FROM outcome_files")
    with store.transaction(), _told(store, read, "outcomes"):
        columns = ", ".join(SCHEMA.names)
        store.execute(
            f"INSERT INTO outcomes BY NAME SELECT ? AS file_id, {columns} FROM told WHERE kind = 'new' ORDER BY line",
            [number],
        )
        found = _file(store, read)
        store.execute(
            "INSERT INTO outcome_problems SELECT ?, line, 'conflict', 'score',"
            " 'is ' || score || ', but was told as ' || told_score || ' before' FROM told WHERE kind = 'conflict'",
            [number],
        )
        for one in read.rejected[:MOST_NOTED]:
            store.execute(
                "INSERT INTO outcome_problems VALUES (?, ?, 'rejected', ?, ?)",
                [number, one.line, one.field, one.reason],
            )
        store.execute(
            "INSERT INTO outcome_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [number, name, read.sha256, *(getattr(found, part) for part in COUNTS)],
        )
    return msgspec.structs.replace(found, problems=problems(store, number))


@contextmanager
def _told(store: Store, read: Read, beside: str) -> Iterator[None]:
    """Make the table `told` for a block: the rows of a file, and which are new beside a table of outcomes."""
    key = store.hash_key
    rows = [
        row | {"user_id": None if row.get("user_id") is None else pseudonym(row["user_id"], key)} for row in read.rows
    ]
    with store.table("new_outcomes", pa.Table.from_pylist(rows, schema=SCHEMA)):
        store.execute(f"CREATE OR REPLACE TEMP TABLE told AS {_TOLD.format(beside=beside)}")
        yield


COUNTS = ("records", "accepted", "duplicates", "conflicts", "rejected")


def _file(store: Store, read: Read) -> OutcomeFile:
    """Return what became of a file whose rows are in `told`."""
    counts = {kind: int(count) for kind, count in store.rows("SELECT kind, count(*) FROM told GROUP BY kind")}
    return OutcomeFile(
        path=file_name(read.path),
        records=read.records,
        accepted=counts.get("new", 0),
        duplicates=counts.get("duplicate", 0),
        conflicts=counts.get("conflict", 0),
        rejected=len(read.rejected),
        problems=[reject_text(one) for one in read.rejected[:MOST_SHOWN]],
    )


_KEY = "concat_ws(chr(31), " + ", ".join(f"coalesce(CAST({name} AS VARCHAR), chr(30))" for name in SAME) + ")"
_TOLD = f"""
    WITH keyed AS (SELECT n.*, {_KEY} AS told_key FROM new_outcomes n),
    kept AS (SELECT {_KEY} AS told_key, min(score) AS score FROM {{beside}} GROUP BY 1),
    marked AS (
        SELECT k.*, k.request_id IS NOT NULL OR k.case_id IS NOT NULL AS is_case, o.score AS kept_score,
            row_number() OVER (PARTITION BY k.told_key ORDER BY k.line) AS place,
            first_value(k.score) OVER (PARTITION BY k.told_key ORDER BY k.line) AS first_score
        FROM keyed k LEFT JOIN kept o ON o.told_key = k.told_key
    )
    SELECT m.*, coalesce(m.kept_score, m.first_score) AS told_score,
        CASE WHEN NOT m.is_case OR (m.kept_score IS NULL AND m.place = 1) THEN 'new'
             WHEN coalesce(m.kept_score, m.first_score) = m.score THEN 'duplicate' ELSE 'conflict' END AS kind
    FROM marked m
"""
"""What of a file is new. Outcomes of a route or template without a case are samples: none repeats another."""


def problems(store: Store, file_id: int) -> list[str]:
    """Return the first problems of a file as sentences."""
    rows = store.rows(
        "SELECT line, field, reason FROM outcome_problems WHERE file_id = ? ORDER BY line LIMIT ?",
        [file_id, MOST_SHOWN],
    )
    return [
        f"line {line}: {printable(field, 80) + ' ' if field else ''}{printable(reason, 200)}"
        for line, field, reason in rows
    ]


def total_of(files: Sequence[OutcomeFile]) -> dict[str, int]:
    """Return the counts of several files added up."""
    return {name: sum(getattr(one, name) for one in files) for name in COUNTS}


def summary(store: Store) -> tuple[list[dict[str, Any]], list[OutcomeFile]]:
    """Return what outcomes there are by metric, source and model, and the files they came in."""
    if not store.has("outcomes"):
        return [], []
    rows = store.dicts(
        "SELECT metric, source, model, count(*) AS outcomes, round(avg(score), 6) AS mean FROM outcomes"
        " GROUP BY ALL ORDER BY ALL"
    )
    files = store.dicts(
        "SELECT file_id, path, records, accepted, duplicates, conflicts, rejected FROM outcome_files ORDER BY file_id"
    )
    return rows, [OutcomeFile(problems=problems(store, row.pop("file_id")), **row) for row in files]


@contextmanager
def only(store: Store, catalog: Catalog, paths: Sequence[Path]) -> Iterator[list[OutcomeFile]]:
    """Let a block see the outcomes of some files and no others; nothing is written to the database.

    Raises:
        InputError: A file that cannot be used.
    """
    is_model = _IsModel(catalog)
    store.execute(f"CREATE OR REPLACE TEMP TABLE {SEEN} ({_COLUMNS})")
    try:
        yield [_seen(store, read_outcomes(path, is_model)) for path in paths]
    finally:
        store.execute(f"DROP TABLE {SEEN}")


SEEN = "outcomes_seen"
_TYPES = {"line": "BIGINT", "tier": "INTEGER", "score": "DOUBLE", "scored_at": "TIMESTAMP"}
_COLUMNS = "file_id INTEGER, " + ", ".join(f"{name} {_TYPES.get(name, 'VARCHAR')}" for name in SCHEMA.names)


def _seen(store: Store, read: Read) -> OutcomeFile:
    with _told(store, read, SEEN):
        store.execute(
            f"INSERT INTO {SEEN} BY NAME SELECT 0 AS file_id, {', '.join(SCHEMA.names)} FROM told WHERE kind = 'new'"
        )
        return _file(store, read)
