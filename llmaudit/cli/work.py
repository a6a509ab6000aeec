"""Steps shared by several commands: open the database, read files into it, load the catalog."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit import __version__
from llmaudit.cli.options import Ended, message
from llmaudit.cli.output import notice
from llmaudit.errors import LlmauditError, NotEnoughError, UsageError, printable
from llmaudit.phrases import counted
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.deployments import Deployment
    from llmaudit.evidence import Evidence
    from llmaudit.facts import Facts
    from llmaudit.formats.mapped import ColumnMap
    from llmaudit.ingest import IngestResult
    from llmaudit.ingest.assumed import When
    from llmaudit.ingest.ledger import FileRead
    from llmaudit.period import Period
    from llmaudit.store import Store


MAX_NAMES = 10
TAGGED_BY = "tagged_by"
"""Under this name a database remembers which version of llmaudit tagged its requests."""

SECONDS_BETWEEN = 0.2
BAR = 24


def catalog(settings: Settings) -> Catalog:
    """Return the packaged catalog with the user's overlays."""
    from llmaudit.catalog import load_catalog

    found = load_catalog(settings.catalogs, known_at=settings.known_at)
    return found.knowing(deployments(settings)) if settings.deployments else found


def deployments(settings: Settings) -> Mapping[str, Deployment]:
    """Return what the user's file says is behind names that hide a model; empty where there is no file."""
    from llmaudit.deployments import read_deployments

    return read_deployments(settings.deployments) if settings.deployments else {}


def open_store(
    settings: Settings,
    *,
    temporary: bool = False,
    read_only: bool = False,
    existing: bool = False,
    lock_timeout: float = 0,
) -> Store:
    """Open the database that the settings name, or a temporary one."""
    from llmaudit.store import Store

    path = None if temporary else settings.db
    return Store(path, read_only=read_only, existing=existing, lock_timeout=lock_timeout)


@dataclass(frozen=True)
class Reading:
    """How the logs that a command names are to be read.

    Attributes:
        paths: The logs; without any the database is meant.
        form: Format of each of them; None detects it.
        column_map: The file of a column map, for what is in no known format.
        assume: The time of records without one, as `--assume-time` says it.
        gateway: The gateway of records that name none, as `--gateway` says it.
    """

    paths: list[str]
    form: str | None = None
    column_map: Path | None = None
    assume: str | None = None
    gateway: str | None = None

    def into(self, settings: Settings, store: Store) -> IngestResult:
        """Take the logs into a database and tag them; those that cannot be used are named on stderr."""
        return read_logs(
            settings,
            store,
            self.paths,
            self.form,
            column_map=self.column_map,
            assume=self.assume,
            gateway=self.gateway,
        )


@contextmanager
def logs_or_database(settings: Settings, reading: Reading) -> Iterator[Store]:
    """Give the database, or a temporary one with the logs that were named; a log that cannot be used ends the command.

    Raises:
        UsageError: It is said how logs are to be read, and none is named.
    """
    paths = reading.paths
    said = {"--log-format": reading.form, "--map": reading.column_map, "--assume-time": reading.assume}
    unused = [flag for flag, value in said.items() if value is not None]
    if unused and not paths:
        raise UsageError(
            f"{unused[0]} says how logs are read, and no log is named: the database is compared as it is",
            next_step=f"Name the logs, or give {unused[0].replace('log-', '')} to `llmaudit ingest`.",
            slug="no-log-named",
        )
    with open_store(settings, temporary=bool(paths), read_only=not paths) as store:
        if paths and (failure := first_failure(reading.into(settings, store))):
            raise Ended(failure.exit_code)
        yield store


def gathered(settings: Settings, prices: Catalog, plans: Sequence[str] = ()) -> Evidence:
    """Return what an analysis of the period is computed from.

    Raises:
        NotEnoughError: No request lies in the period.
    """
    from llmaudit.audit import gather

    with open_store(settings, read_only=True) as store:
        return with_requests(gather(store, prices, plans, settings.period))


def with_requests(evidence: Evidence) -> Evidence:
    """Return an evidence as it is: a table of nothing with code 0 would pass for a finding in a job that nobody reads.

    Raises:
        NotEnoughError: No request lies in the period.
    """
    if empty := nothing_in(evidence):
        raise empty
    return evidence


def nothing_in(evidence: Evidence, *, or_bills: bool = False) -> NotEnoughError | None:
    """Return the error that a command ends with where nothing lies in the period, else None.

    Args:
        evidence: What an analysis is computed from.
        or_bills: Whether it says something of bills or shadow tests alone.
    """
    if evidence.cells or (or_bills and (evidence.bills or evidence.shadow)):
        return None
    return nothing_lies_in(evidence.period, or_bills=or_bills)


