"""Outcomes in the database: each file is stored once; repeats and conflicts are noted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

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
    "request_id", "case_id", "template_hash", "route", "tier", "task", "model", "metric", "source", "user_id",
    "scored_at",
)  # fmt: skip
"""Two outcomes of one case that agree in all of these are the same outcome."""

_SQL_TYPES = {"line": "BIGINT", "tier": "INTEGER", "score": "DOUBLE", "scored_at": "TIMESTAMP"}
COUNTS = ("records", "accepted", "duplicates", "conflicts", "rejected")
SEEN = "outcomes_seen"
"""The table of outcomes that only one block sees (`only`)."""

MOST_SHOWN = 20
MOST_NOTED = 1000
"""Rejected records of a file that are stored one by one; all are counted."""


class OutcomeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: `records = accepted + duplicates + conflicts + rejected`.

    Attributes:
        path: The file.
        records: Records in it.
        accepted: New outcomes.
        duplicates: Known already, with the same score.
        conflicts: Known already, with another score; the first one counts.
        rejected: Records that cannot be used.
        skipped: Why the file was not read; None if it was.
        problems: The first rejected and conflicting records: line, field, reason.
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
    (file_id,) = store.one("SELECT coalesce(max(file_id), 0) + 1 FROM outcome_files")
    with store.transaction(), _compared(store, read, "outcomes"):
        _insert_new(store, "outcomes", file_id)
        _insert_problems(store, read, file_id)
        found = _counted(store, read)
        store.execute(
            "INSERT INTO outcome_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [file_id, name, read.sha256, *(getattr(found, count) for count in COUNTS)],
        )
    return msgspec.structs.replace(found, problems=problems(store, file_id))


def _insert_new(store: Store, table: str, file_id: int) -> None:
    columns = ", ".join(SCHEMA.names)
    store.execute(
        f"INSERT INTO {table} BY NAME"
        f" SELECT ? AS file_id, {columns} FROM compared_outcomes WHERE kind = 'new' ORDER BY line",
        [file_id],
    )


def _insert_problems(store: Store, read: Read, file_id: int) -> None:
    store.execute(
        "INSERT INTO outcome_problems"
        " SELECT ?, line, 'conflict', 'score', 'is ' || score || ', but was ' || first_score || ' before'"
        " FROM compared_outcomes WHERE kind = 'conflict'",
        [file_id],
    )
    for rejected in read.rejected[:MOST_NOTED]:
        store.execute(
            "INSERT INTO outcome_problems VALUES (?, ?, 'rejected', ?, ?)",
            [file_id, rejected.line, rejected.field, rejected.reason],
        )


_SAME_KEY = "concat_ws(chr(31), " + ", ".join(f"coalesce(CAST({name} AS VARCHAR), chr(30))" for name in SAME) + ")"
_COMPARED_SQL = f"""
    WITH keyed AS (SELECT n.*, {_SAME_KEY} AS same_key FROM new_outcomes n),
    kept AS (SELECT {_SAME_KEY} AS same_key, min(score) AS score FROM {{table}} GROUP BY 1),
    placed AS (
        SELECT k.*, k.request_id IS NOT NULL OR k.case_id IS NOT NULL AS is_case, o.score AS kept_score,
            row_number() OVER (PARTITION BY k.same_key ORDER BY k.line) AS place,
            coalesce(o.score, first_value(k.score) OVER (PARTITION BY k.same_key ORDER BY k.line)) AS first_score
        FROM keyed k LEFT JOIN kept o ON o.same_key = k.same_key
    )
    SELECT p.*,
        CASE WHEN NOT p.is_case OR (p.kept_score IS NULL AND p.place = 1) THEN 'new'
             WHEN p.first_score = p.score THEN 'duplicate' ELSE 'conflict' END AS kind
    FROM placed p
"""
"""Outcomes of a file beside those of a table. Outcomes of a route or template without a case are samples: none repeats
another."""


@contextmanager
def _compared(store: Store, read: Read, table: str) -> Iterator[None]:
    """Make the table `compared_outcomes` for a block: the outcomes of a file, each `new`, `duplicate` or `conflict`.

    Args:
        store: The database.
        read: The file.
        table: The table of the outcomes that are known.
    """
    key = store.hash_key
    rows = [msgspec.structs.asdict(row) for row in read.rows]
    for row in rows:
        row["user_id"] = None if row["user_id"] is None else pseudonym(row["user_id"], key)
    with store.table("new_outcomes", pa.Table.from_pylist(rows, schema=SCHEMA)):
        store.execute(f"CREATE OR REPLACE TEMP TABLE compared_outcomes AS {_COMPARED_SQL.format(table=table)}")
        yield


def _counted(store: Store, read: Read) -> OutcomeFile:
    """Return what became of the file whose rows are in `compared_outcomes`."""
    counts = {
        kind: int(count) for kind, count in store.rows("SELECT kind, count(*) FROM compared_outcomes GROUP BY kind")
    }
    return OutcomeFile(
        path=file_name(read.path),
        records=read.records,
        accepted=counts.get("new", 0),
        duplicates=counts.get("duplicate", 0),
        conflicts=counts.get("conflict", 0),
        rejected=len(read.rejected),
        problems=[reject_text(rejected) for rejected in read.rejected[:MOST_SHOWN]],
    )


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


class OutcomeSum(msgspec.Struct, frozen=True):
    """Outcomes of one metric, source and model.

    Attributes:
        metric: What was measured.
        source: Who scored.
        model: The model that answered; None is the one that served the request.
        outcomes: How many.
        mean: Mean score, to six decimals.
    """

    metric: str
    source: str
    model: str | None
    outcomes: int
    mean: float


def summary(store: Store) -> tuple[list[OutcomeSum], list[OutcomeFile]]:
    """Return what outcomes there are, by metric, source and model, and the files they came in."""
    rows = store.rows(
        "SELECT metric, source, model, count(*), round(avg(score), 6) FROM outcomes GROUP BY ALL ORDER BY ALL"
    )
    files = store.rows(f"SELECT file_id, path, {', '.join(COUNTS)} FROM outcome_files ORDER BY file_id")
    return [OutcomeSum(*row) for row in rows], [
        OutcomeFile(path=path, problems=problems(store, file_id), **dict(zip(COUNTS, counts, strict=True)))
        for file_id, path, *counts in files
    ]


@contextmanager
def only(store: Store, catalog: Catalog, paths: Sequence[Path]) -> Iterator[list[OutcomeFile]]:
    """Let a block see the outcomes of some files and no others; nothing is written to the database.

    Raises:
        InputError: A file that cannot be used.
    """
    is_model = _IsModel(catalog)
    columns = ", ".join(f"{name} {_SQL_TYPES.get(name, 'VARCHAR')}" for name in SCHEMA.names)
    store.execute(f"CREATE OR REPLACE TEMP TABLE {SEEN} (file_id INTEGER, {columns})")
    try:
        yield [_seen(store, read_outcomes(path, is_model)) for path in paths]
    finally:
        store.execute(f"DROP TABLE {SEEN}")


def _seen(store: Store, read: Read) -> OutcomeFile:
    with _compared(store, read, SEEN):
        _insert_new(store, SEEN, file_id=0)
        return _counted(store, read)
