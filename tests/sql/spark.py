"""The portable SQL files on Spark SQL (Sail, without Java): transpiled, over Parquet of the same tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot

from llmaudit.sql import read_sql

VIEWS = ("resolved.sql", "attempts.sql", "keyed.sql")
"""In the order in which each reads what those before it made."""


def transpiled(name: str, dialect: str = "spark") -> list[str]:
    """Return the statements of a SQL file in another dialect."""
    return sqlglot.transpile(read_sql(name), read="duckdb", write=dialect, comments=False)


@contextmanager
def session(tables: Mapping[str, pa.Table], folder: Path) -> Iterator[Any]:
    """Yield a Spark session that sees the tables, and the views that the portable files make of them."""
    from pysail.spark import SparkConnectServer  # noqa: PLC0415 -- installed where this is tested only
    from pyspark.sql import SparkSession  # noqa: PLC0415

    server = SparkConnectServer()
    server.start(background=True)
    spark = SparkSession.builder.remote(f"sc://localhost:{server.listening_address[1]}").getOrCreate()
    try:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        for name, table in tables.items():
            pq.write_table(table, folder / f"{name}.parquet")
            spark.read.parquet(str(folder / f"{name}.parquet")).createOrReplaceTempView(name)
        for file in VIEWS:
            for statement in transpiled(file):
                spark.sql(statement).collect()
        yield spark
    finally:
        spark.stop()
        server.stop()


def rows(spark: Any, name: str) -> list[dict[str, Any]]:
    """Run one of the portable queries."""
    (statement,) = transpiled(name)
    found: list[dict[str, Any]] = spark.sql(statement).toArrow().to_pylist()
    return found
