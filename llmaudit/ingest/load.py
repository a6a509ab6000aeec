"""Files into the database: each in whole or not at all, its ledger row in the same transaction as its rows.

A large file is a transaction of its own and is streamed. Small files are gathered and committed together: a
transaction costs some ten milliseconds, and a coding agent leaves thousands of files. Each still has its own ledger
row, and one that cannot be used takes no other with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa

from llmaudit.errors import InputError, printable
from llmaudit.formats.mapped import format_of
from llmaudit.ingest.decode import BILL_SCHEMA, SCHEMA
from llmaudit.ingest.detect import Detection, detect
from llmaudit.ingest.ledger import FileRead, FileResult, Key, Ledger, settle
from llmaudit.ingest.read import CHUNK_BYTES, Content, file_name, opened
from llmaudit.ingest.registry import known_named
from llmaudit.ingest.repeats import Repeats
from llmaudit.ingest.sources import Sources
from llmaudit.ingest.work import Decoded, Setup, decoded, job_of
from llmaudit.store import Store, TextStore, text_path

SMALL_ROWS = 20_000
"""A file that decodes to no more rows than this is gathered with others."""

GROUP_ROWS = 100_000
GROUP_FILES = 500
"""A group is committed when it has so many."""

WORTH_A_TURN = 2000
"""Rows that are handed to the database at a time, at least."""

TEXT_BYTES = 64 << 20

Progress = Callable[[FileRead, int, int], None]
"""Called with the file that is being read, the bytes read of it as it lies on disk, and the bytes of all files."""

Part = tuple[FileRead, str, pa.RecordBatch]
"""Rows of a file, in one format."""


class _AlreadyThere(Exception):  # noqa: N818 -- rolls the transaction back
    """The content turned out to be in the ledger."""


@dataclass
class Loader:
    """Takes files into the database, in the order they are given.

    Attributes:
        store: The database.
        setup: What decoding needs besides the files.
        progress: Called now and then.
        whole: Bytes of all files that will be read, as they lie on disk.
        results: What became of each file; None while it is not committed.
        failures: Files that could not be used.
    """

    store: Store
    setup: Setup
    progress: Progress | None = None
    whole: int = 0
    results: list[FileResult | None] = field(default_factory=list)
    failures: list[InputError] = field(default_factory=list)
    _waiting: list[tuple[FileRead, list[Part]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._texts: TextStore | None = None
        self._waiting_keys: set[Key] = set()
        self._waiting_rows = 0
        self._ledger = Ledger(self.store)
        self._sources = Sources(self.store)

    def add(
        self, path: Path, *, label: str | None = None, format_name: str | None = None, must_be_log: bool = True
    ) -> None:
        """Read a file; it is in the database when its result is there, at the latest after `flush`.

        Args:
            path: The file.
            label: What it is called in the ledger; by default its path.
            format_name: Its format, where the user says so; else it is detected.
            must_be_log: Whether a file in no known format is an error, or only skipped (a folder's other files).
        """
        self.results.append(None)
        slot = len(self.results) - 1
        try:
            result = self._read(path, slot, label, format_name, must_be_log=must_be_log)
            if result is not None:  # else it is set when the file is committed, which may have happened already
                self.results[slot] = result
        except InputError as error:
            self.failures.append(error)
            self.results[slot] = FileResult(label or file_name(path), None, skipped=f"not used: {error.slug}")

    def _read(
        self, path: Path, slot: int, label: str | None, format_name: str | None, *, must_be_log: bool
    ) -> FileResult | None:
        column_map = self.setup.column_map
        named = known_named(format_name) if format_name else None
        found = detect(path, format_of(column_map) if column_map is not None else named)
        if found.form is None:
            if must_be_log:
                raise _unknown("standard input" if label == "-" else file_name(path), found)
            return FileResult(file_name(path), None, skipped="unknown format")
        file = FileRead(path, job_of(found, self.setup), slot, label or file_name(path))
        if earlier := self._known_content(file):
            return earlier
        with ExitStack() as stack:
            content = stack.enter_context(opened(path))
            parts = self._parts(file, content, stack.enter_context(closing(decoded(content, file.job))))
            first: list[Part] = []
            for part in parts:
                first.append(part)
                if file.rows > SMALL_ROWS:
                    return self._stream(file, content, chain(first, parts))
            _ended(file, content)
        return self._gather(file, first)

    def _known_content(self, file: FileRead) -> FileResult | None:
        """Return the result of a file whose content was read before, hashing it first where its size is known."""
        with opened(file.path) as content:
            if not self._ledger.may_know(content.disk_bytes):
                return None
            while content.read(CHUNK_BYTES):
                pass
            _ended(file, content)
        return self._ledger.again(file)

    def _parts(self, file: FileRead, content: Content, decoded_parts: Iterable[Decoded]) -> Iterator[Part]:
        """Count what becomes of a file's records, and yield its rows."""
        for part in decoded_parts:
            file.count(part.tally, sum(batch.num_rows for _, batch in part.batches))
            self._keep(file, part.texts)
            if self.progress:
                self.progress(file, content.position, self.whole)
            for name, batch in part.batches:
                yield file, name, batch

    def _keep(self, file: FileRead, texts: list[pa.Table]) -> None:
        """Put texts aside, and write them when there are many: prompts can be larger than memory."""
        file.texts += texts
        if sum(each.nbytes for each in file.texts) > TEXT_BYTES:
            self._write_texts([file])

    def _write_texts(self, files: Sequence[FileRead], *, ended: bool = False) -> None:
        """Write texts to their own file before the requests are committed; without requests they are swept later."""
        if not self.setup.keep_text or self.store.path is None:
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

    def _gather(self, file: FileRead, parts: list[Part]) -> FileResult | None:
        """Keep a small file for the next commit, unless it is there already or has nothing."""
        if earlier := self._ledger.again(file):
            return earlier
        if file.key in self._waiting_keys:
            self.flush()
            return self._ledger.again(file)
        if file.rows == 0:
            raise _nothing(file)
        if self._waiting and self._waiting[0][0].to != file.to:
            self.flush()
        self._waiting.append((file, parts))
        self._waiting_keys.add(file.key)
        self._waiting_rows += file.rows
        if len(self._waiting) >= GROUP_FILES or self._waiting_rows >= GROUP_ROWS:
            self.flush()
        return None

    def flush(self) -> None:
        """Commit the small files that are waiting."""
        waiting, self._waiting = self._waiting, []
        self._waiting_rows = 0
        self._waiting_keys.clear()
        if not waiting:
            return
        files = [file for file, _ in waiting]
        with self.store.transaction():
            self._insert(files, chain.from_iterable(parts for _, parts in waiting))
            results = self._conclude(files)
        self._committed(files, results)

    def _stream(self, file: FileRead, content: Content, parts: Iterator[Part]) -> FileResult | None:
        """Commit a large file, row by row as it is decoded."""
        self.flush()
        try:
            with self.store.transaction():
                self._insert([file], parts)
                _ended(file, content)
                self._refuse_if_known(file)
                results = self._conclude([file])
        except _AlreadyThere:
            return self._ledger.again(file)
        self._committed([file], results)
        return self.results[file.slot]

    def _refuse_if_known(self, file: FileRead) -> None:
        if self._ledger.again(file):
            raise _AlreadyThere

    def _committed(self, files: list[FileRead], results: list[FileResult]) -> None:
        for file, result in zip(files, results, strict=True):
            self._ledger.remember(file, result)
            self.results[file.slot] = result

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
        same_content = [(file.source_id, other) for file in files for other in self._ledger.others_with(file.digest)]
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
        self._ledger.write(files, results)
        settle(self.store, table, touched | {file.source_id for file in files})
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
            for file, name, batch in self.parts:
                size = batch.num_rows
                space = next(form.space for form in file.job.forms if form.name == name)
                own = [
                    pa.array(np.arange(self.base + 1, self.base + 1 + size, dtype=np.int64)),
                    pa.repeat(pa.scalar(file.source_id, pa.int32()), size),
                    pa.repeat(pa.scalar(space), size),
                ]
                self.base += size
                yield pa.RecordBatch.from_arrays([*own, *batch.columns], schema=schema)
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 -- raised again as soon as the statement has ended
            self.failure = error


def _ended(file: FileRead, content: Content) -> None:
    """Take over what is known of a file when it has been read to its end."""
    file.digest, file.content_bytes = content.digest.hexdigest(), content.size
    file.disk_bytes = content.disk_bytes


def _unknown(label: str, found: Detection) -> InputError:
    name = printable(label)
    if found.container == "empty":
        return InputError(f"{name} is empty", next_step="Check the export that wrote it.", slug="empty-file")
    return InputError(
        f"{name} is in no format llmaudit knows ({printable('; '.join(found.evidence))})",
        next_step="See `llmaudit formats` for --format; `llmaudit detect` proposes a column map for --map.",
        slug="unknown-format",
    )


def _nothing(file: FileRead) -> InputError:
    reasons = sorted((file.ignored + file.rejected).items())
    why = ", ".join(f"{count} {reason}" for reason, count in reasons) or "it holds no record"
    return InputError(
        f"{printable(file.label)}: not one request in {file.records} records of {file.name} ({printable(why)})",
        next_step="Check that it is a request log of this format and covers the period asked for.",
        slug="nothing-accepted",
    )
