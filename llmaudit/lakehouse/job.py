"""A rollup's folder: what was asked for, and the SQL that an engine runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from llmaudit.edges import Edges
from llmaudit.errors import InputError, StorageFailedError, UsageError, printable
from llmaudit.lakehouse.words import ENGINES, Words
from llmaudit.parquetfile import whole
from llmaudit.period import Period
from llmaudit.request import COLUMNS, GATEWAY_CACHE, OTHER
from llmaudit.resolve import NAME, USED
from llmaudit.sql import read_sql

SCHEMA = "llmaudit/lakehouse-job/1"
ASKED, PLANNED, NAMES_SQL, ROLLUP_SQL = "job.json", "rollup.json", "names.sql", "rollup.sql"
NAMES, CELLS, LATENCY = "names", "cells", "latency"
"""What the engine writes into the job's folder, each into a folder of its own (`stamped`)."""

_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_UNSAFE = re.compile(r"['\"`\\\x00-\x1f{}]")
_DATED = "COALESCE(started_at, dated_at)"
_CROWDED = {"feature": ["feature"], "team": ["team"], "model": ["model_raw", "model_requested", "model_served"]}
"""Keys with the columns in which crowded values are merged."""

_OWN = ("line", "gateway", *(name for names in _CROWDED.values() for name in names), *USED)
"""Columns that do not go into `period_requests` as they lie in the table."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for.

    Attributes:
        schema: Its name and major version.
        engine: A name of `ENGINES`.
        table: The table of requests, or the path of its Parquet files, as the engine knows it.
        at: The job's folder, as the engine knows it.
        since: Start of the period, inclusive (naive UTC); None is unbounded.
        until: Its end, exclusive.
        timezone: Zone of the days.
    """

    schema: str = SCHEMA
    engine: str
    table: str
    at: str
    since: datetime | None
    until: datetime | None
    timezone: str

    @property
    def words(self) -> Words:
        """The engine's words."""
        return ENGINES[self.engine]

    @property
    def period(self) -> Period:
        """The span of time."""
        return Period(self.since, self.until, self.timezone)

    @property
    def names_folder(self) -> str:
        """Where the engine writes the names."""
        return stamped(NAMES, self)


def stamped(name: str, told: msgspec.Struct) -> str:
    """Return the folder of what an engine makes by what it was told: what it made by anything else is in another."""
    return f"{name}-{sha256(msgspec.json.encode(told)).hexdigest()[:12]}"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine was told of the catalog.

    Attributes:
        asked: What was asked for.
        catalog_version: Content hash of the prices that decided it.
        edges: Where the cells divide.
        notes: What a reader must know, in sentences.
    """

    asked: Asked
    catalog_version: str
    edges: Edges
    notes: list[str]


def begin(folder: Path, engine: str, table: str, at: str | None, period: Period) -> Path:
    """Make a job's folder, with the query of what has to be known beforehand.

    Args:
        folder: The folder; made where it is not there.
        engine: A name of `ENGINES`.
        table: The table of exported requests, or the path of its Parquet files, as the engine knows it.
        at: The folder, as the engine knows it; by default its absolute path.
        period: The span of time, and the zone of its days.

    Returns:
        The SQL file to run.

    Raises:
        UsageError: A name cannot be said in SQL, or sqlglot is not installed.
        StorageFailedError: The folder cannot be made or written to.
    """
    asked = Asked(
        engine=engine,
        table=_safe("--table", table),
        at=_safe("--at", at or str(folder.absolute())),
        since=period.since,
        until=period.until,
        timezone=period.timezone,
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailedError(
            f"{printable(str(folder))} cannot be created: {error.strerror}",
            next_step="Name a folder.",
            slug="cannot-write",
        ) from None
    _write(folder / ASKED, msgspec.json.format(msgspec.json.encode(asked)).decode() + "\n")
    query = _translated(asked.words, "names.sql")[0]
    return write_script(
        folder / NAMES_SQL, [asked.words.setup, requests_view(asked), saved(asked, asked.names_folder, query)]
    )


def asked_of(folder: Path) -> Asked:
    """Return what was asked for in a job's folder.

    Raises:
        InputError: There is no job in it, or it is of another version.
    """
    try:
        asked = msgspec.json.decode((folder / ASKED).read_bytes(), type=Asked)
    except (OSError, msgspec.MsgspecError) as error:
        raise no_job(folder, str(error)) from None
    if asked.schema != SCHEMA or asked.engine not in ENGINES:
        raise no_job(folder, f"{asked.schema}, {asked.engine}")
    for flag, name in (("--table", asked.table), ("--at", asked.at), ("--timezone", asked.timezone)):
        _safe(flag, name)  # the folder came back from elsewhere
    return asked


def no_job(folder: Path, why: str) -> InputError:
    """Return the error for a folder that is not what it should be."""
    return InputError(
        f"{printable(str(folder))} holds no job of `llmaudit lakehouse`: {printable(why)}",
        next_step="Make one with `llmaudit lakehouse names`, and run its SQL.",
        slug="no-job",
    )


def requests_view(asked: Asked, folded: Iterable[str] = ()) -> str:
    """Return the statement that makes the view `period_requests` of an exported table.

    Args:
        asked: The job.
        folded: Keys of which some values are merged (`llmaudit.crowded`), in views `folded_<key>`.
    """
    words = asked.words
    table = asked.table if _TABLE.fullmatch(asked.table) else words.read.format(path=asked.table)
    bounds = [
        f"{_DATED} {sign} TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S.%f}'"
        for sign, moment in ((">=", asked.since), ("<", asked.until))
        if moment is not None
    ]
    where = f"\nWHERE {' AND '.join(bounds)}" if bounds else ""
    columns = ",\n    ".join([*_columns(set(folded)), *_columns_of_times(words, asked.timezone)])
    return f"CREATE OR REPLACE TEMPORARY VIEW period_requests AS\nSELECT\n    {columns}\nFROM {table}{where}"


def _columns(folded: set[str]) -> Iterator[str]:
    """Yield the columns that every engine says alike; a row is known by its file's content, over all databases."""
    yield "CONCAT(file_sha256, ':', LPAD(CAST(row_id AS VARCHAR(12)), 12, '0')) AS row_id"
    yield from (name for name in COLUMNS if name not in _OWN)
    yield "COALESCE(gateway, assumed_gateway) AS gateway"
    for key, names in _CROWDED.items():
        yield from (f"{_kept(key, name, folded)} AS {name}" for name in names)
    yield from (f"CASE WHEN usage_status = '{GATEWAY_CACHE}' THEN 0 ELSE {name} END AS {name}" for name in USED)
    yield from ("file", "file_sha256", "tier", "task", "signal")


