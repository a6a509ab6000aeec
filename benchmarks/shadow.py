"""How often a shadow test is right (simulated tests with planted truth), and how long a million pairs take.

    python benchmarks/shadow.py study [--runs N]      error rates, power, coverage
    python benchmarks/shadow.py speed [--pairs N]     one million pairs, beside statsmodels

Both write results/shadow-WHAT-DATE.json. README.md says what the numbers mean and what they do not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from common import MACHINE, RESULTS

from llmaudit.datasets.shadow import World, simulate
from llmaudit.datasets.shadow_study import Coverage, Looks, study_coverage, study_looks, with_loss

MARGIN = 0.02

LOOK_WORLDS = {
    "370 users": World(),
    "60 users": World(pairs=1500, users=60),
    "25 users": World(pairs=1000, users=25),
    "one or two pairs a user": World(pairs=2800, users=2800, unequal=0.0),
    "some users ask far more": World(unequal=1.2),
    "outcomes rarely differ": World(disagree=0.06, between=0.02),
    "sized for 80% power": World(pairs=4700, users=620),
}
COVERAGE_WORLDS = {
    "300 pairs, 80 users": World(pairs=300, users=80, errors=(0.03, 0.05)),
    "300 pairs, 250 users": World(pairs=300, users=250, errors=(0.03, 0.05)),
    "1,000 pairs, 150 users": World(pairs=1000, users=150, errors=(0.03, 0.05)),
    "1,000 pairs, 900 users": World(pairs=1000, users=900, errors=(0.03, 0.05)),
    "3,000 pairs, 400 users": World(pairs=3000, users=400, errors=(0.03, 0.05)),
    "10,000 pairs, 1,500 users": World(pairs=10_000, users=1500, errors=(0.03, 0.05)),
    "1,000 pairs, light cost tail": World(pairs=1000, users=150, errors=(0.03, 0.05), cost_spread=0.6),
    "1,000 pairs, very heavy cost tail": World(pairs=1000, users=150, errors=(0.03, 0.05), cost_spread=1.4),
    "300 pairs, very heavy cost tail": World(pairs=300, users=80, errors=(0.03, 0.05), cost_spread=1.4),
    "3,000 pairs, very heavy cost tail": World(pairs=3000, users=400, errors=(0.03, 0.05), cost_spread=1.4),
    "10,000 pairs, very heavy cost tail": World(pairs=10_000, users=1500, errors=(0.03, 0.05), cost_spread=1.4),
}


def shares(result: Looks | Coverage) -> dict[str, Any]:
    """Return a study's rates as shares."""
    return {
        name: value if isinstance(value, float) else round(value["share"], 4) for name, value in asdict(result).items()
    }


def study(runs: int, only: str, path: Path) -> None:
    """Run the studies and keep each world's result as soon as it is there, beside those of other runs of the day."""
    for number, (name, world) in enumerate(LOOK_WORLDS.items()):
        if only not in name:
            continue
        no_loss = study_looks(world, runs, seed=100 + number, margin=MARGIN)
        at_margin = study_looks(with_loss(world, -MARGIN), runs, seed=200 + number, margin=MARGIN)
        found = {"runs": runs, "no loss": shares(no_loss), "loss of the margin": shares(at_margin)}
        keep(path, "looks", name, found | {"world": asdict(world)})
    for number, (name, world) in enumerate(COVERAGE_WORLDS.items()):
        if only in name:
            found = {"runs": runs, "held": shares(study_coverage(world, runs, seed=300 + number))}
            keep(path, "coverage", name, found | {"world": asdict(world)})


def keep(path: Path, part: str, name: str, found: dict[str, Any]) -> None:
    """Add a result to the dated file."""
    print(part, name, found, flush=True)
    whole = json.loads(path.read_text(encoding="utf-8")) if path.exists() else head()
    whole.setdefault(part, {})[name] = found
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def head() -> dict[str, Any]:
    """Return where and when this was measured."""
    today = datetime.now(UTC).date().isoformat()
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    return {"date": today, "machine": MACHINE, "margin": MARGIN} | versions


