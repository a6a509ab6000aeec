"""Rows into the database, with the ledger rows of their files in the same transaction.

A large file is a transaction of its own. Small files wait for each other and are committed together: a transaction
costs some ten milliseconds, and a coding agent leaves thousands of files. Each still has its own ledger row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from llmaudit.ingest.arrays import BILL_SCHEMA, SCHEMA
from llmaudit.ingest.known import FileResult, Key
from llmaudit.ingest.ledger import FileRead, Ledger, settle
from llmaudit.ingest.repeats import Repeats
from llmaudit.ingest.sources import Sources
from llmaudit.store import Store, TextStore, text_path

SMALL_ROWS = 20_000
"""A file that decodes to no more rows than this waits for others."""

GROUP_ROWS = 100_000
GROUP_FILES = 2000
"""Files that wait are committed when they are so many, or have so many rows."""

WORTH_A_TURN = 2000
"""Rows that are handed to the database at a time, at least."""

TEXT_BYTES = 64 << 20


@dataclass(frozen=True)
class Part:
    """Rows in one format.

    Attributes:
        files: The files that they are from, with how many are of each, in order.
        name: The format.
        batch: The rows.
    """

    files: Sequence[tuple[FileRead, int]]
    name: str
    batch: pa.RecordBatch


@dataclass
class Commits:
    """Commits files, in the order they are given.

    Args:
        store: The database.
        ledger: The files that are in it.
        keep_text: Whether texts are kept.
        committed: Called with each file that is in the database, and its result.
        changed: Called with the number of a file that was there before, and how many of its records are now accepted,
            duplicates and bill lines: a row can pass to a later file that tells more of its call.
    """

    store: Store
    ledger: Ledger
    keep_text: bool
    committed: Callable[[FileRead, FileResult], None]
    changed: Callable[[int, int, int, int], None]
    waiting: list[FileRead] = field(default_factory=list)
    _parts: list[Part] = field(default_factory=list)
    _rows: int = 0

    def __post_init__(self) -> None:
        self._texts: TextStore | None = None
        self._touched: set[int] = set()
        self._sources = Sources(self.store)

    @property
    def keys(self) -> set[Key]:
        """What tells the waiting files again."""
        return {file.key for file in self.waiting}

    def wait(self, files: Sequence[FileRead], parts: Iterable[Part]) -> None:
        """Let small files, whose rows go to the same table, wait for the next commit."""
        if self.waiting and self.waiting[0].to != files[0].to:
            self.commit()
        self.waiting += files
        self._parts += parts
        self._rows += sum(file.rows for file in files)
        if len(self.waiting) >= GROUP_FILES or self._rows >= GROUP_ROWS:
            self.commit()

    def commit(self) -> None:
        """Commit the files that wait."""
        files, self.waiting = self.waiting, []
        parts, self._parts = self._parts, []
        self._rows = 0
        if not files:
            return
        with self.store.transaction():
            self._insert(files, iter(parts))
            results = self._conclude(files)
        self._told(files, results)

    def stream(self, file: FileRead, parts: Iterator[Part], ended: Callable[[], None]) -> None:
        """Commit a large file by itself, while it is decoded.

        Args:
            file: The file.
            parts: Its rows.
            ended: Called when all of them have been taken; what it raises undoes the whole file.
        """
        self.commit()
        with self.store.transaction():
            self._insert([file], parts)
            ended()
            results = self._conclude([file])
        self._told([file], results)

    def keep(self, file: FileRead, texts: list[pa.Table]) -> None:
        """Put texts aside, and write them when there are many: prompts can be larger than memory."""
        file.texts += texts
        if sum(each.nbytes for each in file.texts) > TEXT_BYTES:
            self._write_texts([file])

    def _write_texts(self, files: Sequence[FileRead], *, ended: bool = False) -> None:
        """Write texts to their own file before the requests are committed; without requests they are swept later."""
        if not self.keep_text or self.store.path is None:
            return
        if self._texts is None:
            digests = {str(row[0]) for row in self.store.rows("SELECT content_sha256 FROM sources")}
            self._texts = TextStore(text_path(self.store.path), digests)
        for file in files:
            tables, file.texts = file.texts, []
            self._texts.add(file.token, pa.concat_tables(tables) if tables else None, file.digest if ended else None)

    def close(self) -> None:
        """Close the file of kept texts."""
        if self._texts is not None:
            self._texts.close()
            self._texts = None

    def _told(self, files: list[FileRead], results: list[FileResult]) -> None:
        for file, result in zip(files, results, strict=True):
            self.ledger.remember(file, result)
            self.committed(file, result)
        if self._touched:
            counted = (
                "SELECT source_id, accepted, duplicates, bills FROM sources WHERE source_id IN (SELECT unnest($ids))"
            )
            for source_id, accepted, duplicates, bills in self.store.rows(counted, {"ids": sorted(self._touched)}):
                self.changed(source_id, accepted, duplicates, bills)

    def _insert(self, files: list[FileRead], parts: Iterator[Part]) -> None:
        """Stream rows into their table, numbered in the order read past the highest number there is."""
        to = files[0].to
        next_source = int(self.store.one("SELECT coalesce(max(source_id), 0) + 1 FROM sources")[0])
        for number, file in enumerate(files):
            file.source_id = next_source + number
        base = int(self.store.one(f"SELECT coalesce(max(row_id), 0) FROM {to.table}")[0])
        stream = _Stream(parts, BILL_SCHEMA if to.table == "bill_lines" else SCHEMA, base)
        columns = ", ".join(("row_id", "source_id", "id_space", *to.columns))
        many = len(files) == 1 and files[0].rows > SMALL_ROWS
        with (
            self.store.in_any_order() if many else self.store.one_thread(),
            self.store.table("incoming", stream.reader()),
        ):
            self.store.execute(f"INSERT INTO {to.table} ({columns}) SELECT {columns} FROM incoming")
        if stream.failure is not None:
            raise stream.failure

    def _conclude(self, files: list[FileRead]) -> list[FileResult]:
        """Take out repeats, within the files and of what was there, and write the ledger."""
        table, first = files[0].to.table, files[0].source_id
        same_content = [(file.source_id, other) for file in files for other in self.ledger.others_with(file.digest)]
        touched: set[int] = set()
        forms = {form.space: form for file in files for form in file.job.forms}
        for form in forms.values():
            touched |= Repeats(self.store, form, first, same_content).drop()
        if table == "requests":
            touched |= self._sources.merge(first, set(forms))
        kept = dict(
            self.store.rows(f"SELECT source_id, count(*) FROM {table} WHERE source_id >= ? GROUP BY 1", [first])
        )
        conflicts = dict(
            self.store.rows("SELECT source_id, count(*) FROM conflicts WHERE source_id >= ? GROUP BY 1", [first])
        )
        self._write_texts(files, ended=True)
        results = [file.result(kept.get(file.source_id, 0), conflicts.get(file.source_id, 0)) for file in files]
        self.ledger.write(files, results)
        settle(self.store, table, touched | {file.source_id for file in files})
        self._touched = touched - {file.source_id for file in files}
        return results


@dataclass
class _Stream:
    """Rows on their way into a table, with their number, file and namespace of ids.

    An error ends the stream and is kept: through DuckDB it would lose its type.
    """

    parts: Iterator[Part]
    schema: pa.Schema
    base: int
    failure: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """Return the rows as Arrow batches."""
        own = [pa.field("row_id", pa.int64()), pa.field("source_id", pa.int32()), pa.field("id_space", pa.string())]
        schema = pa.schema([*own, *self.schema])
        return pa.RecordBatchReader.from_batches(schema, self._batches(schema))

    def _batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches that are worth a turn: those of many small files are put together."""
        few: list[pa.RecordBatch] = []
        for batch in self._numbered(schema):
            few.append(batch)
            if sum(each.num_rows for each in few) >= WORTH_A_TURN:
                yield pa.concat_batches(few) if len(few) > 1 else batch
                few = []
        if few:
            yield pa.concat_batches(few)

    def _numbered(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for part in self.parts:
                size = part.batch.num_rows
                sources = np.array([file.source_id for file, _ in part.files], dtype=np.int32)
                forms = part.files[0][0].job.forms
                space = next(form.space for form in forms if form.name == part.name)
                own = [
                    pa.array(np.arange(self.base + 1, self.base + 1 + size, dtype=np.int64)),
                    pa.array(np.repeat(sources, [rows for _, rows in part.files])),
                    pa.repeat(pa.scalar(space), size),
                ]
                self.base += size
                yield pa.RecordBatch.from_arrays([*own, *part.batch.columns], schema=schema)
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 -- raised again as soon as the statement has ended
            self.failure = error
