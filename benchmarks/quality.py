"""How often plans keep their promise of quality, and how fast a plan is found.

    python benchmarks/quality.py study [--draws N]     simulated cohorts of known truth
    python benchmarks/quality.py pairs FILE            a CSV of prompts and two models' True/False, cohorts by length
    python benchmarks/quality.py speed                 10,000 cohorts x 20 models, beside HiGHS' linear program

`study` and `speed` write results/quality-WHAT-DATE.json. README.md says what the numbers mean and what they do not.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from common import keep
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from llmaudit.catalog import load_catalog
from llmaudit.datasets.cohort_study import Split, split, study, summed
from llmaudit.datasets.cohorts import Cohorts, CohortWorld
from llmaudit.plans.optimize.knapsack import solve
from llmaudit.plans.optimize.problem import Problem
from llmaudit.plans.optimize.relaxation import lower_bound

MARGIN = 0.01

WORLDS = {
    "as the public benchmark": CohortWorld(),
    "losses more alike": CohortWorld(shape=2.5),
    "losses as an exponential": CohortWorld(shape=1.0, gain=0.0),
    "some cohorts gain": CohortWorld(gain=0.05),
    "cohorts of like size and cost": CohortWorld(size_spread=0.4, cost_spread=0.2),
    "a few large cohorts": CohortWorld(size_spread=1.4),
    "smaller losses": CohortWorld(mean_loss=0.05, gain=0.02),
    "nothing to gain: all lose alike": CohortWorld(shape=60.0, gain=0.0),
    "20 cohorts": CohortWorld(cohorts=20, pairs=8000),
    "200 cohorts": CohortWorld(cohorts=200, pairs=40_000),
}
SHARES = (0.05, 0.2, 0.5)


def run_study(draws: int) -> None:
    """Study every world at a fifth of the cases, and the first one at other shares."""
    catalog = load_catalog()
    rows = []
    plans = [(name, world, 0.2) for name, world in WORLDS.items()]
    plans += [(next(iter(WORLDS)), CohortWorld(), share) for share in SHARES if share != 0.2]
    for name, world, share in plans:
        count = draws if world == CohortWorld() and share == 0.2 else -(-draws * 3 // 10)
        found = study(world, count, catalog, share=share, margin=MARGIN)
        rows.append({"world": name, "shown": share, **asdict(world), **msgspec.to_builtins(found)})
        print(
            f"{name:32} shown {share:.0%}: saves {found.saving:.1%} (hindsight {found.hindsight:.1%}), loses "
            f"{found.loss:.4f}, breaks {found.broken:.1%} +- {found.broken_se:.1%}; plain means save "
            f"{found.point_saving:.1%}, lose {found.point_loss:.4f}, break {found.point_broken:.0%}",
            flush=True,
        )
    print(keep("quality-study", {"margin": MARGIN, "draws": draws, "rows": rows}))


def run_pairs(path: Path) -> None:
    """Split a file of two models' outcomes into cohorts by prompt length, and see what a plan on a fifth loses."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    heads, body = rows[0], rows[1:]
    lengths = np.array([len(row[0]) for row in body])
    cohort = np.searchsorted(np.quantile(lengths, [0.2, 0.4, 0.6, 0.8]), lengths).astype(np.int64)
    cheap, strong = (np.array([row[column] == "True" for row in body], float) for column in (1, 2))
    cohorts = Cohorts(cohort, strong, cheap, np.array([int(lengths[cohort == one].mean()) for one in range(5)]))
    catalog, rng = load_catalog(), np.random.default_rng(1)
    found: list[list[Split]] = []
    for margin in (0.01, 0.25):
        found = [[split(cohorts, rng.random(len(cohort)) < 0.2, catalog, margin)] for _ in range(100)]
        one = summed(found, margin)
        print(
            f"{heads[2]} to {heads[1]}, {len(body):,} pairs, margin {margin}: saves {one.saving:.1%} "
            f"(hindsight {one.hindsight:.1%}), loses {one.loss:.4f}, breaks {one.broken:.1%}"
        )


def problem_of(cohorts: int, models: int, seed: int) -> Problem:
    """Return a plan's problem of some size: costs spread by a factor of a hundred, losses about a few points."""
    rng = np.random.default_rng(seed)
    now = rng.lognormal(0, 1, (cohorts, 1))
    cost = now * np.concatenate([np.ones((cohorts, 1)), rng.uniform(0.05, 1.5, (cohorts, models - 1))], axis=1)
    loss = np.concatenate([np.zeros((cohorts, 1)), rng.normal(0.05, 0.08, (cohorts, models - 1))], axis=1) / cohorts
    return Problem(cost, loss, np.tile(np.arange(models), (cohorts, 1)), MARGIN)


def linear(problem: Problem) -> float:
    """Return the cost of the linear program by HiGHS, which may split a cohort between models."""
    count, models = problem.cost.shape
    place = np.arange(count * models)
    each = coo_array((np.ones(count * models), (place // models, place)), shape=(count, count * models))
    found = linprog(
        problem.cost.ravel(),
        A_ub=vstack([coo_array(problem.loss.reshape(1, -1))]).tocsr(),
        b_ub=[problem.budget],
        A_eq=each.tocsr(),
        b_eq=np.ones(count),
        method="highs",
    )
    return float(found.fun)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds of some work, and its result."""
    begun = time.process_time()
    result = work()
    return time.process_time() - begun, result


def run_speed(repeats: int) -> None:
    """Find plans of three sizes, and bound them by HiGHS in the same turn."""
    rows = []
    for cohorts, models in ((200, 20), (2000, 20), (10_000, 20)):
        pairs = []
        for seed in range(repeats):
            problem = problem_of(cohorts, models, seed)
            ours, choice = timed(lambda problem=problem: solve(problem))
            theirs, least = timed(lambda problem=problem: linear(problem))
            gap = problem.cost_of(choice) / least - 1
            pairs.append((ours, theirs, gap, lower_bound(problem) / least - 1, problem.holds(choice)))
        row = {
            "cohorts": cohorts,
            "models": models,
            "seconds": [round(one[0], 4) for one in pairs],
            "linear_program_seconds": [round(one[1], 4) for one in pairs],
            "times_as_fast": statistics.median(one[1] / one[0] for one in pairs),
            "largest_gap": max(one[2] for one in pairs),
            "bound_off": max(abs(one[3]) for one in pairs),
            "all_limits_kept": all(one[4] for one in pairs),
        }
        rows.append(row)
        print(row, flush=True)
    print(keep("quality-speed", {"rows": rows}))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["study", "pairs", "speed"])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    if given.what == "study":
        run_study(given.draws)
    elif given.what == "pairs":
        run_pairs(given.file)
    else:
        run_speed(given.repeats)


if __name__ == "__main__":
    main()
