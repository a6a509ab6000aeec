"""The ledger: one row per file, committed with its data. It records what the file contributed, and its sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import msgspec
import pyarrow as pa

from llmaudit.ingest.known import FileResult, Key, Known
from llmaudit.ingest.records import Rejected, Tally
from llmaudit.ingest.repeats import Target, target_of
from llmaudit.ingest.work import Job
from llmaudit.request import INPUT_COUNTERS
from llmaudit.store import Store
from llmaudit.usage import warnings_of

MAX_STORED_REJECTS = 10_000
"""Rejects kept with their line per file; beyond it they are only counted."""

_INPUT = " + ".join(f"coalesce({name}, 0)" for name in INPUT_COUNTERS)
SUMS = {
    "requests": f"count(*) AS rows, sum(billed_amount) AS billed, sum({_INPUT}) AS input, sum(output_tokens) AS output",
    "bill_lines": "count(*) AS rows, sum(billed_cost) AS billed, NULL::HUGEINT AS input, NULL::HUGEINT AS output",
}
"""What a file's rows sum up to, by table. `verify` computes the same again."""

COUNTS_AS = {"requests": "accepted", "bill_lines": "bills"}
"""The ledger's column that counts the rows of each table."""


_TEXT, _COUNT, _TIME = pa.string(), pa.int64(), pa.timestamp("us")
_REJECT = pa.schema([("source_id", pa.int32()), ("line", _COUNT), ("reason", _TEXT), ("field", _TEXT)])
_ROW = pa.schema(
    [
        ("source_id", pa.int32()),
        *((name, _TEXT) for name in ("path", "content_sha256", "format", "reasons")),
        *((name, _TIME) for name in ("since", "until")),
        *((name, _COUNT) for name in ("disk_bytes", "content_bytes", "lines", "accepted", "duplicates")),
        *((name, _COUNT) for name in ("ignored", "rejected", "bills", "masked")),
    ]
)
"""The ledger's columns that are known when a file has been read; `settle` fills the others."""


