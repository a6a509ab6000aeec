"""How long the rollup of ten million requests takes, beside a bare `GROUP BY` of the same keys in the same run.

The requests are made by SQL straight into a database file: thirty days, ten models, retries and fallbacks, cache
reads, long prompts, features and teams, every request tagged. A fresh process then does, in turn,

- the rollup: `llmaudit.rollup.build`, from `requests` to cells in Python: names, prices' slots, attempts, tiers, bands;
- the yardstick: `rollup.sql` over a table that holds the very same keys and values, nothing left to work out;
- and for the curious a `GROUP BY` of the logged columns alone, which knows no sku, tier, attempt, slot or band.

See README.md for what the numbers mean and what they do not.

    python benchmarks/rollup.py [--rows N] [--repeats N] [--memory-gb N]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import MODELS, add_source, keep

from llmaudit.catalog import load_catalog
from llmaudit.facts import facts_of
from llmaudit.rollup import build, keyed_requests
from llmaudit.sql import read_sql
from llmaudit.store import Store

ROWS = 10_000_000

MADE = """
    INSERT INTO requests BY NAME
    SELECT
        i AS row_id, 1 AS source_id, 'bench' AS id_space, i AS line, 'r-' || i AS request_id,
        'c-' || CASE WHEN hash(i // 2, 12) % 20 = 0 THEN i // 2 ELSE $rows + i END AS call_id,
        TIMESTAMP '2026-10-01' + to_milliseconds(i * 30 * 86400000 // $rows) AS started_at,
        started_at + to_milliseconds((hash(i, 1) % 30000)::BIGINT) AS ended_at,
        started_at + to_milliseconds((hash(i, 1) % 3000)::BIGINT) AS first_token_at,
        CASE WHEN hash(i, 10) % 2 = 0 THEN 'openrouter' END AS gateway,
        $sellers[1 + (hash(i, 2) % len($sellers))::INT] AS seller,
        $models[1 + (hash(i, 2) % len($sellers))::INT] AS model_raw,
        CASE WHEN hash(i, 9) % 100 = 0 THEN 'error' ELSE 'ok' END AS status,
        CASE WHEN status = 'error' THEN 'rate_limited' END AS error_class,
        CASE WHEN status = 'error' THEN 'missing' ELSE 'reported' END AS usage_status,
        hash(i, 3) % 50 = 0 AS is_batch,
        CASE WHEN status = 'ok' THEN (hash(i, 4) % CASE WHEN hash(i, 5) % 40 = 0 THEN 400000 ELSE 8000 END)::BIGINT
            END AS input_tokens,
        CASE WHEN hash(i, 6) % 3 = 0 AND status = 'ok' THEN (hash(i, 7) % 6000)::BIGINT END AS cache_read_tokens,
        CASE WHEN status = 'ok' THEN (hash(i, 8) % 900)::BIGINT END AS output_tokens,
        'feature-' || (hash(i, 14) % 8) AS feature, 'team-' || (hash(i, 14) % 4) AS team,
        (hash(i, 15) % 900000)::DECIMAL(18, 12) / 1000000 AS billed_amount, 'USD' AS billed_currency,
        'seller_reported' AS billed_kind
    FROM range($rows) t(i)
"""
TAGGED = """
    INSERT INTO tiers BY NAME
    SELECT row_id, (hash(row_id, 16) % 4)::INTEGER AS tier,
        ['classify', 'summarise', 'code', 'chat'][1 + (hash(row_id, 16) % 4)::INT] AS task,
        'bench' AS signal, 0.5 AS confidence, '' AS reason
    FROM requests
"""
LOGGED = """
    SELECT CAST(started_at AS DATE) AS day, gateway, seller,
        COALESCE(model_served, model_requested, model_raw) AS model,
        service_tier, is_batch, region_class, needs_tools, needs_json, needs_images, has_pii, feature, team, status,
        error_class, usage_status, billed_kind,
        COUNT(*) AS requests, SUM(input_tokens) AS a, SUM(cache_read_tokens) AS b,
        SUM(cache_write_5m_tokens) AS c, SUM(cache_write_1h_tokens) AS d, SUM(cache_write_other_tokens) AS e,
        SUM(output_tokens) AS f, SUM(reasoning_tokens) AS g, SUM(web_searches) AS h, SUM(billed_amount) AS i
    FROM requests GROUP BY ALL
"""


def fill(path: Path, rows: int) -> None:
    """Put the requests and their tiers into a database."""
    sellers, models = ([pair[i] for pair in MODELS] for i in (0, 1))
    with Store(path) as store:
        store.execute(MADE, {"rows": rows, "sellers": sellers, "models": models})
        add_source(store, rows)
        store.execute(TAGGED)


def timed(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Return the wall and CPU seconds some work took, and its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return {"wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2)}, result


def peak_mb() -> int:
    """Return the most memory this process has held, in MB; `ru_maxrss` would begin with what its parent held."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def measure(path: Path, what: str, memory_gb: float) -> dict[str, Any]:
    """Do one of the works in this process; prices are loaded before the clock starts."""
    catalog = load_catalog()
    catalog.find("gpt-5.6-sol")
    with Store(path) as store:
        store.execute(f"SET memory_limit = '{memory_gb}GB'")
        if what == "rollup":
            found, cells = timed(lambda: build(store, catalog))
            return found | {"cells": len(cells), "peak_mb": peak_mb()}
        if what == "everything":
            found, facts = timed(lambda: facts_of(store, catalog))
            return found | {"cells": len(facts.cells), "peak_mb": peak_mb()}
        if what == "logged columns":
            found, rows = timed(lambda: store.rows(LOGGED))
            return found | {"cells": len(rows), "peak_mb": peak_mb()}
        with keyed_requests(store, catalog):
            store.execute("CREATE TEMP TABLE keys AS SELECT * FROM keyed_requests")
        bare = read_sql("rollup.sql").replace("keyed_requests", "keys")
        found, rows = timed(lambda: store.rows(bare))
        return found | {"cells": len(rows), "peak_mb": peak_mb()}


def in_a_process(path: Path, what: str, memory_gb: float) -> dict[str, Any]:
    """Do one of the works in a process of its own, so that neither memory nor caches are another's."""
    command = [sys.executable, __file__, "--measure", what, "--database", str(path), "--memory-gb", str(memory_gb)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    print(what, found, flush=True)
    return found


WORKS = ("rollup", "bare GROUP BY", "logged columns", "everything")


def main() -> None:
    """Measure and write a dated result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory-gb", type=float, default=4)
    parser.add_argument("--measure", choices=WORKS)
    parser.add_argument("--database", type=Path)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(measure(asked.database, asked.measure, asked.memory_gb)))
        return
    with tempfile.TemporaryDirectory(prefix="llmaudit-") as folder:
        path = Path(folder) / "bench.duckdb"
        fill(path, asked.rows)
        runs = [
            {what: in_a_process(path, what, asked.memory_gb) for what in WORKS} for _ in range(max(1, asked.repeats))
        ]
    if len({run[what]["cells"] for run in runs for what in WORKS if what != "logged columns"}) != 1:
        raise SystemExit("the rollup and the yardstick disagree on the number of cells")
    ratios = {
        kind: [round(run["rollup"][kind] / run["bare GROUP BY"][kind], 2) for run in runs]
        for kind in ("wall_s", "cpu_s")
    }
    result = {
        "rows": asked.rows,
        "memory_limit_gb": asked.memory_gb,
        "ratio_wall": statistics.median(ratios["wall_s"]),
        "ratio_cpu": statistics.median(ratios["cpu_s"]),
        "ratios": ratios,
        "runs": runs,
    }
    out = keep("rollup", result)
    print(json.dumps({name: result[name] for name in ("ratio_wall", "ratio_cpu", "ratios")}), out)


if __name__ == "__main__":
    main()
