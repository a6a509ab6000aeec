"""How often the cost check is right (simulated logs with planted changes), and how long it takes.

    python benchmarks/gate.py study [--runs N]     what is named first, false alarms, power
    python benchmarks/gate.py speed [--rows N]     a database of N requests, beside one scan of the same columns

Both write results/gate-WHAT-DATE.json. README.md says what the numbers mean and what they do not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from llmaudit.datasets.regressions import CHANGES, World
from llmaudit.datasets.regressions_study import Share, study_change, study_noise, study_power
from llmaudit.gate.budget import Budget, CostLimit

RESULTS = Path(__file__).parent / "results"
SEED = 20261126
WORLD = World(calls=40_000, users=1600)
LARGE = World(calls=400_000, users=16_000)
SMALL = World(calls=500, users=60)
NOISE = {
    "40,000 calls": (WORLD, WORLD),
    "1,000 calls of 100 users": (World(calls=1000, users=100),) * 2,
    "500 calls of 60 users": (SMALL, SMALL),
    "baseline 500 calls, log 20,000": (SMALL, World()),
    "baseline 20,000 calls, log 500": (World(), SMALL),
}
POWER = {
    "1,000 calls of 100 users": World(calls=1000, users=100),
    "2,000 calls of 150 users": World(calls=2000, users=150),
    "20,000 calls of 800 users": World(),
}
RULE = Budget(cost_per_request=[CostLimit(by="all", max_increase_pct=5)])


def plain(value: object) -> Any:
    """Return a study's result as plain numbers."""
    if isinstance(value, Share):
        return round(value.share, 4)
    return {name: plain(getattr(value, name)) for name in vars(value)} if hasattr(value, "__dict__") else value