def _columns_of_times(words: Words, timezone: str) -> Iterator[str]:
    """Yield the time that decides price and day, the local day, and milliseconds from the start."""
    yield f"{_DATED} AS dated_at"
    day = f"CAST({_DATED} AS DATE)" if timezone == "UTC" else words.local_day.format(moment=_DATED, zone=timezone)
    yield f"{day} AS day"
    start = words.micros.format(moment="started_at")
    for moment, name in (("ended_at", "latency_ms"), ("first_token_at", "ttft_ms")):
        yield f"CAST({words.micros.format(moment=moment)} - {start} AS DOUBLE) / 1000 AS {name}"


def _kept(key: str, column: str, folded: set[str]) -> str:
    """Return a column whose crowded values are merged."""
    if key not in folded:
        return column
    value = NAME if key == "model" else key
    return f"CASE WHEN {value} IN (SELECT name FROM folded_{key}) THEN '{OTHER}' ELSE {column} END"


def table_view(asked: Asked, name: str) -> str:
    """Return the statement that makes a view of a table in the job's folder."""
    source = asked.words.read.format(path=f"{asked.at}/{name}.parquet")
    return f"CREATE OR REPLACE TEMPORARY VIEW {name} AS\nSELECT * FROM {source}"


def saved(asked: Asked, name: str, query: str) -> str:
    """Return the statement that writes the rows of a query to a folder of the job."""
    return asked.words.write.format(path=f"{asked.at}/{name}", query=query)


def portable(words: Words) -> list[str]:
    """Return the statements that make `keyed_requests` of `period_requests` and the job's tables."""
    tiers = "CREATE OR REPLACE TEMPORARY VIEW tiers AS\nSELECT row_id, tier, task FROM period_requests"
    return [
        tiers,
        *(text for name in ("resolved.sql", "attempts.sql", "keyed.sql") for text in _translated(words, name)),
    ]


def query(words: Words, name: str) -> str:
    """Return one of the portable queries in an engine's dialect."""
    return _translated(words, name)[0]


def _translated(words: Words, name: str) -> list[str]:
    try:
        import sqlglot  # noqa: PLC0415 -- an extra: only those who have a lakehouse need it
    except ModuleNotFoundError:
        raise UsageError(
            "the SQL of a lakehouse is translated by sqlglot, which is not installed",
            next_step="Install it with `pip install 'llmaudit[lakehouse]'`.",
            slug="no-sqlglot",
        ) from None
    return sqlglot.transpile(read_sql(name), read="duckdb", write=words.dialect, comments=False, pretty=True)


def write_script(path: Path, statements: Iterable[str]) -> Path:
    """Write statements as a SQL file, whole or not at all."""
    _write(path, "".join(f"{statement};\n\n" for statement in statements))
    return path


def _write(path: Path, text: str) -> None:
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _safe(flag: str, name: str) -> str:
    """Return a name that can stand in a SQL text as it is."""
    if not name or _UNSAFE.search(name):
        raise UsageError(
            f"{flag} {printable(name)}: a name here has no quotes, backslashes, braces or control characters",
            next_step="Give a table such as lake.requests, or a path without them.",
            slug="unsafe-name",
        )
    return name.rstrip("/")
