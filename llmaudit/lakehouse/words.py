"""What engines have no common word for: reading and writing Parquet, the day in a time zone, microseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """One engine's words, each with places for what is named in braces.

    Attributes:
        dialect: Its name to sqlglot.
        setup: What is said first.
        read: A Parquet file or folder as a table: `{path}`.
        write: A query's rows as a folder of Parquet: `{path}`, `{query}`.
        local_day: The day of a time (naive UTC) in a zone: `{moment}`, `{zone}`.
        micros: A time as microseconds: `{moment}`.
    """

    dialect: str
    setup: str
    read: str
    write: str
    local_day: str
    micros: str


SPARK = Words(
    dialect="spark",
    setup="SET spark.sql.session.timeZone = UTC",
    read="parquet.`{path}`",
    write="INSERT OVERWRITE DIRECTORY '{path}' USING parquet {query}",
    local_day="CAST(FROM_UTC_TIMESTAMP({moment}, '{zone}') AS DATE)",
    micros="UNIX_MICROS(CAST({moment} AS TIMESTAMP))",
)
DUCKDB = Words(
    dialect="duckdb",
    setup="SET TimeZone = 'UTC'",
    read="read_parquet('{path}')",
    write="COPY ({query}) TO '{path}' (FORMAT parquet, PER_THREAD_OUTPUT, OVERWRITE)",
    local_day="CAST(timezone('{zone}', timezone('UTC', {moment})) AS DATE)",
    micros="epoch_us({moment})",
)
ENGINES = {"spark": SPARK, "databricks": SPARK, "duckdb": DUCKDB}
"""By the name that a user gives."""