def nothing_lies_in(period: Period, *, or_bills: bool = False) -> NotEnoughError:
    """Return the error of a period in which nothing lies; see `nothing_in`."""
    since, until = (moment and _bound(moment) for moment in (period.since, period.until))
    span = f" from {since} to {until}" if since and until else f" since {since}" if since else f" before {until}"
    return NotEnoughError(
        f"there is no request{' and no bill' * or_bills}{span * period.is_bounded}: nothing can be analysed",
        next_step="Check --since, --until and --month, or ingest a log; `llmaudit status` says what is there.",
        slug="nothing-in-period",
    )


def parted(paths: list[str]) -> tuple[list[Path], list[str]]:
    """Return which paths are cells files, and the others."""
    from llmaudit.cellsfile import is_cells

    cells = [path for path in paths if is_cells(Path(path))]
    return [Path(path) for path in cells], [path for path in paths if path not in cells]


def read_cells(settings: Settings, prices: Catalog, paths: list[Path]) -> list[Facts]:
    """Return the facts of cells files, priced by a catalog.

    Raises:
        UsageError: Another period or zone was asked for than the one they were rolled up for.
    """
    from llmaudit.cellsfile import load

    parts = [load(path, prices) for path in paths]
    zone_is_asked = settings.sources.get("timezone", "default") != "default"
    for path, part in zip(paths, parts, strict=True):
        asked, held = settings.period, part.period
        other_bounds = asked.is_bounded and (asked.since, asked.until) != (held.since, held.until)
        if other_bounds or (zone_is_asked and asked.timezone != held.timezone):
            span = f"{_bound(held.since)} to {_bound(held.until)}, days in {held.timezone}"
            raise UsageError(
                f"{printable(path.name)} was rolled up for {span}; cells cannot be divided again",
                next_step="Leave --since, --until, --month and --timezone out, or give them to `llmaudit rollup`.",
                slug="cells-of-another-period",
            )
    if len(parts) > 1:
        notice(settings, f"{len(parts)} cells files are added up; a request told by the logs of two counts twice")
    return parts


def _bound(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}" if moment else "the beginning or end of its logs"


def read_logs(
    settings: Settings,
    store: Store,
    paths: list[str],
    format_name: str | None = None,
    *,
    keep_text: bool = False,
    keep_users: bool = False,
    column_map: Path | None = None,
    assume: str | None = None,
    gateway: str | None = None,
) -> IngestResult:
    """Take files into the database and tag them; files that cannot be used are named on stderr."""
    from llmaudit.ingest import Setup, ingest

    if column_map is not None and format_name is not None:
        raise UsageError(
            "--map and --format were both given; a file is read in one way",
            next_step="Leave one of them out.",
            slug="map-and-format",
        )
    when = None if assume is None else _assumed(settings, assume, paths)
    setup = Setup(
        store.hash_key,
        settings.catalogs,
        replace(settings.period, has_undated=when is not None),
        keep_users=keep_users,
        keep_text=keep_text,
        column_map=None if column_map is None else _column_map(column_map),
    )
    shown = ProgressLine() if sys.stderr.isatty() and not settings.quiet else None
    try:
        result = ingest(store, paths, setup, format_name=format_name, progress=shown.report if shown else None)
    except KeyboardInterrupt:
        done = store.one("SELECT count(*) FROM sources")[0]
        notice(settings, f"interrupted; {done:,} files are in the database. Run the same command again to go on.")
        raise
    finally:
        if shown:
            shown.clear()
    if when is not None:
        _assume(settings, store, result, when)
    if gateway is not None:
        _assume_gateway(settings, store, result, gateway)
    for failure in result.failures:
        sys.stderr.write(f"llmaudit: {message(failure)}\n")
    _name_unread(settings, result)
    if any(file.skipped is None for file in result.files) or not _is_tagged(store):
        from llmaudit.tiers.tag import tag  # slow to import, and often nothing is new

        tag(store)
        store.remember(TAGGED_BY, __version__)
    _warn(settings, store, result)
    return result


def _assumed(settings: Settings, text: str, paths: list[str]) -> When:
    """Return which time is to be assumed for records without one."""
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


def _assume(settings: Settings, store: Store, result: IngestResult, when: When) -> None:
    from llmaudit.ingest.assumed import assume_time

    count = assume_time(store, result.read, when)
    if not count:
        notice(settings, "--assume-time changes nothing: every request of these files has a time")
    elif when == "none":
        notice(settings, f"{counted(count, 'request')} without a time: no price again")
    else:
        at = "the date of their file" if when == "file" else f"{when:%Y-%m-%d %H:%M:%S} UTC"
        notice(settings, f"{counted(count, 'request')} without a time: priced as of {at}, an assumption, shown as one")


