"""Logs with too many names: what `status` and `report` cost beside the same log with few names, in the same run.

The requests are those of `summaries.py`. In each copy one key is filled with thousands of values that nobody knows, as
host names of pods, ids in feature names or garbage in model names do. See README.md.

    python benchmarks/crowded.py [--rows N] [--out NAME]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import MACHINE, keep
from summaries import make

from llmaudit.store import Store

CROWDS = {
    "few names": "row_id = row_id",
    "5,000 gateways": "gateway = 'https://gw-' || (hash(row_id) % 5000) || '.example'",
    "100,000 models": "seller = NULL, model_served = NULL, model_requested = NULL,"
    " model_raw = 'acme/m-' || (hash(row_id) % 100000)",
    "100,000 features": "feature = 'f-' || (hash(row_id) % 100000)",
    "a team a request": "team = 't-' || row_id",
    "a user and a key a request": "user_id = 'u-' || row_id, key_id = 'k-' || row_id",
}


def run(*arguments: str) -> tuple[float, int, bytes]:
    """Return the CPU seconds and the peak memory in MB of a command, threads included, and what it printed."""
    process = subprocess.Popen([sys.executable, "-m", "llmaudit", *arguments], stdout=subprocess.PIPE)
    printed = process.stdout.read() if process.stdout else b""
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"llmaudit {' '.join(arguments)} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, printed


def measure(name: str, plain: Path, folder: Path) -> dict[str, Any]:
    """Fill a copy of the database with names, and run both commands on it."""
    database, page = folder / "crowd.duckdb", folder / "report.html"
    shutil.copy(plain, database)
    with Store(database) as store:
        store.execute(f"UPDATE requests SET {CROWDS[name]}")
    status_s, status_mb, printed = run("status", "--db", str(database), "--json", "--quiet")
    report_s, report_mb, _ = run("report", "--db", str(database), "--out", str(page), "--quiet")
    found = {
        "names": name,
        "status_cpu_s": round(status_s, 1),
        "status_mb": status_mb,
        "report_cpu_s": round(report_s, 1),
        "report_mb": report_mb,
        "page_mb": round(page.stat().st_size / 1e6, 1),
        "said": len(json.loads(printed)["warnings"]),
    }
    print(found, file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Measure and write a dated result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--out", default="crowded")
    asked = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="llmaudit-") as name:
        folder = Path(name)
        make(folder / "plain.duckdb", asked.rows)
        parts = [measure(name, folder / "plain.duckdb", folder) for name in CROWDS]
    seconds = round(time.perf_counter() - began)
    print(keep(asked.out, {"rows": asked.rows, "on": MACHINE, "wall_s": seconds, "parts": parts}))


if __name__ == "__main__":
    main()