def study(runs: int, only: str) -> dict[str, Any]:
    """Run every study whose name has a word in it.

    The template that grows by 5% is sought in the large world, the other changes in the ordinary one.
    """
    found: dict[str, Any] = {"seed": SEED, "changes": {}, "noise": {}, "power": {}}
    for change in CHANGES:
        world, times = (LARGE, max(runs // 10, 1)) if "template" in change.name else (WORLD, max(runs // 5, 1))
        if change.cause is None or only not in f"changes {change.name}":
            continue
        found["changes"][change.name] = {"calls": world.calls, "runs": times} | plain(
            study_change(change, world, times, SEED)
        )
        print(change.name, found["changes"][change.name], flush=True)
    for name, (before, after) in NOISE.items():
        if only not in f"noise {name}":
            continue
        found["noise"][name] = {"runs": runs} | plain(study_noise(before, after, runs, SEED))
        print(name, found["noise"][name], flush=True)
    for name, world in POWER.items():
        if only not in f"power {name}":
            continue
        found["power"][name] = {"runs": runs} | plain(study_power(world, runs, SEED, RULE))
        print(name, found["power"][name], flush=True)
    return found


def write(what: str, found: dict[str, Any]) -> None:
    """Keep a result with its date and the machine."""
    machine = {"cpus": os.cpu_count(), "load": [round(one, 1) for one in os.getloadavg()]}
    path = RESULTS / f"gate-{what}-{datetime.now(tz=UTC):%Y-%m-%d}.json"
    if what == "study" and path.exists():  # the studies of a day may be run one by one
        before = json.loads(path.read_text(encoding="utf-8"))
        found = found | {name: before[name] | found[name] for name in ("changes", "noise", "power")}
        found["cpu_seconds"] += before["cpu_seconds"]
    path.write_text(json.dumps({"machine": machine, **found}, indent=2) + "\n", encoding="utf-8")
    print(path)


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["study", "speed"])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument(
        "--only", default="", help="part of a study's name, such as `noise 40,000`; added to the day's file"
    )
    parser.add_argument("--rows", type=int, default=3_000_000)
    given = parser.parse_args()
    if given.what == "study":
        began = time.process_time()
        found = study(given.runs, given.only)
        write("study", found | {"cpu_seconds": round(time.process_time() - began)})
    else:
        write("speed", speed(given.rows))


FILL_SQL = """
    INSERT INTO requests BY NAME
    SELECT i AS row_id, 1 AS source_id, 'made' AS id_space, i AS line, 'request-' || i AS request_id,
        'call-' || CAST(floor(i / 1.02) AS BIGINT) AS call_id, 'session-' || (hash(i // 7) % 400000) AS session_id,
        TIMESTAMP '2026-10-01' + to_microseconds(CAST(i * (30 * 86400e6 / $rows) AS BIGINT)) AS started_at,
        TIMESTAMP '2026-10-01' + to_microseconds(CAST(i * (30 * 86400e6 / $rows) + 1e6 AS BIGINT)) AS ended_at,
        CASE WHEN hash(i, 5) % 3 = 0 THEN 'openrouter' END AS gateway,
        CASE hash(i, 1) % 6 WHEN 0 THEN 'anthropic' WHEN 1 THEN 'google' ELSE 'openai' END AS seller,
        CASE hash(i, 1) % 6 WHEN 0 THEN 'claude-sonnet-4-5' WHEN 1 THEN 'gemini-2.5-flash' WHEN 2 THEN 'gpt-4.1'
            WHEN 3 THEN 'gpt-4.1-mini' ELSE 'gpt-4o' END AS model_raw,
        CASE WHEN hash(i, 2) % 50 = 0 THEN 'error' ELSE 'ok' END AS status,
        CASE WHEN hash(i, 2) % 50 = 0 THEN 'server_error' END AS error_class,
        'user-' || (hash(i // 7) % 20000) AS user_id, 'team-' || (hash(i, 7) % 5) AS team,
        'feature-' || (hash(i, 3) % 12) AS feature, 'reported' AS usage_status,
        200 + (hash(i, 11) % 2000) AS input_tokens,
        CASE WHEN hash(i, 12) % 3 = 0 THEN hash(i, 13) % 3000 ELSE 0 END AS cache_read_tokens,
        50 + hash(i, 14) % 400 AS output_tokens,
        lpad(to_hex(hash(hash(i, 3) % 12, hash(i, 15) % 4)), 16, '0') AS template_hash
    FROM range($rows) AS t(i)
"""


def speed(rows: int) -> dict[str, Any]:
    """Time the measuring of a database and one scan that adds up the same columns, in turn, three times."""
    from llmaudit.catalog import load_catalog  # noqa: PLC0415 -- the study needs no database
    from llmaudit.gate.file import to_json  # noqa: PLC0415
    from llmaudit.gate.measure import measure  # noqa: PLC0415
    from llmaudit.store import Store  # noqa: PLC0415

    catalog = load_catalog()
    with tempfile.TemporaryDirectory(prefix="llmaudit-gate-") as folder:
        store = Store(Path(folder) / "made.duckdb")
        store.execute(FILL_SQL, {"rows": rows})
        store.execute("INSERT INTO tiers (row_id, tier, signal, confidence, reason)"
                      " SELECT row_id, row_id % 4, 'made', 1, 'made' FROM requests")  # fmt: skip
        baseline, saving = timed(lambda: measure(store, catalog))
        runs = []
        for _ in range(3):
            _, scan = timed(lambda: store.rows(SCAN_SQL))
            _, took = timed(lambda: measure(
                store, catalog, like=baseline, groupings=("all", "feature"), with_latency=False))  # fmt: skip
            runs.append({"check": took, "scan": scan})
        size = len(to_json(baseline).encode())
        store.close()
    found = {"rows": rows, "baseline_bytes": size, "cells": len(baseline.cells), "save": saving, "runs": runs}
    print(json.dumps(found, indent=2))
    return found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


SCAN_SQL = """
    SELECT feature, seller, model_raw, status, count(*), sum(input_tokens), sum(cache_read_tokens), sum(output_tokens)
    FROM requests GROUP BY ALL
"""


def timed(function: Any) -> tuple[Any, dict[str, float]]:
    """Return what a function returns, and its seconds of wall and CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = function()
    return found, {"wall": round(time.perf_counter() - wall, 2), "cpu": round(time.process_time() - cpu, 2)}


if __name__ == "__main__":
    main()
