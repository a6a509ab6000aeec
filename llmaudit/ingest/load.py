"""One file into the database: one transaction that holds its requests, its rejects and its ledger row, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from llmaudit.errors import InputError, printable
from llmaudit.ingest.decode import BILL_SCHEMA, SCHEMA
from llmaudit.ingest.detect import Detection, detect
from llmaudit.ingest.read import CHUNK_BYTES, file_name, opened
from llmaudit.ingest.records import Rejected
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.repeats import Repeats, target_of
from llmaudit.ingest.work import Decoded, Job, Setup, decoded, job_of
from llmaudit.store import Store

MAX_STORED_REJECTS = 10_000
"""Rejects kept with their line per file; beyond it they are only counted."""

Progress = Callable[[int], None]
"""Called with the number of records decoded so far."""


class FileResult(msgspec.Struct, frozen=True):
    """What became of one file: `lines = accepted + duplicates + ignored + rejected + bills`, always.

    Attributes:
        path: As it was named.
        format: Its format, or None where it was not recognised.
        lines: Records: lines, CSV rows or array elements.
        accepted: New requests in the database.
        duplicates: Records whose call was there already, in this file or an earlier one.
        ignored: Records that are no requests, or outside the period asked for.
        rejected: Records that cannot be used.
        bills: Bill lines.
        skipped: Why nothing was taken in: `already ingested`, `unknown format`, or `not used:` and an error's name;
            None where the file was read.
        reasons: Counts of ignored and rejected records by reason.
        conflicts: Duplicates whose content differs from what is in the database.
    """

    path: str
    format: str | None
    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: int = 0
    bills: int = 0
    skipped: str | None = None
    reasons: dict[str, int] = {}
    conflicts: int = 0


def ingest_file(
    store: Store,
    path: Path,
    setup: Setup,
    *,
    format_name: str | None = None,
    must_be_log: bool = True,
    progress: Progress | None = None,
) -> FileResult:
    """Take one file into the database.

    The same content again, under whatever name or compression, changes nothing.

    Args:
        store: The database.
        path: The file.
        setup: What decoding needs besides the file.
        format_name: Its format, where the user says so; else it is detected.
        must_be_log: Whether a file in no known format is an error, or only skipped (a folder's other files).
        progress: Called now and then.

    Raises:
        InputError: Unknown format, empty, damaged, or not one record accepted; the database is as before.
    """
    found = detect(path, known_named(format_name) if format_name else None)
    if found.form is None:
        if not must_be_log:
            return FileResult(file_name(path), None, skipped="unknown format")
        raise _unknown(path, found)
    earlier = _known_content(store, path, setup)
    if earlier is None:
        load = _Load(store, path, job_of(found, setup))
        try:
            with store.transaction():
                return load.run(progress)
        except _AlreadyThere as there:
            earlier = there.counts
    return _again(path, load_name(found), earlier)


def load_name(found: Detection) -> str:
    """Return the name of a file's format; of a mixed file, of all of them."""
    return "+".join(form.name for form in (found.form, *found.others) if form is not None)


def _unknown(path: Path, found: Detection) -> InputError:
    name = printable(file_name(path))
    if found.container == "empty":
        return InputError(f"{name} is empty", next_step="Check the export that wrote it.", slug="empty-file")
    return InputError(
        f"{name} is in no format llmaudit knows ({printable('; '.join(found.evidence))})",
        next_step="See `llmaudit formats`; name the format with --format if you know it.",
        slug="unknown-format",
    )


def _known_content(store: Store, path: Path, setup: Setup) -> dict[str, int] | None:
    """Return the counts of a file whose content was read before.

    Hashing it first is a second read of the file, so that is done only where a file of this size on disk is known.
    """
    with opened(path) as content:
        if not store.rows("SELECT 1 FROM sources WHERE disk_bytes = ? LIMIT 1", [content.disk_bytes]):
            return None
        while content.read(CHUNK_BYTES):
            pass
        return _ledger_row(store, content.digest.hexdigest(), setup)


def _ledger_row(store: Store, digest: str, setup: Setup) -> dict[str, int] | None:
    rows = store.dicts(
        "SELECT lines, accepted, duplicates, ignored, rejected, bills FROM sources WHERE content_sha256 = ?"
        " AND since IS NOT DISTINCT FROM ? AND until IS NOT DISTINCT FROM ?",
        [digest, setup.period.since, setup.period.until],
    )
    return rows[0] if rows else None


def _again(path: Path, format_name: str, earlier: dict[str, int]) -> FileResult:
    """Return what becomes of a file that is there already: what was accepted then is a duplicate now."""
    return FileResult(
        path=file_name(path),
        format=format_name,
        skipped="already ingested",
        lines=earlier["lines"],
        duplicates=earlier["duplicates"] + earlier["accepted"],
        ignored=earlier["ignored"],
        rejected=earlier["rejected"],
        bills=earlier["bills"],
    )


class _AlreadyThere(Exception):  # noqa: N818 -- rolls the transaction back
    """The content turned out to be in the ledger."""

    def __init__(self, counts: dict[str, int]) -> None:
        super().__init__()
        self.counts = counts


@dataclass
class _Load:
    """The transaction of one file."""

    store: Store
    path: Path
    job: Job
    records: int = 0
    rows: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    source_id: int = 0
    digest: str = ""
    content_bytes: int = 0
    disk_bytes: int = 0
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        self.forms = self.job.forms
        self.setup = self.job.setup
        self.to = target_of(self.forms[0])
        self.name = "+".join(self.job.names)

    def run(self, progress: Progress | None) -> FileResult:
        """Insert, de-duplicate, and write the ledger row; the caller commits, or rolls everything back.

        Raises:
            _AlreadyThere: The same content is in the ledger.
            InputError: Not one record is a request; or as `decoded`.
        """
        self.source_id = int(self.store.one("SELECT coalesce(max(source_id), 0) + 1 FROM sources")[0])
        self._insert(progress)
        if earlier := _ledger_row(self.store, self.digest, self.setup):
            raise _AlreadyThere(earlier)
        inserted = self._count()
        repeats = [Repeats(self.store, form, self.source_id) for form in self.forms]
        conflicts = sum(each.drop_within() + each.drop_known(self.digest) for each in repeats)
        kept = self._count()
        bill = self.to.table == "bill_lines"
        result = FileResult(
            path=file_name(self.path),
            format=self.name,
            lines=self.records,
            accepted=0 if bill else kept,
            duplicates=inserted - kept,
            ignored=self.ignored.total(),
            rejected=self.rejected.total(),
            bills=kept if bill else 0,
            reasons=dict(sorted((self.ignored + self.rejected).items())),
            conflicts=conflicts,
        )
        if inserted == 0:
            raise self._nothing(result)
        self._write_rejects()
        self._write_ledger(result)
        return result

    def _insert(self, progress: Progress | None) -> None:
        """Decode the file and stream its rows into the table, numbered in file order past the highest number."""
        base = int(self.store.one(f"SELECT coalesce(max(row_id), 0) FROM {self.to.table}")[0])
        columns = ", ".join(self.to.columns)
        schema = _numbered_schema(BILL_SCHEMA if self.to.table == "bill_lines" else SCHEMA)
        with opened(self.path) as content, closing(decoded(content, self.job)) as parts:
            batches = pa.RecordBatchReader.from_batches(schema, self._counted(parts, schema, progress))
            with self.store.table("incoming", batches):
                self.store.execute(
                    f"INSERT INTO {self.to.table} (row_id, source_id, id_space, {columns})"
                    f" SELECT ? + row_number, ?, id_space, {columns} FROM incoming",
                    [base, self.source_id],
                )
            if self.failure is not None:
                raise self.failure
            self.digest, self.content_bytes = content.digest.hexdigest(), content.size
            self.disk_bytes = content.disk_bytes

    def _counted(
        self, parts: Iterator[Decoded], schema: pa.Schema, progress: Progress | None
    ) -> Iterator[pa.RecordBatch]:
        """Pass batches on and count. An error ends the stream and is kept: through DuckDB it would lose its type."""
        try:
            for part in parts:
                self.records += part.tally.records
                self.ignored.update(part.tally.ignored)
                self.rejected.update(reject.reason for reject in part.tally.rejects)
                self.rejects.extend(part.tally.rejects[: MAX_STORED_REJECTS - len(self.rejects)])
                if progress:
                    progress(self.records)
                for name, batch in part.batches:
                    yield self._numbered(name, batch, schema)
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 -- raised again as soon as the statement has ended
            self.failure = error

    def _numbered(self, name: str, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """Return a batch with the number of each row in the file and the namespace of its ids."""
        size = batch.num_rows
        numbers = pa.array(np.arange(self.rows + 1, self.rows + 1 + size, dtype=np.int64))
        self.rows += size
        space = next(form.space for form in self.forms if form.name == name)
        columns = [numbers, pa.repeat(pa.scalar(space), size), *batch.columns]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _count(self) -> int:
        return int(self.store.one(f"SELECT count(*) FROM {self.to.table} WHERE source_id = ?", [self.source_id])[0])

    def _write_rejects(self) -> None:
        columns = {
            "line": pa.array([reject.line for reject in self.rejects], pa.int64()),
            "reason": pa.array([reject.reason for reject in self.rejects], pa.string()),
            "field": pa.array([reject.field for reject in self.rejects], pa.string()),
        }
        with self.store.table("incoming", pa.table(columns)):
            self.store.execute("INSERT INTO rejects SELECT ?, line, reason, field FROM incoming", [self.source_id])

    def _write_ledger(self, counts: FileResult) -> None:
        row = {
            "source_id": self.source_id,
            "path": counts.path,
            "content_sha256": self.digest,
            "disk_bytes": self.disk_bytes,
            "content_bytes": self.content_bytes,
            "format": self.name,
            "since": self.setup.period.since,
            "until": self.setup.period.until,
            "lines": counts.lines,
            "accepted": counts.accepted,
            "duplicates": counts.duplicates,
            "ignored": counts.ignored,
            "rejected": counts.rejected,
            "bills": counts.bills,
            "reasons": msgspec.json.encode(counts.reasons).decode(),
        }
        first, last = ("started_at", "started_at") if self.to.table == "requests" else ("period_start", "period_end")
        self.store.execute(
            f"INSERT INTO sources ({', '.join(row)}, first_at, last_at)"
            f" SELECT {', '.join(f'${name}' for name in row)}, min({first}), max({last})"
            f" FROM {self.to.table} WHERE source_id = $source_id",
            row,
        )

    def _nothing(self, result: FileResult) -> InputError:
        why = ", ".join(f"{count} {reason}" for reason, count in result.reasons.items()) or "it holds no record"
        return InputError(
            f"{printable(result.path)}: not one request in {self.records} records of {self.name} ({printable(why)})",
            next_step="Check that it is a request log of this format and covers the period asked for.",
            slug="nothing-accepted",
        )


def _numbered_schema(schema: pa.Schema) -> pa.Schema:
    numbered = [pa.field("row_number", pa.int64()), pa.field("id_space", pa.string())]
    return pa.schema([*numbered, *schema])
