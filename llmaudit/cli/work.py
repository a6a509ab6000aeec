"""Steps that several commands share: open the database, read files into it, load the catalog."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from llmaudit.cli.options import message
from llmaudit.cli.output import notice
from llmaudit.errors import LlmauditError, NotEnoughError, UsageError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.catalog import Catalog
    from llmaudit.deployments import Deployment
    from llmaudit.facts import Facts
    from llmaudit.ingest import IngestResult
    from llmaudit.ingest.ledger import FileRead
    from llmaudit.store import Store


MAX_NAMES = 10
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


_HELD = """
    SELECT count(*), count(*) FILTER (
        WHERE ($since IS NULL OR moment >= $since) AND ($until IS NULL OR moment < $until)
    ), min(moment), max(moment)
    FROM (SELECT started_at AS moment FROM requests UNION ALL SELECT period_start FROM bill_lines)
"""


def emptiness(settings: Settings, store: Store) -> NotEnoughError | None:
    """Return why there is nothing to report on, where neither a request nor a bill line lies in the period asked for.

    People get it instead of a page of zeros, which would read as a month that cost nothing; with --json the document
    is printed all the same, and then the program ends with this error.
    """
    asked = settings.period
    whole, within, first, last = store.one(_HELD, {"since": asked.since, "until": asked.until})
    if within or (whole and not asked.is_bounded):
        return None
    if not whole:
        return NotEnoughError(
            f"the database {settings.db} holds no request and no bill",
            next_step="Run `llmaudit ingest PATH…` first, or name another with --db.",
            slug="nothing-ingested",
        )
    held = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}" if first else "no known time"
    return NotEnoughError(
        f"no request and no bill lies from {_bound(asked.since)} to {_bound(asked.until)}; the database holds {held}",
        next_step="Check --month, --since and --until (UTC unless --timezone says otherwise).",
        slug="empty-period-of-data",
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
) -> IngestResult:
    """Take files into the database and tag them; files that cannot be used are named on stderr."""
    from llmaudit.formats.mapped import load_map
    from llmaudit.ingest import Setup, ingest
    from llmaudit.tiers.tag import tag

    if column_map is not None and format_name is not None:
        raise UsageError(
            "--map and --format were both given; a file is read in one way",
            next_step="Leave one of them out.",
            slug="map-and-format",
        )
    setup = Setup(
        store.hash_key,
        settings.catalogs,
        settings.period,
        keep_users=keep_users,
        keep_text=keep_text,
        column_map=None if column_map is None else load_map(column_map),
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
    for failure in result.failures:
        sys.stderr.write(f"llmaudit: {message(failure)}\n")
    skipped = [file.path for file in result.files if file.skipped == "unknown format"]
    if skipped:
        names = ", ".join(printable(Path(path).name) for path in skipped[:5])
        notice(settings, f"{len(skipped)} file(s) in no known format were passed over: {names}")
    tag(store)
    _warn(settings, store, result)
    return result


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
            f"{line_for(printable(name, 200))}    # {count:,} request{'' if count == 1 else 's'}"
            for name, count in found[:MAX_NAMES]
        ]
        more = [f"  and {len(found) - MAX_NAMES} more"] if len(found) > MAX_NAMES else []
        said = f"{len(found)} name(s) hide a model; say in a --deployments file what they are:"
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
