"""What each summary of a large log costs: CPU time of everything an audit reads of the requests, part by part.

The requests are made by SQL straight into a database file: those of `rollup.py`, and with them sessions of six on one
model, prompts and system messages that repeat, cache reads and writes, limits and endings, so that every summary has
something to put in order. A fresh process then builds the cells and each summary in turn. See README.md.

    python benchmarks/summaries.py [--rows N] [--memory-gb N] [--database PATH] [--out NAME]

With `--database` an existing file is measured, so that two versions of the program can be run on one.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sized
from pathlib import Path
from typing import Any

from common import MACHINE, keep
from rollup import fill, peak_mb

from llmaudit.catalog import load_catalog
from llmaudit.rollup import fold, keyed_requests
from llmaudit.store import Store
from llmaudit.summaries import all_summaries

ROWS = 500_000

ENRICHED = """
    UPDATE requests SET
        session_id = md5('s' || (row_id // 120 * 20 + row_id % 20)),
        seller = $sellers[1 + (hash(row_id // 120 * 20 + row_id % 20, 2) % len($sellers))::INT],
        model_raw = $models[1 + (hash(row_id // 120 * 20 + row_id % 20, 2) % len($sellers))::INT],
        prompt_hash = md5('p' || (hash(row_id, 21) % (0.3 * $rows)::BIGINT)),
        system_hash = left(md5('y' || (hash(row_id, 22) % 300)), 16),
        template_hash = left(md5('t' || (hash(row_id, 22) % 2000)), 16),
        input_tokens = input_tokens * (1 + row_id // 20 % 6),
        cache_read_tokens = CASE WHEN status = 'ok' THEN coalesce(cache_read_tokens, 0) END,
        cache_write_5m_tokens = CASE WHEN status = 'ok' AND hash(row_id, 23) % 9 = 0 THEN 1500 END,
        prompt_chars = 4 * input_tokens, system_chars = 600, prompt_turns = 1 + row_id // 20 % 6,
        max_output_tokens = CASE WHEN hash(row_id, 24) % 2 = 0 THEN 4000 END,
        is_streamed = hash(row_id, 25) % 3 > 0,
        finish_reason = CASE WHEN hash(row_id, 26) % 30 = 0 THEN 'length' ELSE 'stop' END
"""


def make(path: Path, rows: int) -> None:
    """Put the requests into a database."""
    from common import MODELS  # noqa: PLC0415 -- beside its one use

    fill(path, rows)
    sellers, models = ([pair[i] for pair in MODELS] for i in (0, 1))
    with Store(path) as store:
        store.execute(ENRICHED, {"rows": rows, "sellers": sellers, "models": models})


def timed(name: str, work: Callable[[], Sized]) -> dict[str, Any]:
    """Return the CPU seconds of some work and how many rows it gave."""
    before = time.process_time()
    found = work()
    one = {"part": name, "cpu_s": round(time.process_time() - before, 2), "rows": len(found)}
    print(one, file=sys.stderr, flush=True)
    return one


def measure(path: Path, memory_gb: float) -> list[dict[str, Any]]:
    """Build the cells and every summary in this process; prices are loaded before the clock starts."""
    catalog = load_catalog()
    catalog.find("gpt-5.6-sol")
    with Store(path, read_only=True) as store:
        store.execute(f"SET memory_limit = '{memory_gb}GB'")
        with keyed_requests(store, catalog):
            parts = [timed("cells", lambda: fold(store))]
            return parts + [timed(one.name, lambda one=one: one.build(store)) for one in all_summaries()]


def main() -> None:
    """Measure and write a dated result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--memory-gb", type=float, default=4)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--out", default="summaries")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="llmaudit-") as folder:
        path = asked.database or Path(folder) / "bench.duckdb"
        if not path.exists():
            make(path, asked.rows)
        parts = measure(path, asked.memory_gb)
    result = {
        "rows": asked.rows,
        "on": MACHINE,
        "memory_limit_gb": asked.memory_gb,
        "cpu_s": round(sum(part["cpu_s"] for part in parts), 1),
        "peak_mb": peak_mb(),
        "parts": parts,
    }
    print(json.dumps({name: result[name] for name in ("cpu_s", "peak_mb")}), keep(asked.out, result))


if __name__ == "__main__":
    main()
