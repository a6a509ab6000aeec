"""How fast ten million requests are priced at list, beside two calculators that price one request at a time.

The three run in the same process, one after the other, on the same requests: llmaudit prices all of them in SQL through
`llmaudit.listcost`, genai-prices' `calc_price` and LiteLLM's `cost_per_token` a sample, since they would take hours.
See README.md for what the numbers mean and what they do not.

    python benchmarks/pricing.py [--rows N] [--sample N] [--repeats N]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks the network on import

from common import MODELS, keep
from genai_prices import Usage, calc_price
from litellm import cost_per_token

from llmaudit.catalog import load_catalog
from llmaudit.listcost import priced_requests
from llmaudit.store import Store

ROWS = 10_000_000
SAMPLE = 20_000
GENAI = {"deepseek": "deepseek"}
LITELLM = {"google": "gemini"}

MADE = """
    INSERT INTO requests BY NAME
    SELECT
        i AS row_id, 1 AS source_id, 'bench' AS id_space, i AS line, 'r-' || i AS request_id,
        TIMESTAMP '2026-10-01' + to_milliseconds(i * 31 * 86400000 // $rows) AS started_at,
        TIMESTAMP '2026-10-01' + to_milliseconds(i * 31 * 86400000 // $rows + hash(i, 1) % 30000) AS ended_at,
        $sellers[1 + (hash(i, 2) % len($sellers))::INT] AS seller,
        $models[1 + (hash(i, 2) % len($sellers))::INT] AS model_raw,
        'ok' AS status, 'reported' AS usage_status, hash(i, 3) % 50 = 0 AS is_batch,
        (hash(i, 4) % CASE WHEN hash(i, 5) % 40 = 0 THEN 400000 ELSE 8000 END)::BIGINT AS input_tokens,
        CASE WHEN hash(i, 6) % 3 = 0 THEN (hash(i, 7) % 6000)::BIGINT END AS cache_read_tokens,
        (hash(i, 8) % 900)::BIGINT AS output_tokens
    FROM range($rows) t(i)
"""
"""A month of requests: long and short prompts, cached ones, batches, hours that matter to a seller."""


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds some work took, and its result."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result


def fill(store: Store, rows: int) -> None:
    """Put the requests into a database."""
    sellers, models = ([pair[i] for pair in MODELS] for i in (0, 1))
    store.execute(MADE, {"rows": rows, "sellers": sellers, "models": models})


def in_sql(store: Store) -> Decimal:
    """Price every request; return the exact sum."""
    catalog = load_catalog()
    with priced_requests(store, catalog):
        return Decimal(store.one("SELECT sum(list_usd) FROM priced_requests")[0])


def by_genai(rows: list[dict[str, Any]]) -> int:
    """Price a sample with genai-prices; return how many it could price."""
    done = 0
    for row in rows:
        cached = row["cache_read_tokens"] or 0
        usage = Usage(
            input_tokens=row["input_tokens"] + cached, cache_read_tokens=cached, output_tokens=row["output_tokens"]
        )
        at = row["started_at"].replace(tzinfo=UTC)
        calc_price(usage, row["model_raw"], provider_id=row["seller"], genai_request_timestamp=at)
        done += 1
    return done


def by_litellm(rows: list[dict[str, Any]]) -> int:
    """Price a sample with LiteLLM; return how many it could price."""
    done = 0
    for row in rows:
        cached = row["cache_read_tokens"] or 0
        cost_per_token(
            model=row["model_raw"],
            custom_llm_provider=LITELLM.get(row["seller"], row["seller"]),
            prompt_tokens=row["input_tokens"] + cached,
            completion_tokens=row["output_tokens"],
            cache_read_input_tokens=cached,
        )
        done += 1
    return done


def main() -> None:
    """Measure and write a dated result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    runs = []
    with Store(None) as store:
        fill(store, asked.rows)
        step = max(1, asked.rows // asked.sample)
        sample = store.dicts("SELECT * FROM requests WHERE row_id % ? = 0 ORDER BY row_id", [step])
        for _ in range(asked.repeats):
            ours, total = timed(lambda: in_sql(store))
            genai, priced_by_genai = timed(lambda: by_genai(sample))
            litellm, priced_by_litellm = timed(lambda: by_litellm(sample))
            runs.append(
                {
                    "llmaudit_s": round(ours, 2),
                    "llmaudit_per_s": round(asked.rows / ours),
                    "genai_prices_per_s": round(priced_by_genai / genai),
                    "litellm_per_s": round(priced_by_litellm / litellm),
                    "times_genai_prices": round(asked.rows / ours / (priced_by_genai / genai), 1),
                    "times_litellm": round(asked.rows / ours / (priced_by_litellm / litellm), 1),
                    "total_usd": str(total),
                }
            )
            print(runs[-1])
        threads = store.one("SELECT current_setting('threads')")[0]
    if len({run["total_usd"] for run in runs}) != 1:
        raise SystemExit("the exact sum differs between runs")
    result = {
        "threads": threads,
        "rows": asked.rows,
        "sample": len(sample),
        "median_times_genai_prices": statistics.median(run["times_genai_prices"] for run in runs),
        "median_times_litellm": statistics.median(run["times_litellm"] for run in runs),
        "runs": runs,
    }
    print(keep("pricing", result))


if __name__ == "__main__":
    main()
