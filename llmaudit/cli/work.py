"""Steps that several commands share: open the database, read files into it, load the catalog."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit.cli.options import message
from llmaudit.cli.output import notice
from llmaudit.errors import LlmauditError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.ingest import IngestResult
    from llmaudit.ingest.ledger import FileRead
    from llmaudit.store import Store


def catalog(settings: Settings) -> Catalog:
    """Return the packaged catalog with the user's overlays."""
    from llmaudit.catalog import load_catalog

    return load_catalog(settings.catalogs)


def open_store(settings: Settings, *, temporary: bool = False, read_only: bool = False) -> Store:
    """Open the database that the settings name, or a temporary one."""
    from llmaudit.store import Store

    return Store(None if temporary else settings.db, read_only=read_only)


def read_logs(settings: Settings, store: Store, paths: list[str], format_name: str | None = None) -> IngestResult:
    """Take files into the database and tag them; files that cannot be used are named on stderr."""
    from llmaudit.ingest import Setup, ingest
    from llmaudit.tiers import tag

    setup = Setup(store.hash_key, settings.catalogs, settings.period)
    result = ingest(store, paths, setup, format_name=format_name, progress=_progress(settings))
    if sys.stderr.isatty() and not settings.quiet:
        sys.stderr.write("\r\x1b[K")
    for failure in result.failures:
        sys.stderr.write(f"llmaudit: {message(failure)}\n")
    skipped = [file.path for file in result.files if file.skipped == "unknown format"]
    if skipped:
        names = ", ".join(printable(Path(path).name) for path in skipped[:5])
        notice(settings, f"{len(skipped)} file(s) in no known format were passed over: {names}")
    tag(store)
    return result


def first_failure(result: IngestResult) -> LlmauditError | None:
    """Return the error that decides the exit code, or None where every file could be used."""
    return result.failures[0] if result.failures else None


def _progress(settings: Settings) -> Callable[[FileRead, int], None] | None:
    """Return a reporter that rewrites one line, on a terminal only."""
    if settings.quiet or not sys.stderr.isatty():
        return None

    def report(file: FileRead, _: int) -> None:
        sys.stderr.write(f"\r\x1b[K{printable(file.path.name, 60)}: {file.records:,} records")
        sys.stderr.flush()

    return report
