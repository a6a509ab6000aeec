"""How long the verdict on gateways takes on ten million requests, beside a bare `GROUP BY` of the same table.

The requests are made by SQL straight into a database file: thirty days, two gateways, ten models, retries, cache
reads, features and teams, amounts rounded to eight decimals; one gateway bills list, the other list times 1.055. Fresh
processes then do, in turn, `llmaudit markup --json` as a user runs it, and the `GROUP BY` of gateway, model and day
with the sums of tokens and amounts: the least that any such analysis has to read.

See README.md for what the numbers mean and what they do not.

    python benchmarks/markup_speed.py [--rows N] [--repeats N]
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from common import add_source, keep

from llmaudit.catalog import Conditions, NoRates, load_catalog, rates_for
from llmaudit.catalog.units import PRICED
from llmaudit.store import Store

ROWS = 10_000_000
ADDED = {"litellm": Decimal(1), "openrouter": Decimal("1.055")}
AT = datetime(2026, 10, 15, 12)  # noqa: DTZ001 -- naive UTC, as in the database
MODELS = (
    ("openai", "gpt-4.1"),
    ("openai", "gpt-4.1-mini"),
    ("openai", "gpt-5.6-sol"),
    ("openai", "gpt-5.6-luna"),
    ("anthropic", "claude-sonnet-4-6"),
    ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-opus-4-6"),
    ("google", "gemini-3.5-flash"),
    ("google", "gemini-2.5-flash"),
    ("google", "gemini-2.5-pro"),
)

MADE = """
    INSERT INTO requests BY NAME
    SELECT
        i AS row_id, 1 AS source_id, 'bench' AS id_space, i AS line, 'r-' || i AS request_id,
        'c-' || CASE WHEN hash(i // 2, 12) % 20 = 0 THEN i // 2 ELSE $rows + i END AS call_id,
        TIMESTAMP '2026-10-01' + to_milliseconds(i * 30 * 86400000 // $rows) AS started_at,
        started_at + to_milliseconds((hash(i, 1) % 30000)::BIGINT) AS ended_at,
        ['litellm', 'openrouter'][1 + (hash(i, 10) % 2)::INT] AS gateway,
        p.seller AS seller, p.model AS model_raw,
        CASE WHEN hash(i, 9) % 100 = 0 THEN 'error' ELSE 'ok' END AS status,
        CASE WHEN status = 'error' THEN 'rate_limited' END AS error_class,
        CASE WHEN status = 'error' THEN 'missing' ELSE 'reported' END AS usage_status,
        CASE WHEN status = 'ok' THEN (20 + hash(i, 4) % 8000)::BIGINT END AS input_tokens,
        CASE WHEN hash(i, 6) % 3 = 0 AND status = 'ok' THEN (hash(i, 7) % 6000)::BIGINT END AS cache_read_tokens,
        CASE WHEN status = 'ok' THEN (1 + hash(i, 8) % 900)::BIGINT END AS output_tokens,
        'feature-' || (hash(i, 14) % 8) AS feature, 'team-' || (hash(i, 14) % 4) AS team,
        CASE WHEN status = 'ok' THEN round((input_tokens * p.input + coalesce(cache_read_tokens, 0) * p.read
            + output_tokens * p.output) * CASE gateway WHEN 'openrouter' THEN $added ELSE 1 END, 8) END::DECIMAL(18, 12)
            AS billed_amount,
        CASE WHEN status = 'ok' THEN 'USD' END AS billed_currency,
        CASE WHEN status = 'ok' THEN 'seller_reported' END AS billed_kind
    FROM range($rows) t(i) JOIN bench_prices p ON p.number = hash(i, 2) % $models
"""
BARE = """
    SELECT gateway, seller, model_raw, CAST(started_at AS DATE) AS day, status, COUNT(*) AS requests,
        SUM(input_tokens) AS a, SUM(cache_read_tokens) AS b, SUM(output_tokens) AS c, SUM(billed_amount) AS d
    FROM requests GROUP BY ALL
"""


def prices() -> list[tuple[int, str, str, Decimal, Decimal, Decimal]]:
    """Return the list rates of the models: number, seller, sku, US dollars of a token of input, cache read, output."""
    catalog = load_catalog()
    rows = []
    for number, (seller, sku) in enumerate(MODELS):
        offer = catalog.offer(seller, sku)
        rates = NoRates("no such offer") if offer is None else rates_for(catalog, offer, Conditions(AT, 0))
        if isinstance(rates, NoRates):
            raise SystemExit(f"{sku}: {rates.reason}")
        of = dict(zip(PRICED, rates.expected, strict=True))
        rows.append((number, seller, sku, of["input_tokens"], of["cache_read_tokens"], of["output_tokens"]))
    return rows


def fill(path: Path, rows: int) -> None:
    """Put the requests into a database, as ingest leaves them."""
    with Store(path) as store:
        store.execute(
            "CREATE TEMP TABLE bench_prices (number UBIGINT, seller VARCHAR, model VARCHAR, input DECIMAL(18, 12),"
            " read DECIMAL(18, 12), output DECIMAL(18, 12))"
        )
        for row in prices():
            store.execute("INSERT INTO bench_prices VALUES (?, ?, ?, ?, ?, ?)", list(row))
        store.execute(MADE, {"rows": rows, "models": len(MODELS), "added": ADDED["openrouter"]})
        add_source(store, rows)


def timed(command: list[str]) -> tuple[dict[str, float], str]:
    """Run a command in a process of its own; return its wall and CPU seconds and what it printed."""
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(cpu, 2)}, done.stdout


def run(path: Path) -> dict[str, dict[str, float]]:
    """Return the time of both, one right after the other; the verdicts have to be those that were planted."""
    command = [sys.executable, "-m", "llmaudit", "markup", "--db", str(path), "--json"]
    markup, out = timed(command)
    verdicts = {one["gateway"]: (one["verdict"], round(one["pct"], 3)) for one in json.loads(out)["gateways"]}
    if verdicts != {"litellm": ("none", 0.0), "openrouter": ("markup", 5.5)}:
        raise SystemExit(f"the verdicts are not those planted: {verdicts}")
    bare, _ = timed([sys.executable, __file__, "--bare", "--database", str(path)])
    print({"markup": markup, "bare": bare}, flush=True)
    return {"markup": markup, "bare": bare}


def main() -> None:
    """Measure and write a dated result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--bare", action="store_true", help="run the yardstick in this process")
    parser.add_argument("--database", type=Path, help="of an earlier run, or where to leave it")
    asked = parser.parse_args()
    if asked.bare:
        with Store(asked.database, read_only=True) as store:
            store.rows(BARE)
        return
    with tempfile.TemporaryDirectory(prefix="llmaudit-") as folder:
        path = asked.database or Path(folder) / "bench.duckdb"
        if not path.exists():
            fill(path, asked.rows)
        runs = [run(path) for _ in range(max(1, asked.repeats))]
        size = path.stat().st_size
    result: dict[str, Any] = {
        "rows": asked.rows,
        "database_mb": size // 2**20,
        "markup_wall_s": statistics.median(one["markup"]["wall_s"] for one in runs),
        "ratio_wall": round(statistics.median(one["markup"]["wall_s"] / one["bare"]["wall_s"] for one in runs), 2),
        "ratio_cpu": round(statistics.median(one["markup"]["cpu_s"] / one["bare"]["cpu_s"] for one in runs), 2),
        "runs": runs,
    }
    out = keep("markup-speed", result)
    print(json.dumps({name: result[name] for name in ("markup_wall_s", "ratio_wall", "ratio_cpu")}), out)


if __name__ == "__main__":
    main()
