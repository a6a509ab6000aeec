"""Reads the logs that a command names into its database, and says on stderr what a user must know of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit import __version__
from llmaudit.cli.inputs import deployments, open_store
from llmaudit.cli.options import Ended, message
from llmaudit.cli.output import notice
from llmaudit.cli.progress import ProgressLine
from llmaudit.errors import LlmauditError, UsageError, printable
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.ingest import IngestResult, Setup
    from llmaudit.ingest.assumed import When
    from llmaudit.store import Store

MAX_NAMES = 10
TAGGED_BY = "tagged_by"
"""Under this name a database remembers which version of llmaudit tagged its requests."""


@dataclass(frozen=True)
class Reading:
    """Logs, and how a command reads them.

    Attributes:
        paths: Files and folders; if there are none, the command uses the database as it is.
        form: Format of every file; None detects it.
        column_map: The file of a column map, for logs in no known format.
        assume: `--assume-time`: the time of records that have none.
        gateway: `--gateway`: the gateway of records that name none.
        keep_text: Whether to keep prompts and answers.
        keep_users: Whether to store e-mail addresses, phone numbers and IPs as they are.
    """

    paths: list[str]
    form: str | None = None
    column_map: Path | None = None
    assume: str | None = None
    gateway: str | None = None
    keep_text: bool = False
    keep_users: bool = False


@contextmanager
def logs_or_database(settings: Settings, reading: Reading) -> Iterator[Store]:
    """Yield the database, or a temporary one with the logs; a log that cannot be used ends the command.

    Raises:
        UsageError: A flag says how logs are read, and no log is named.
    """
    flags = {"--log-format": reading.form, "--map": reading.column_map, "--assume-time": reading.assume}
    unused = [flag for flag, value in flags.items() if value is not None]
    if unused and not reading.paths:
        raise UsageError(
            f"{unused[0]} says how to read logs, but no logs were given: the database is compared as it is",
            next_step=f"Name the logs, or give {unused[0].replace('log-', '')} to `llmaudit ingest`.",
            slug="no-log-named",
        )
    has_logs = bool(reading.paths)
    with open_store(settings, temporary=has_logs, read_only=not has_logs) as store:
        if has_logs and (failure := first_failure(read_logs(settings, store, reading))):
            raise Ended(failure.exit_code)
        yield store


def read_logs(settings: Settings, store: Store, reading: Reading) -> IngestResult:
    """Read logs into the database and tag them; files that cannot be used are named on stderr.

    Raises:
        UsageError: `--map` beside `--format`, or a time or gateway that says nothing.
        InputError: The column map cannot be used.
    """
    if reading.column_map is not None and reading.form is not None:
        raise UsageError(
            "--map and --format cannot be used together",
            next_step="Leave one of them out.",
            slug="map-and-format",
        )
    when = None if reading.assume is None else _assumed(settings, reading.assume, reading.paths)
    result = _ingested(settings, store, reading, _setup(settings, store, reading, has_undated=when is not None))
    if when is not None:
        _assume_time(settings, store, result, when)
    if reading.gateway is not None:
        _assume_gateway(settings, store, result, reading.gateway)
    for failure in result.failures:
        sys.stderr.write(f"llmaudit: {message(failure)}\n")
    _name_unread(settings, result)
    if any(file.skipped is None for file in result.files) or not _is_tagged(store):
        from llmaudit.tiers.tag import tag  # slow to import, and often nothing is new

        tag(store)
        store.remember(TAGGED_BY, __version__)
    _warn_of_files(settings, result)
    _warn_of_names(settings, store)
    return result


def _setup(settings: Settings, store: Store, reading: Reading, *, has_undated: bool) -> Setup:
    from llmaudit.ingest import Setup

    column_map = None
    if reading.column_map is not None:
        from llmaudit.formats.mapped import load_map  # all formats come with it

        column_map = load_map(reading.column_map)
    return Setup(
        store.hash_key,
        settings.catalogs,
        replace(settings.period, has_undated=has_undated),
        keep_users=reading.keep_users,
        keep_text=reading.keep_text,
        column_map=column_map,
    )


def _ingested(settings: Settings, store: Store, reading: Reading, setup: Setup) -> IngestResult:
    from llmaudit.ingest import ingest

    progress = ProgressLine() if sys.stderr.isatty() and not settings.quiet else None
    try:
        return ingest(
            store, reading.paths, setup, format_name=reading.form, progress=progress.report if progress else None
        )
    except KeyboardInterrupt:
        done = store.one("SELECT count(*) FROM sources")[0]
        notice(settings, f"interrupted; {done:,} files are in the database. Run the same command again to go on.")
        raise
    finally:
        if progress:
            progress.clear()


def _assumed(settings: Settings, text: str, paths: list[str]) -> When:
    """Return the time that `--assume-time` gives to records without one."""
    if text == "none":
        return "none"
    if text != "file":
        return settings.assumed_time(text)
    if "-" in paths:
        raise UsageError(
            "--assume-time file: standard input has no date of its own",
            next_step="Name a time, such as --assume-time 2026-10-01.",
            slug="no-file-date",
        )
    return "file"


def _assume_time(settings: Settings, store: Store, result: IngestResult, when: When) -> None:
    from llmaudit.ingest.assumed import assume_time

    count = assume_time(store, result.read, when)
    if not count:
        notice(settings, "--assume-time has no effect: every request in these files has a time")
    elif when == "none":
        notice(settings, f"{counted(count, 'request')} without a time: unpriced again")
    else:
        at = "the date of their file" if when == "file" else f"{when:%Y-%m-%d %H:%M:%S} UTC"
        notice(settings, f"{counted(count, 'request')} without a time: priced as of {at}, an assumption, shown as one")


def _assume_gateway(settings: Settings, store: Store, result: IngestResult, name: str) -> None:
    from llmaudit.ingest.assumed import assume_gateway

    if not name.strip():
        raise UsageError("--gateway is empty", next_step="Name the gateway, or `none`.", slug="no-gateway-named")
    count = assume_gateway(store, result.read, None if name == "none" else name.strip())
    if not count:
        notice(settings, "--gateway has no effect: every request in these files names its gateway")
    elif name == "none":
        notice(settings, f"{counted(count, 'request')} whose log names no gateway: none was used")
    else:
        said = f"{counted(count, 'request')} whose log names no gateway: assumed to have gone through {printable(name)}"
        notice(settings, f"{said}: an assumption, shown as one")


def _name_unread(settings: Settings, result: IngestResult) -> None:
    """Name the files that were not read, the first few of each kind."""
    from llmaudit.ingest.known import NO_REQUEST, UNKNOWN

    left = [file for file in result.files if file.was_left]
    own = [file.path for file in left if (file.skipped or "").endswith(("duckdb-database", ".duckdb"))]
    for said, paths in (
        ("in no known format", [file.path for file in result.files if file.skipped == UNKNOWN]),
        ("without a request", [file.path for file in result.files if file.skipped == NO_REQUEST]),
        ("that are databases (--db names one)", own),
        ("whose name, kind or ending is not that of a log", [file.path for file in left if file.path not in own]),
    ):
        if paths:
            names = ", ".join(printable(Path(path).name) for path in paths[:MAX_NAMES])
            names += ", …" if len(paths) > MAX_NAMES else ""
            notice(settings, f"{counted(len(paths), 'file')} {said}, passed over: {names}")


def _is_tagged(store: Store) -> bool:
    """Say whether every request has its tier, from the rules of this version of llmaudit."""
    requests, tiers = store.one("SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM tiers)")
    return bool(requests == tiers and store.remembered(TAGGED_BY) == __version__)


def _warn_of_files(settings: Settings, result: IngestResult) -> None:
    """Show the warnings of each file, such as counts that contradict the usual way of counting."""
    for file in result.files:
        for warning in file.warnings:
            notice(settings, f"{printable(Path(file.path).name)}: {printable(warning, 400)}")


def _warn_of_names(settings: Settings, store: Store) -> None:
    """Name the models that are hidden behind a deployment, with the lines of a file that would resolve them."""
    from llmaudit.deployments import line_for, unresolved

    rows = store.rows("SELECT model_raw, count(*) FROM requests WHERE model_raw IS NOT NULL GROUP BY model_raw")
    found = unresolved(((str(name), int(count)) for name, count in rows), deployments(settings))
    if not found:
        return
    lines = [f"{line_for(printable(name, 200))}    # {counted(count, 'request')}" for name, count in found[:MAX_NAMES]]
    more = [f"  and {len(found) - MAX_NAMES} more"] if len(found) > MAX_NAMES else []
    heading = f"{len(found)} names hide the model behind them; name it in a --deployments file:"
    notice(settings, "\n".join([heading, "deployments:", *lines, *more]))


def first_failure(result: IngestResult) -> LlmauditError | None:
    """Return the error that decides the exit code, or None if every file could be used."""
    return result.failures[0] if result.failures else None