def write_pairs(path: Path, pairs: int) -> None:
    """Write simulated pairs as a pairs file, of the kind that the suffix says."""
    import polars as pl  # noqa: PLC0415 -- only the speed part needs frames

    world = World(pairs=pairs, users=max(pairs // 20, 50), tiers=(0.4, 0.3, 0.2, 0.1))
    made = simulate(world, np.random.default_rng(1))
    second = np.arange(pairs) % 86_400
    at = (made.day.astype("datetime64[D]").astype("datetime64[us]") + second.astype("timedelta64[s]")).astype(
        "datetime64[us]"
    )
    frames = [
        pl.DataFrame(
            {
                "pair_id": [f"request-{i:07d}" for i in range(pairs)],
                "arm": name,
                "model": model,
                "tier": made.tier,
                "user_id": [f"user-{code}" for code in made.cluster],
                "at": at,
                "latency_ms": arm.latency_ms.round(1),
                "ttft_ms": (arm.latency_ms / 5).round(1),
                "status": "ok",
                "score": arm.score,
                "cost_usd": (arm.cost / 1e12).round(9),
            }
        )
        for name, model, arm in (
            ("primary", "openai/gpt-5.6-sol", made.primary),
            ("shadow", "openai/gpt-5.6-luna", made.shadow),
        )
    ]
    frame = pl.concat(frames)
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    text = frame.with_columns(pl.col("at").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
    (text.write_csv if path.suffix == ".csv" else text.write_ndjson)(path)


def command(path: Path, folder: Path) -> dict[str, float]:
    """Run `llmaudit shadow analyze` as a process of its own and return its seconds and peak memory."""
    database = folder / "speed.duckdb"
    database.unlink(missing_ok=True)
    words = [
        sys.executable,
        "-m",
        "llmaudit",
        "shadow",
        "analyze",
        str(path),
        "--db",
        str(database),
        "--json",
        "--quiet",
    ]
    began = time.perf_counter()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(words, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)  # of this process alone: RUSAGE_CHILDREN keeps the largest of all
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if not (folder / "out").stat().st_size:
        raise SystemExit((folder / "err").read_text())
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024),
    }


def in_memory(pairs: int) -> dict[str, float]:
    """Time the analysis of arrays, and statsmodels on one of its thirty figures, one after the other."""
    from statsmodels.regression.linear_model import OLS  # noqa: PLC0415 -- a peer, not a dependency

    from llmaudit.shadow.analysis import analyze  # noqa: PLC0415

    made = simulate(World(pairs=pairs, users=pairs // 20, tiers=(0.4, 0.3, 0.2, 0.1)), np.random.default_rng(1))
    began = time.perf_counter()
    figures = len(analyze(made).metrics)
    ours = time.perf_counter() - began
    delta = made.shadow.score - made.primary.score
    began = time.perf_counter()
    OLS(delta, np.ones(pairs)).fit(cov_type="cluster", cov_kwds={"groups": made.cluster})
    theirs = time.perf_counter() - began
    return {"all_figures_seconds": round(ours, 2), "figures": figures, "statsmodels_one_mean_seconds": round(theirs, 3)}


def speed(pairs: int, repeats: int) -> dict[str, Any]:
    """Return how long a million pairs take, by kind of file and in memory."""
    found: dict[str, Any] = {"pairs": pairs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for suffix in ("parquet", "csv", "jsonl"):
            path = folder / f"pairs.{suffix}"
            writer = get_context("spawn").Process(target=write_pairs, args=(path, pairs))
            writer.start()  # a child begins with the peak of its parent, so this process must stay small
            writer.join()
            found[suffix] = [command(path, folder) for _ in range(repeats)]
            print(suffix, found[suffix], flush=True)
            path.unlink()
    found["in_memory"] = [in_memory(pairs) for _ in range(repeats)]
    print(found["in_memory"], flush=True)
    return found


def main() -> None:
    """Measure, print, and keep the dated result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("study", "speed"))
    parser.add_argument("--runs", type=int, default=8000)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="only worlds with this in their name")
    chosen = parser.parse_args()
    path = RESULTS / f"shadow-{chosen.what}-{datetime.now(UTC).date().isoformat()}.json"
    if chosen.what == "study":
        study(chosen.runs, chosen.only, path)
    else:
        path.write_text(json.dumps(head() | speed(chosen.pairs, chosen.repeats), indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
