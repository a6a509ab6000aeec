"""The database file: migrated when opened, changed in transactions, read as rows, data frames and record batches."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, Self, TypeVar

import duckdb

from llmaudit.errors import InputError, StorageFailedError, StoreError, UsageError, printable
from llmaudit.sql import migrations
from llmaudit.store.duck import HARDENED, NOT_PERMITTED, connected, translated

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

LITTLE_MEMORY, BOUNDED_MEMORY = 400_000_000, 1_000_000_000
"""Bytes; less on a machine, or in a container, that has little (`Store._at_most`)."""

SHARE_OF_MEMORY = 2
"""DuckDB gets one in so many parts of what it may have by default: the rows become objects beside it."""

_UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
Answer = TypeVar("Answer")
ROWS_PER_BATCH = 50_000


class Store:
    """An open database.

    Args:
        path: The database file, or None for a temporary one that goes when the store is closed.
        read_only: Open without the right to write; the file must exist.
        existing: The file must exist, also where it is written to.
        lock_timeout: Seconds to wait for another process that holds the database.

    Raises:
        StoreError: Another process holds the database, or it is from a newer llmaudit.
        InputError: There is no such file, and it must exist.
        StorageFailedError: The file is damaged, is no llmaudit database, or cannot be written.
    """

    def __init__(
        self, path: Path | None, *, read_only: bool = False, existing: bool = False, lock_timeout: float = 0
    ) -> None:
        self.path = path
        self._folder = Path(mkdtemp(prefix="llmaudit-")) if path is None else None
        self._in_transaction = False
        self._to_undo: list[Callable[[], object]] = []
        self._changed: dict[str, str | int | bool | None] = {}
        if path is not None and path.is_dir():
            raise InputError(
                f"{printable(str(path))} is a folder, not a database",
                next_step="Give a file in it with --db.",
                slug="not-a-database",
            )
        if path is not None and (read_only or existing) and not path.is_file():
            raise InputError(
                f"there is no database {printable(str(path))}",
                next_step="Run `llmaudit ingest PATH…` first, or give another with --db.",
                slug="no-database",
            )
        if path is not None and not path.parent.is_dir():
            raise StorageFailedError(
                f"the database {printable(str(path))} cannot be created: no folder {printable(str(path.parent))}",
                next_step="Create the folder, or give a file in an existing one with --db.",
                slug="cannot-write",
            )
        target = path or self._folder / "audit.duckdb"  # type: ignore[operator]  # one of the two is set
        fresh = self._fresh = not target.exists()
        with translated(target):
            self._connect(target, read_only=read_only, seconds=lock_timeout)
            if read_only and (current := self._schema_version()) < _newest():
                self._connection.close()
                _bring_up_to_date(target, current, lock_timeout)
                self._connect(target, read_only=True, seconds=lock_timeout)
            # A run that was killed early leaves a file without a table: to the next one it is new.
            self._migrate(fresh=not self.rows("SELECT 1 FROM information_schema.tables LIMIT 1"), read_only=read_only)
        if fresh:
            target.chmod(0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database; a temporary one is removed, and so is a new one that nothing was put into."""
        kept = ("sources", "shadow_tests", "outcome_files")
        holds = " UNION ALL ".join(f"SELECT 1 FROM {name}" for name in kept) + " LIMIT 1"
        empty = self._fresh and not self._connection.execute(holds).fetchall()
        self._connection.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        elif empty and self.path is not None:
            self.path.unlink(missing_ok=True)

    def _connect(self, target: Path, *, read_only: bool, seconds: float) -> None:
        spill = {"temp_directory": f"{target}.tmp"}
        self._connection = connected(target, {**HARDENED, **spill}, read_only=read_only, seconds=seconds)
        if not read_only:
            shutil.rmtree(f"{target}.tmp", ignore_errors=True)  # what a killed run spilled; we hold the lock now
        self._memory = _bytes(self._setting("memory_limit"))
        self._connection.execute("SET TimeZone = 'UTC'")
        # In Jupyter the bar is off already, and to set it at all DuckDB wants ipywidgets.
        if self.one("SELECT current_setting('enable_progress_bar')")[0]:
            self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET preserve_insertion_order = true")

    def _migrate(self, *, fresh: bool, read_only: bool) -> None:
        """Bring the schema up to date in one transaction, or refuse before anything is written."""
        newest = _newest()
        current = 0 if fresh and not read_only else self._schema_version()
        if current > newest:
            raise StoreError(
                f"the database {printable(str(self.path))} has schema {current}; this llmaudit knows up to {newest}",
                next_step="Use the newer llmaudit that wrote it.",
                slug="newer-database",
            )
        if current == newest or read_only:
            return
        with self.transaction():
            for number, sql in migrations():
                if number > current:
                    self._connection.execute(sql)
            self._connection.execute("DELETE FROM meta WHERE name = 'schema'")
            self._connection.execute("INSERT INTO meta VALUES ('schema', ?)", [str(newest)])
            if fresh:
                self._connection.execute("INSERT INTO meta VALUES ('hash_key', ?)", [secrets.token_hex(32)])

    def _schema_version(self) -> int:
        tables = self.rows("SELECT table_name FROM information_schema.tables WHERE table_name = 'meta'")
        found = self.rows("SELECT value FROM meta WHERE name = 'schema'") if tables else []
        if not found:
            raise InputError(
                f"{printable(str(self.path))} is a DuckDB file, but not one of llmaudit's",
                next_step="Give another file with --db; this one is left unchanged.",
                slug="foreign-database",
            )
        return int(found[0][0])

    @property
    def hash_key(self) -> bytes:
        """The key of this database for hashes of prompts and personal ids."""
        return bytes.fromhex(self.remembered("hash_key") or "")

    def remembered(self, name: str) -> str | None:
        """Return a setting of this database, or None."""
        found = self.rows("SELECT value FROM meta WHERE name = ?", [name])
        return str(found[0][0]) if found else None

    def remember(self, name: str, value: str | None) -> None:
        """Keep a setting with the database; None forgets it."""
        with self.transaction():
            self.execute("DELETE FROM meta WHERE name = ?", [name])
            if value is not None:
                self.execute("INSERT INTO meta VALUES (?, ?)", [name, value])

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> None:
        """Run a statement; values are always parameters, never part of the text."""
        with translated(self.path):
            self._connection.execute(sql, parameters)

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """Run a query and return its rows; decimals come as `Decimal`, times as naive `datetime`."""
        with translated(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def dicts(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[dict[str, Any]]:
        """Run a query and return its rows as column name to value."""
        with translated(self.path):
            result = self._connection.execute(sql, parameters)
            names = [str(column[0]) for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def one(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> tuple[Any, ...]:
        """Run a query that returns exactly one row."""
        (row,) = self.rows(sql, parameters)
        return row

    def ask(self, sql: str) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
        """Answer a user's own question; no setting can be changed afterwards.

        Args:
            sql: One SELECT.

        Returns:
            The columns (name and type), and the rows.

        Raises:
            UsageError: It is not one statement that only reads, or the database cannot answer it.
        """
        self.lock()
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise _no_question("one SELECT is answered, and nothing else")
            result = self._connection.execute(statements[0])
            columns = [(str(column[0]), str(column[1])) for column in result.description or ()]
            return columns, result.fetchall()
        except duckdb.InterruptException as error:
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise _no_question(printable(str(error).splitlines()[0], 300)) from error

    def has(self, table: str) -> bool:
        """Say whether there is a table: a database that was opened read-only may be older than this llmaudit."""
        return bool(self.rows("SELECT 1 FROM information_schema.tables WHERE table_name = ?", [table]))

    def frame(self, sql: str) -> pl.DataFrame:
        """Run a query and return a polars frame."""
        with translated(self.path):
            frame: pl.DataFrame = self._connection.sql(sql).pl()
            return frame

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a query and return an Arrow table."""
        with translated(self.path):
            return self._connection.sql(sql, params=list(parameters)).to_arrow_table()

    def batches(self, sql: str, parameters: Sequence[object] = ()) -> pa.RecordBatchReader:
        """Run a query and return its rows batch by batch: a table of millions is never in memory as a whole."""
        with translated(self.path):
            return self._connection.sql(sql, params=list(parameters)).to_arrow_reader(ROWS_PER_BATCH)

    @contextmanager
    def table(self, name: str, data: pa.Table | pa.RecordBatchReader) -> Iterator[None]:
        """Make Arrow data visible to SQL under a name for the length of a block."""
        self._connection.register(name, data)
        with self._undone(lambda: self._connection.unregister(name)):
            yield

    def lock(self) -> None:
        """Let no later statement change a setting: a user's own SQL comes next."""
        self.execute("SET lock_configuration = true")

    @contextmanager
    def joins_as_written(self) -> Iterator[None]:
        """Let DuckDB join in the order of the text for a block, holding the right side of each join in memory.

        Its own guess of sizes is far off behind a join by range, and it then holds the wide requests in memory instead
        of two narrow columns: three times the work.
        """
        with self._set(disabled_optimizers="join_order,build_side_probe_side"):
            yield

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """Let DuckDB use one thread for a block: for a few rows several only wait for each other."""
        with self._set(threads=1):
            yield

    @contextmanager
    def in_any_order(self) -> Iterator[None]:
        """Let DuckDB store the rows of a block's statements in whatever order its threads produce them.

        To keep the order, threads wait for each other, or one thread leaves its packing to the commit, when every
        other one has nothing to do. Two threads insert faster than rows can be read.
        """
        with self._set(preserve_insertion_order=False, threads=min(2, int(self._setting("threads")))):
            yield

    @contextmanager
    def little_memory(self) -> Iterator[None]:
        """Let DuckDB use so much memory for a block that the whole program needs less than 1 GB; the rest is spilled.

        By default it keeps pages that it has written as long as the machine has memory for them.
        """
        with self._set(memory_limit=self._at_most(LITTLE_MEMORY)):
            yield

    def in_bounded_memory(self, work: Callable[[], Answer]) -> Answer:
        """Do some work with 1 GB of memory for DuckDB, or less on a small machine; the rest is spilled to disk.

        Unbounded, an audit of ten million requests took 3.6 to 8.2 GB, against 1.3 to 2.1 GB. Where the bound is too
        little, the work is done again with all the memory there is.

        Args:
            work: What can be done a second time after it failed: a reading, or one transaction.

        Returns:
            What the work returns.
        """
        try:
            with self._set(memory_limit=self._at_most(BOUNDED_MEMORY)):
                return work()
        except StorageFailedError as error:
            if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
                raise
        return work()

    def _at_most(self, limit: int) -> str:
        """Return a bound for DuckDB's memory: so many bytes, or half of what it found if that is less.

        What DuckDB finds when a file is opened is 80% of the machine's memory, or of its container's (cgroup, SLURM).
        """
        return f"{min(limit, self._memory // SHARE_OF_MEMORY)} bytes"

    def _setting(self, name: str) -> str:
        return str(self.one("SELECT current_setting(?)", [name])[0])

    @contextmanager
    def _set(self, **settings: str | int | bool) -> Iterator[None]:
        """Change settings of DuckDB for a block; then they are what a block around it has set, or DuckDB's own."""
        before = {name: self._changed.get(name) for name in settings}
        with self._undone(lambda: self._change(before)):
            self._change(settings)
            yield

    def _change(self, settings: Mapping[str, str | int | bool | None]) -> None:
        """Set what has a value, and reset the rest: DuckDB tells sizes rounded, so what it says cannot be set again."""
        for name, value in settings.items():
            self._changed[name] = value
            self.execute(f"RESET {name}" if value is None else f"SET {name} = '{value}'")

    @contextmanager
    def _undone(self, undo: Callable[[], object]) -> Iterator[None]:
        """Run a block, and undo afterwards what was done for it.

        A transaction that has failed answers nothing but ROLLBACK, so there the undoing waits for that: its own error
        would hide the first one, and Ctrl-C would end as a damaged database.
        """
        try:
            yield
        except BaseException:
            if self._in_transaction:
                self._to_undo.append(undo)
            else:
                undo()
            raise
        undo()

    @contextmanager
    def aside(self, mib: int) -> Iterator[None]:
        """Let DuckDB store rows in any order with little memory for a block, beside work that needs the rest of it.

        What a transaction writes is otherwise held in memory until it commits, and once more while it is packed.
        """
        with self._set(memory_limit=f"{mib} MiB"), self.in_any_order():
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block in one transaction: all of it is kept, or nothing."""
        with translated(self.path):
            self._connection.execute("BEGIN TRANSACTION")
            self._in_transaction = True
            try:
                yield
            except BaseException:
                self._rollback()
                raise
            finally:
                self._in_transaction = False
            try:
                self._connection.execute("COMMIT")
            except duckdb.Error as error:
                if "is durable" not in str(error):  # committed; only the clean-up after it found no room
                    raise

    def _rollback(self) -> None:
        with suppress(duckdb.Error):  # the failed statement may have ended the transaction already
            self._connection.execute("ROLLBACK")
        while self._to_undo:
            self._to_undo.pop(0)()


def _no_question(why: str) -> UsageError:
    return UsageError(
        f"the query cannot be answered: {why}", next_step="docs/schema.md has tables and columns.", slug="bad-query"
    )


def _bytes(size: str) -> int:
    """Return a size as DuckDB writes it (`18.8 GiB`) in bytes."""
    number, unit = size.split()
    return int(float(number) * _UNITS[unit])


def _newest() -> int:
    return migrations()[-1][0]


def _bring_up_to_date(path: Path, current: int, seconds: float) -> None:
    """Migrate a database that is to be read only: what reads it knows the newest schema alone.

    Raises:
        StoreError: The file may not be written, or another process holds it.
        StorageFailedError: It failed for another reason.
    """
    try:
        Store(path, lock_timeout=seconds).close()
    except StorageFailedError as error:
        if error.slug != NOT_PERMITTED:
            raise
        raise StoreError(
            f"the database {printable(str(path))} has the older schema {current} and is read-only",
            next_step="Make it writable for one command, or copy it: it is upgraded when it is opened.",
            slug="older-database",
        ) from error
