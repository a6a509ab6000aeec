"""One file into the database: one transaction that holds its requests, its rejects and its ledger row, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pyarrow as pa

from llmaudit.errors import InputError, printable
from llmaudit.formats import format_named
from llmaudit.formats.base import Format
from llmaudit.ingest.decode import SCHEMA
from llmaudit.ingest.detect import Container, Detection, container_of, detect
from llmaudit.ingest.read import CHUNK_BYTES, file_name, head_of, opened
from llmaudit.ingest.records import Rejected
from llmaudit.ingest.repeats import Repeats
from llmaudit.ingest.work import Decoded, Setup, decoded
from llmaudit.request import COLUMNS
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
    found = _detected(path, format_name)
    if found.form is None:
        if not must_be_log:
            return FileResult(file_name(path), None, skipped="unknown format")
        raise _unknown(path, found)
    earlier = _known_content(store, path, setup)
    if earlier is None:
        load = _Load(store, path, found.form, setup)
        try:
            with store.transaction():
                return load.run(found.container, progress)
        except _AlreadyThere as there:
            earlier = there.counts
    return _again(path, found.form, earlier)


def _detected(path: Path, format_name: str | None) -> Detection:
    if format_name is None:
        return detect(path)
    form = format_named(format_name)
    container = container_of(head_of(path))
    if container == "empty":
        return Detection(None, container, 0.0, ("the file is empty",))
    if (container == "csv") != (form.container == "csv"):
        raise InputError(
            f"{printable(file_name(path))} holds {'CSV' if container == 'csv' else 'no CSV'},"
            f" but {form.name} is {form.container}",
            next_step="Leave --format out, or name the format that the file is in.",
            slug="wrong-container",
        )
    return Detection(form, container, 1.0, ("named with --format",))


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


def _again(path: Path, form: Format, earlier: dict[str, int]) -> FileResult:
    """Return what becomes of a file that is there already: what was accepted then is a duplicate now."""
    return FileResult(
        path=file_name(path),
        format=form.name,
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
    form: Format
    setup: Setup
    records: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    source_id: int = 0
    digest: str = ""
    content_bytes: int = 0
    disk_bytes: int = 0
    failure: BaseException | None = None

    def run(self, container: Container, progress: Progress | None) -> FileResult:
        """Insert, de-duplicate, and write the ledger row; the caller commits, or rolls everything back.

        Raises:
            _AlreadyThere: The same content is in the ledger.
            InputError: Not one record is a request; or as `decoded`.
        """
        self.source_id = int(self.store.one("SELECT coalesce(max(source_id), 0) + 1 FROM sources")[0])
        self._insert(container, progress)
        if earlier := _ledger_row(self.store, self.digest, self.setup):
            raise _AlreadyThere(earlier)
        inserted = self._count()
        repeats = Repeats(self.store, self.form, self.source_id)
        conflicts = repeats.drop_within() + repeats.drop_known(self.digest)
        accepted = self._count()
        result = FileResult(
            path=file_name(self.path),
            format=self.form.name,
            lines=self.records,
            accepted=accepted,
            duplicates=inserted - accepted,
            ignored=self.ignored.total(),
            rejected=self.rejected.total(),
            reasons=dict(sorted((self.ignored + self.rejected).items())),
            conflicts=conflicts,
        )
        if inserted == 0:
            raise self._nothing(result)
        self._write_rejects()
        self._write_ledger(result)
        return result

    def _insert(self, container: Container, progress: Progress | None) -> None:
        """Decode the file and stream its requests into the table; a row id is the line number past the highest id."""
        base = int(self.store.one("SELECT coalesce(max(row_id), 0) FROM requests")[0])
        columns = ", ".join(COLUMNS)
        with opened(self.path) as content, closing(decoded(content, self.form, container, self.setup)) as parts:
            batches = pa.RecordBatchReader.from_batches(SCHEMA, self._counted(parts, progress))
            with self.store.table("incoming", batches):
                self.store.execute(
                    f"INSERT INTO requests (row_id, source_id, id_space, {columns})"
                    f" SELECT ? + line, ?, ?, {columns} FROM incoming",
                    [base, self.source_id, self.form.space],
                )
            if self.failure is not None:
                raise self.failure
            self.digest, self.content_bytes = content.digest.hexdigest(), content.size
            self.disk_bytes = content.disk_bytes

    def _counted(self, parts: Iterator[Decoded], progress: Progress | None) -> Iterator[pa.RecordBatch]:
        """Pass batches on and count. An error ends the stream and is kept: through DuckDB it would lose its type."""
        try:
            for part in parts:
                self.records += part.tally.records
                self.ignored.update(part.tally.ignored)
                self.rejected.update(reject.reason for reject in part.tally.rejects)
                self.rejects.extend(part.tally.rejects[: MAX_STORED_REJECTS - len(self.rejects)])
                if progress:
                    progress(self.records)
                yield part.batch
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 -- raised again as soon as the statement has ended
            self.failure = error

    def _count(self) -> int:
        return int(self.store.one("SELECT count(*) FROM requests WHERE source_id = ?", [self.source_id])[0])

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
            "format": self.form.name,
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
        self.store.execute(
            f"INSERT INTO sources ({', '.join(row)}, first_at, last_at)"
            f" SELECT {', '.join(f'${name}' for name in row)}, min(started_at), max(started_at)"
            " FROM requests WHERE source_id = $source_id",
            row,
        )

    def _nothing(self, result: FileResult) -> InputError:
        why = ", ".join(f"{count} {reason}" for reason, count in result.reasons.items()) or "it holds no record"
        return InputError(
            f"{printable(result.path)}: not one request in {self.records} records of {self.form.name}"
            f" ({printable(why)})",
            next_step="Check that it is a request log of this format and covers the period asked for.",
            slug="nothing-accepted",
        )
