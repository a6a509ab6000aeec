"""Logs into the database: which files, in which format, and what became of every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from llmaudit.errors import InputError, LlmauditError, printable
from llmaudit.ingest.detect import Detection, detect
from llmaudit.ingest.load import FileResult, ingest_file
from llmaudit.ingest.read import file_name
from llmaudit.ingest.registry import known
from llmaudit.ingest.walk import walk
from llmaudit.ingest.work import Setup
from llmaudit.period import Period
from llmaudit.store import Store

__all__ = ["Detection", "FileResult", "IngestResult", "Period", "Setup", "detect", "ingest", "known", "walk"]


class Totals(msgspec.Struct, frozen=True):
    """Sums over the files that were read or recognised."""

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: int = 0
    bills: int = 0


class IngestResult(msgspec.Struct, frozen=True):
    """What became of every file.

    Attributes:
        files: One entry a file, in the order read; of one that could not be used, `skipped` says why.
        totals: Their sums.
        failures: Files that could not be used, with the error of each; nothing of them is in the database.
    """

    files: list[FileResult]
    totals: Totals
    failures: list[LlmauditError]


def ingest(
    store: Store,
    paths: Sequence[str],
    setup: Setup,
    *,
    format_name: str | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> IngestResult:
    """Take files and folders into the database, one transaction a file.

    A file that cannot be used does not stop the others; it is reported in `failures`.

    Args:
        store: The database.
        paths: Files and folders; folders are walked in name order.
        setup: What decoding needs besides the files.
        format_name: The format of every file, where the user says so.
        progress: Called with a path and the records decoded so far.

    Raises:
        InputError: A path does not exist or is an address (before anything is read); or no file was a log.
    """
    found = list(walk(paths))
    files: list[FileResult] = []
    failures: list[LlmauditError] = []
    for entry in found:
        report = partial(progress, file_name(entry.path)) if progress else None
        try:
            files.append(
                ingest_file(store, entry.path, setup, format_name=format_name, must_be_log=entry.named, progress=report)
            )
        except InputError as error:
            failures.append(error)
            files.append(FileResult(file_name(entry.path), None, skipped=f"not used: {error.slug}"))
    recognised = [file for file in files if file.format is not None]
    if not recognised and not failures:
        raise InputError(
            f"no log was found in {printable(', '.join(paths))} ({len(found)} files looked at)",
            next_step="See `llmaudit formats` for what can be read.",
            slug="no-logs",
        )
    sums = {name: sum(getattr(file, name) for file in recognised) for name in Totals.__struct_fields__}
    return IngestResult(files, Totals(**sums), failures)
