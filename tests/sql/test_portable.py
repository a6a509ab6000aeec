"""The portable SQL files: in the subset, understood by other dialects, with equal results on a second engine."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import spark as second
import sqlglot
from sqlglot import exp

from llmaudit.catalog import Catalog
from llmaudit.rollup import keyed_requests
from llmaudit.sql import read_sql
from llmaudit.store import Store

FILES = ("names.sql", "resolved.sql", "attempts.sql", "keyed.sql", "rollup.sql", "latency.sql", "shadow.sql")
LEVERS = ("repeats.sql", "prefixes.sql", "unread.sql", "waiting.sql", "rhythm.sql", "logged.sql", "steps.sql")
LEVERS += ("cutoff.sql", "reserved.sql", "oversize.sql", "twice.sql", "gateways.sql")
"""Summaries of levers, and cells of gateways alone: in the subset, and not run on the second engine."""

QUERIES = ("rollup.sql", "latency.sql", "shadow.sql")
DIALECTS = ("spark", "databricks", "clickhouse", "bigquery", "snowflake", "trino")
AGGREGATES = (exp.Count, exp.Sum, exp.Min, exp.Max)
FUNCTIONS = (*AGGREGATES, exp.Coalesce, exp.Concat, exp.Case, exp.If, exp.Cast, exp.Floor, exp.Ln)
FUNCTIONS += (exp.RowNumber, exp.Lag, exp.And, exp.Or, exp.Least, exp.Greatest, exp.Extract)
FOREIGN = (exp.JSONExtract, exp.JSONExtractScalar, exp.JSONBExtract, exp.Distinct, exp.Qualify, exp.Lateral, exp.Unnest)


def statements(name: str) -> list[exp.Expression]:
    return [one for one in sqlglot.parse(read_sql(name), read="duckdb") if one is not None]


@pytest.mark.parametrize("name", FILES + LEVERS)
def test_stays_in_the_subset(name: str) -> None:
    for statement in statements(name):
        assert not list(statement.find_all(*FOREIGN))
        for function in statement.find_all(exp.Func):
            assert isinstance(function, FUNCTIONS), f"{function.sql()}: not in every engine, or not the same in each"
        for aggregate in statement.find_all(exp.AggFunc):
            assert isinstance(aggregate, (*AGGREGATES, exp.RowNumber, exp.Lag)), f"{aggregate.sql()} cannot be merged"
        for join in statement.find_all(exp.Join):
            assert join.args.get("method") is None, f"{join.sql()}: as-of and positional joins are one engine's own"
        for group in statement.find_all(exp.Group):
            assert group.expressions, "GROUP BY ALL"
            assert not group.args.get("all")
        for select in statement.find_all(exp.Select):
            for column in select.expressions:
                assert isinstance(column, exp.Alias) or column.is_star, f"{column.sql()}: without an alias"


def test_the_check_can_fail() -> None:
    """What the subset forbids is seen by the walk above."""
    foreign = sqlglot.parse_one("SELECT epoch_ms(a) AS a, median(b) AS b FROM t GROUP BY ALL", read="duckdb")
    assert [one for one in foreign.find_all(exp.Func) if not isinstance(one, FUNCTIONS)]
    assert not foreign.find(exp.Group).expressions  # type: ignore[union-attr]
    joined = sqlglot.parse_one("SELECT a.x AS x FROM a ASOF JOIN b ON a.t >= b.t", read="duckdb")
    assert joined.find(exp.Join).args.get("method")  # type: ignore[union-attr]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", FILES + LEVERS)
def test_other_dialects_can_say_it(name: str, dialect: str) -> None:
    """Compiled, not run: what comes out is read again by the same dialect, with nothing it does not support."""
    if (name, dialect) == ("unread.sql", "bigquery"):
        pytest.skip("no windows over a range of time in BigQuery; the file says so")
    for text in second.transpiled(name, dialect):
        assert sqlglot.parse_one(text, read=dialect)
    sqlglot.transpile(read_sql(name), read="duckdb", write=dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)


MODELS = [
    ("openai", "gpt-5.6-sol"),
    ("anthropic", "claude-opus-4-6"),
    ("deepseek", "deepseek-v4-pro"),
    ("openrouter", "openai/gpt-5.6-sol"),
    (None, "gemini-2.5-flash"),
    ("nobody", "nothing"),
    (None, None),
]


def request(number: int, rng: random.Random) -> dict[str, Any]:
    """Return a random request: missing times and counts, retries, fallbacks, prompts of every band, long tails."""
    seller, model = rng.choice(MODELS)
    start = datetime(2026, 10, 30) + timedelta(microseconds=rng.randrange(4 * 86_400_000_000))  # noqa: DTZ001 -- naive
    after = timedelta(microseconds=rng.randrange(20_000_000))
    failed = rng.random() < 0.2
    return {
        "row_id": number,
        "source_id": rng.choice([1, 2]),
        "id_space": "test",
        "line": number,
        "request_id": f"r-{number}",
        "call_id": rng.choice([None, f"c-{rng.randrange(300)}"]),
        "attempt": rng.choice([None, 0, 1, 2]),
        "trace_id": rng.choice([None, f"t-{rng.randrange(500)}"]),
        "started_at": rng.choice([start, start, start, None]),
        "ended_at": rng.choice([start + after, start + after, None]),
        "first_token_at": rng.choice([None, start + after / 3]),
        "gateway": rng.choice([None, "openrouter", "proxy.internal"]),
        "seller": seller,
        "model_raw": model,
        "model_served": rng.choice([None, None, model]),
        "service_tier": rng.choice([None, "flex", "priority"]),
        "is_batch": rng.choice([None, False, True]),
        "region_class": rng.choice([None, "us", "eu"]),
        "status": "error" if failed else "ok",
        "error_class": "timeout" if failed else None,
        "billed_amount": rng.choice([None, Decimal(rng.randrange(10**13)).scaleb(-12)]),
        "billed_currency": rng.choice(["USD", "USD", "EUR"]),
        "billed_kind": rng.choice([None, "seller_reported"]),
        "feature": rng.choice([None, "sql-agent", "Größe", "a b"]),
        "team": rng.choice([None, "a"]),
        "usage_status": rng.choice(["reported", "reported", "missing"]),
        "input_tokens": rng.choice([None, 0, rng.randrange(4_000), rng.randrange(3_000_000)]),
        "cache_read_tokens": rng.choice([None, rng.randrange(300_000)]),
        "cache_write_5m_tokens": rng.choice([None, 0, 77]),
        "output_tokens": rng.choice([None, rng.randrange(5_000)]),
        "reasoning_tokens": rng.choice([None, 0, 5]),
        "web_searches": rng.choice([None, 0, 2]),
        "needs_tools": rng.choice([None, True]),
        "has_pii": rng.choice([None, False, True]),
        "prompt_hash": rng.choice([None, f"p-{rng.randrange(200)}"]),
    }


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    rng = random.Random(11)  # noqa: S311 -- seeded on purpose
    made = pa.Table.from_pylist([request(number, rng) for number in range(3_000)])
    with Store(None) as store:
        with store.table("made", made):
            store.execute("INSERT INTO requests BY NAME SELECT * FROM made")
        store.execute(
            "INSERT INTO tiers BY NAME SELECT row_id, (row_id % 5)::INTEGER - 1 AS tier, 'chat' AS task, 'r' AS signal,"
            " 0.5 AS confidence, '' AS reason FROM requests WHERE row_id % 7 <> 0"
        )
        store.execute("UPDATE tiers SET tier = NULL WHERE tier < 0")
        yield store


JOIN_BY = ("id", "trace", "prompt")
INPUTS = ("period_requests", "price_slots", "sku_map", "prompt_bands", "tiers", "shadow_sources", "shadow_join")


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    """Return rows as sorted text: sets of rows are compared, with money as exact decimals and times as they are."""
    return sorted(repr([(name, plain(value)) for name, value in row.items()]) for row in rows)


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value != value.to_integral() else int(value)
    return value.isoformat() if isinstance(value, datetime | date) else value


@pytest.mark.skipif(find_spec("pysail") is None, reason="a second engine: pip install 'llmaudit[engines]'")
@pytest.mark.parametrize("join_by", JOIN_BY)
def test_a_second_engine_finds_the_same(store: Store, catalog: Catalog, tmp_path: Path, join_by: str) -> None:
    """Spark SQL over Parquet of the same tables: equal cells, histograms and shadow rows, to the last digit."""
    arms = pa.table({"source_id": pa.array([1, 2], pa.int32()), "arm": ["primary", "shadow"]})
    with (
        keyed_requests(store, catalog),
        store.table("shadow_sources", arms),
        store.table("shadow_join", pa.table({"join_by": [join_by]})),
    ):
        tables = {name: store.arrow(f"SELECT * FROM {name}") for name in INPUTS}
        here = {name: store.dicts(read_sql(name)) for name in QUERIES}
        attempts = store.dicts("SELECT * FROM attempts")
    with second.session(tables, tmp_path) as spark:
        for name in QUERIES:
            assert len(here[name]) > 100, name
            assert in_order(second.rows(spark, name)) == in_order(here[name]), name
        there = spark.sql("SELECT * FROM attempts").toArrow().to_pylist()
        assert in_order(there) == in_order(attempts)
        assert {row["attempt_kind"] for row in there} == {"first", "retry", "fallback"}
