"""Reads logs into the database: finds the files, detects their format, and accounts for every record."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from llmaudit.errors import InputError, LlmauditError, printable
from llmaudit.ingest.known import NO_REQUEST, FileResult
from llmaudit.ingest.load import Loader
from llmaudit.ingest.read import INPUT_FOLDER
from llmaudit.ingest.run import Progress, Run
from llmaudit.ingest.setup import Setup
from llmaudit.ingest.walk import Found, walk
from llmaudit.period import Period
from llmaudit.store import Store

__all__ = ["FileResult", "IngestResult", "Period", "Setup", "ingest", "inputs", "standard_input"]


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
        read: By the id of its row in the ledger, the path of each file that is in the database now.
    """

    files: list[FileResult]
    totals: Totals
    failures: list[LlmauditError]
    read: dict[int, str] = {}


def ingest(
    store: Store,
    paths: Sequence[str],
    setup: Setup,
    *,
    format_name: str | None = None,
    progress: Progress | None = None,
) -> IngestResult:
    """Read files and folders into the database, each file whole or not at all.

    A file that cannot be used does not stop the others; it is reported in `failures`.

    Args:
        store: The database.
        paths: Files and folders; folders are walked in name order.
        setup: What decoding needs besides the files.
        format_name: The format of every file, where the user says so.
        progress: Called now and then with the file that is being read and the bytes read of it.

    Raises:
        InputError: A path does not exist or is an address (before anything is read); or no file was a log.
    """
    with ExitStack() as stack:
        found = inputs(paths, stack)
        stack.enter_context(store.little_memory())
        whole = sum(_size(entry.path) for entry in found if entry.left is None)
        run = Run(store, setup, progress, format_name, whole)
        loader = stack.enter_context(closing(Loader(run)))
        for entry in found:
            if entry.left is not None:
                loader.leave(entry.path, entry.left)
                continue
            label = "-" if entry.is_input else None
            loader.add(entry.path, label=label, must_be_log=entry.named)
        loader.flush()
    files = loader.results
    failures: list[LlmauditError] = [*loader.failures]
    recognised = [file for file in files if file.format is not None]
    if not recognised and not failures:
        if empty := [file for file in files if file.skipped == NO_REQUEST]:
            raise InputError(
                f"no request was found in {printable(', '.join(paths))}: {len(empty)} files of known formats have none",
                next_step="Check that they cover the period asked for.",
                slug="nothing-accepted",
            )
        raise InputError(
            f"no log was found in {printable(', '.join(paths))} ({_looked_at(found)})",
            next_step="See `llmaudit formats` for what can be read.",
            slug="no-logs",
        )
    sums = {name: sum(getattr(file, name) for file in recognised) for name in Totals.__struct_fields__}
    return IngestResult(files, Totals(**sums), failures, run.known.read)


def inputs(paths: Sequence[str], stack: ExitStack) -> list[Found]:
    """Return the files that paths mean, standard input for `-` among them.

    Args:
        paths: Files, folders and `-`.
        stack: Where a copy of standard input is removed again.

    Raises:
        InputError: A path does not exist or is an address.
    """
    return [
        entry
        for path in paths
        for entry in ([Found(standard_input(stack), named=True, is_input=True)] if path == "-" else walk([path]))
    ]


def standard_input(stack: ExitStack) -> Path:
    """Return standard input as a file, for what is read twice: first for its format.

    Args:
        stack: Where the copy is removed again.
    """
    folder = Path(stack.enter_context(TemporaryDirectory(prefix=INPUT_FOLDER)))
    with (folder / "-").open("wb") as sink:
        shutil.copyfileobj(sys.stdin.buffer, sink)
    return folder / "-"


def _looked_at(found: Sequence[Found]) -> str:
    left = sum(entry.left is not None for entry in found)
    return f"{len(found) - left} files looked at" + (f", {left} skipped for their ending or kind" if left else "")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # said again, by its own name, when it is opened
        return 0
