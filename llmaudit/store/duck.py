"""DuckDB, locked down, with its errors translated into ours.

No extension is loaded or searched for, SQL can read no file or address, and no Python variable is taken for a table. A
hostile file name, plan or database therefore cannot reach anything outside.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from llmaudit.errors import InputError, LlmauditError, StorageFailedError, StoreError, printable

STORAGE_VERSION = "v1.4.0"
"""Files stay readable by DuckDB 1.4 and later, so that other tools can open them."""

NOT_PERMITTED = "database-not-permitted"
"""What the error of a database is called that may not be opened, or written to."""

Config = dict[str, str | bool | int | float | list[str]]
HARDENED: Config = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "enable_external_access": False,
    "storage_compatibility_version": STORAGE_VERSION,
}
_LOCK_HOLDER = re.compile(r"held in (.+?) \(PID (\d+)\)")


def connected(path: Path, config: Config, *, read_only: bool, seconds: float) -> duckdb.DuckDBPyConnection:
    """Open a database, waiting some seconds for another process that holds it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return duckdb.connect(str(path), read_only=read_only, config=config)
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error) or time.monotonic() >= deadline:
                raise
            time.sleep(0.1)


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """Turn DuckDB's errors into ours; an interrupted query is Ctrl-C."""
    try:
        yield
    except LlmauditError:
        raise
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except duckdb.Error as error:
        raise _as_ours(error, path) from error
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


def _as_ours(error: duckdb.Error, path: Path | None) -> LlmauditError:
    text = str(error)
    name = printable(str(path)) if path else "the temporary database"
    holder = _LOCK_HOLDER.search(text)
    if holder or "Could not set lock" in text:
        who = f"process {holder[2]} ({printable(holder[1])})" if holder else "another process"
        return StoreError(
            f"the database {name} is in use by {who}",
            next_step="Wait until it has finished, or give another database with --db.",
            slug="database-busy",
        )
    if any(words in text for words in ("No space left", "File too large", "quota exceeded")) or (
        "disk" in text.lower() and "full" in text.lower()
    ):
        return StorageFailedError(
            f"the disk of {name} is full",
            next_step="Free some space and run the same command again; everything committed before is intact.",
            slug="disk-full",
        )
    if "Permission denied" in text or "Read-only file system" in text:
        return StorageFailedError(
            f"the database {name} may not be opened: {'permission denied' if 'denied' in text else 'read-only disk'}",
            next_step="Check the permissions of the file and its folder, or give another with --db.",
            slug=NOT_PERMITTED,
        )
    if "not a valid DuckDB database file" in text:
        return InputError(
            f"{name} is not a database",
            next_step="Give another file with --db; this one is left unchanged. If it was one, restore a copy.",
            slug="not-a-database",
        )
    return StorageFailedError(
        f"the database {name} failed: {printable(text.splitlines()[0], 300)}",
        next_step="Run again with --debug for details; restore the file from a copy if it is damaged.",
        slug="database-failed",
    )