@dataclass
class FileRead:
    """A file while it is read: what became of its records so far.

    Attributes:
        path: The file.
        job: How it is decoded.
        slot: Its place among the files of the run.
        label: What it is called in the ledger.
        token: Its name in the file of kept texts, until its content has been hashed.
        texts: Texts that are to be kept and are not written yet.
    """

    path: Path
    job: Job
    slot: int
    label: str
    source_id: int = 0
    records: int = 0
    rows: int = 0
    masked: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    content_bytes: int = 0
    disk_bytes: int = 0
    token: str = field(default_factory=lambda: uuid4().hex)
    texts: list[pa.Table] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of its format; of a mixed file, of all of them."""
        return "+".join(self.job.names)

    @property
    def to(self) -> Target:
        """The table its records go to."""
        return target_of(self.job.forms[0])

    @property
    def key(self) -> Key:
        """What makes it the same file again."""
        return self.digest, self.job.setup.period.since, self.job.setup.period.until

    def count(self, tally: Tally, rows: int) -> None:
        """Add what became of some records, `rows` of which are requests."""
        self.rows += rows
        self.records += tally.records
        self.masked += tally.masked
        self.ignored.update(tally.ignored)
        self.rejected.update(reject.reason for reject in tally.rejects)
        self.rejects.extend(tally.rejects[: MAX_STORED_REJECTS - len(self.rejects)])

    def result(self, kept: int, conflicts: int) -> FileResult:
        """Return the account of the file when its repeats have been taken out."""
        bill = self.to.table == "bill_lines"
        return FileResult(
            path=self.label,
            format=self.name,
            lines=self.records,
            accepted=0 if bill else kept,
            duplicates=self.rows - kept,
            ignored=self.ignored.total(),
            rejected=self.rejected.total(),
            bills=kept if bill else 0,
            reasons=dict(sorted((self.ignored + self.rejected).items())),
            conflicts=conflicts,
            masked=self.masked,
            warnings=[said for facts in self.job.facts.values() for said in warnings_of(facts.study)],
        )


class Ledger:
    """Writes the files that come into the database, and knows those that are in it.

    Args:
        store: The database.
        known: The files that are in it.
    """

    def __init__(self, store: Store, known: Known) -> None:
        self._store = store
        self._known = known

    def may_know(self, disk_bytes: int) -> bool:
        """Say whether a file of this size on disk is known: only then is its content worth hashing beforehand."""
        return disk_bytes in self._known.sizes

    def again(self, file: FileRead) -> FileResult | None:
        """Return what becomes of a file that is there already: what was accepted then is a duplicate now."""
        return self._known.again(file.key, file.label)

    def others_with(self, digest: str) -> Sequence[int]:
        """Return the sources that have the same content, read for another period."""
        return self._known.by_content.get(digest, ())

    def remember(self, file: FileRead, result: FileResult) -> None:
        """Keep a file that has been committed, for the files after it."""
        self._known.add(file.source_id, file.key, file.disk_bytes, result)
        self._known.read[file.source_id] = file.label

    def write(self, files: Sequence[FileRead], results: Sequence[FileResult]) -> None:
        """Write the rows and the rejects of files, inside the transaction that brings them: one statement for all."""
        rows = [_row(file, result) for file, result in zip(files, results, strict=True)]
        names = ", ".join(_ROW.names)
        with self._store.table("incoming", pa.Table.from_pylist(rows, schema=_ROW)):
            self._store.execute(f"INSERT INTO sources ({names}) SELECT {names} FROM incoming")
        rejects = [
            {"source_id": file.source_id, "line": reject.line, "reason": reject.reason, "field": reject.field}
            for file in files
            for reject in file.rejects
        ]
        if rejects:
            with self._store.table("incoming", pa.Table.from_pylist(rejects, schema=_REJECT)):
                self._store.execute("INSERT INTO rejects SELECT * FROM incoming")


def _row(file: FileRead, result: FileResult) -> dict[str, object]:
    return {
        "source_id": file.source_id,
        "path": result.path,
        "content_sha256": file.digest,
        "disk_bytes": file.disk_bytes,
        "content_bytes": file.content_bytes,
        "format": file.name,
        "since": file.job.setup.period.since,
        "until": file.job.setup.period.until,
        "lines": result.lines,
        "accepted": result.accepted,
        "duplicates": result.duplicates,
        "ignored": result.ignored,
        "rejected": result.rejected,
        "bills": result.bills,
        "reasons": msgspec.json.encode(result.reasons).decode(),
        "masked": result.masked,
    }


def settle(store: Store, table: str, source_ids: Iterable[int]) -> None:
    """Bring the ledger rows of some sources in line with the rows that stand for them: counts, sums, first and last.

    A row can pass from one file to another that tells the same call (`llmaudit.ingest.repeats`); the records of both
    files stay accounted for, as accepted in one and a duplicate in the other.
    """
    ids = sorted(set(source_ids))
    counted = COUNTS_AS[table]
    first, last = ("started_at", "started_at") if table == "requests" else ("period_start", "period_end")
    store.execute(
        f"UPDATE sources SET {counted} = coalesce(f.rows, 0),"
        f" duplicates = duplicates + {counted} - coalesce(f.rows, 0),"
        " sum_billed = f.billed, sum_input_tokens = f.input, sum_output_tokens = f.output,"
        " first_at = f.first_at, last_at = f.last_at"
        " FROM (SELECT i.source_id, g.* EXCLUDE (source_id) FROM (SELECT unnest($ids) AS source_id) i LEFT JOIN"
        f" (SELECT source_id, {SUMS[table]}, min({first}) AS first_at, max({last}) AS last_at FROM {table}"
        " WHERE source_id IN (SELECT unnest($ids)) GROUP BY source_id) g ON g.source_id = i.source_id) f"
        " WHERE sources.source_id = f.source_id",
        {"ids": ids},
    )