def _assume_gateway(settings: Settings, store: Store, result: IngestResult, name: str) -> None:
    from llmaudit.ingest.assumed import assume_gateway

    if not name.strip():
        raise UsageError("--gateway is empty", next_step="Name the gateway, or `none`.", slug="no-gateway-named")
    count = assume_gateway(store, result.read, None if name == "none" else name.strip())
    if not count:
        notice(settings, "--gateway changes nothing: every request of these files names its gateway")
    elif name == "none":
        notice(settings, f"{counted(count, 'request')} whose log names no gateway: through none")
    else:
        said = f"{counted(count, 'request')} whose log names no gateway: taken to have gone through {printable(name)}"
        notice(settings, f"{said}: an assumption, shown as one")


def _name_unread(settings: Settings, result: IngestResult) -> None:
    """Name the files that were passed over, the first few of each kind."""
    from llmaudit.ingest.known import UNKNOWN

    left = [file for file in result.files if file.was_left]
    own = [file.path for file in left if (file.skipped or "").endswith(("duckdb-database", ".duckdb"))]
    for said, paths in (
        ("in no known format", [file.path for file in result.files if file.skipped == UNKNOWN]),
        ("that are databases (--db names one)", own),
        ("whose name, kind or ending is no log's", [file.path for file in left if file.path not in own]),
    ):
        if paths:
            names = ", ".join(printable(Path(path).name) for path in paths[:MAX_NAMES])
            names += ", …" if len(paths) > MAX_NAMES else ""
            notice(settings, f"{counted(len(paths), 'file')} {said}, passed over: {names}")


def _is_tagged(store: Store) -> bool:
    """Say whether every request has its tier, from the rules of this version of llmaudit."""
    requests, tiers = store.one("SELECT (SELECT count(*) FROM requests), (SELECT count(*) FROM tiers)")
    return bool(requests == tiers and store.remembered(TAGGED_BY) == __version__)


def _column_map(path: Path) -> ColumnMap:
    from llmaudit.formats.mapped import load_map  # all formats come with it

    return load_map(path)


def _warn(settings: Settings, store: Store, result: IngestResult) -> None:
    """Say what contradicts the usual way of counting, and which names hide a model, with the line that would help."""
    from llmaudit.deployments import line_for, unresolved

    for file in result.files:
        for said in file.warnings:
            notice(settings, f"{printable(Path(file.path).name)}: {printable(said, 400)}")
    rows = store.rows("SELECT model_raw, count(*) FROM requests WHERE model_raw IS NOT NULL GROUP BY model_raw")
    found = unresolved(((str(name), int(count)) for name, count in rows), deployments(settings))
    if found:
        lines = [
            f"{line_for(printable(name, 200))}    # {counted(count, 'request')}" for name, count in found[:MAX_NAMES]
        ]
        more = [f"  and {len(found) - MAX_NAMES} more"] if len(found) > MAX_NAMES else []
        said = f"names that hide a model: {len(found)}; say in a --deployments file what they are:"
        notice(settings, "\n".join([said, "deployments:", *lines, *more]))


def first_failure(result: IngestResult) -> LlmauditError | None:
    """Return the error that decides the exit code, or None where every file could be used."""
    return result.failures[0] if result.failures else None


class ProgressLine:
    """One line on a terminal that is written over and over: the file, its records, their rate, and the time left."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._last = 0.0
        self._records: dict[int, int] = {}
        self._bytes: dict[int, int] = {}

    def report(self, file: FileRead, position: int, whole: int) -> None:
        """Show how far reading has come.

        Args:
            file: The file that is being read.
            position: Bytes of it that have been read, as it lies on disk.
            whole: Bytes of all files together.
        """
        self._records[file.slot], self._bytes[file.slot] = file.records, position
        now = time.monotonic()
        if now - self._last < SECONDS_BETWEEN:
            return
        self._last = now
        seconds = max(now - self._began, 1e-6)
        records, read = sum(self._records.values()), sum(self._bytes.values())
        share = min(read / whole, 1.0) if whole else 1.0
        left = seconds / share * (1 - share) if share else 0.0
        bar = "#" * int(share * BAR) + "." * (BAR - int(share * BAR))
        sys.stderr.write(
            f"\r\x1b[K[{bar}] {share:4.0%}  {records:,} records, {records / seconds:,.0f}/s,"
            f" {_clock(left)} left  {printable(file.path.name, 40)}"
        )
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        sys.stderr.write("\r\x1b[K")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
