"""The best choice for a small problem, by HiGHS (scipy's `milp`), with a limit on its time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from llmaudit.arrays import Ints
from llmaudit.plans.optimize.problem import TINY, NoPlanError, Problem

SECONDS = 10.0


def exact(problem: Problem) -> Ints | None:
    """Return the best choice by HiGHS; None where it found none in time.

    Raises:
        NoPlanError: It has shown that there is none.
    """
    from scipy.optimize import Bounds, milp  # noqa: PLC0415 -- takes a quarter of a second

    rows, columns = np.nonzero(problem.allowed)
    cost = problem.cost[rows, columns]
    scale = float(np.max(np.abs(cost), initial=0.0)) or 1.0
    models = np.unique(problem.model[rows, columns])
    limited = problem.most_models is not None
    size = len(rows) + (len(models) if limited else 0)
    objective = np.concatenate([cost / scale, np.zeros(size - len(rows))])
    with _quiet():
        result = milp(
            objective,
            constraints=_constraints(problem, rows, columns, models, size),
            integrality=np.ones(size),
            bounds=Bounds(0, 1),
            options={"time_limit": SECONDS, "mip_rel_gap": 1e-6},
        )
    if result.x is None:
        if result.status == 2:  # noqa: PLR2004 -- scipy's code for: shown to be infeasible
            raise NoPlanError(_why(problem))
        return None
    picked = result.x[: len(rows)] > 0.5  # noqa: PLR2004 -- 0 or 1, but for rounding
    choice = np.zeros(len(problem.cost), np.int64)
    choice[rows[picked]] = columns[picked]
    return choice if problem.holds(choice) and np.count_nonzero(picked) == len(choice) else None


def _constraints(problem: Problem, rows: Ints, columns: Ints, models: Ints, size: int) -> list[object]:
    """Return the constraints: one choice per cohort; the budget; no choice without its model; the number of models."""
    from scipy.optimize import LinearConstraint  # noqa: PLC0415 -- see `exact`
    from scipy.sparse import coo_array  # noqa: PLC0415 -- the same

    count = len(rows)
    one_per_unit = coo_array((np.ones(count), (rows, np.arange(count))), shape=(len(problem.cost), size)).tocsr()
    losses = np.zeros((1, size))
    losses[0, :count] = problem.loss[rows, columns]
    constraints: list[object] = [
        LinearConstraint(one_per_unit, 1, 1),
        LinearConstraint(losses, -np.inf, problem.budget - TINY if problem.budget > 0 else problem.budget),
    ]
    if problem.most_models is None:
        return constraints
    place = count + np.searchsorted(models, problem.model[rows, columns])
    indexes = np.arange(count)
    links = coo_array(
        (np.repeat([1.0, -1.0], count), (np.tile(indexes, 2), np.concatenate([indexes, place]))), shape=(count, size)
    ).tocsr()
    used = np.zeros((1, size))
    used[0, count:] = [model not in problem.fixed for model in models.tolist()]
    room = problem.most_models - len(problem.fixed)
    return [*constraints, LinearConstraint(links, -np.inf, 0), LinearConstraint(used, -np.inf, room)]


def _why(problem: Problem) -> str:
    """Return which constraint leaves no choice: the loss alone, or the number of models."""
    least = np.argmin(np.where(problem.allowed, problem.loss, np.inf), axis=1)
    return "loss" if problem.loss_of(least) > problem.budget + TINY else "models"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep HiGHS off standard output, where only the answer belongs: some of its messages ignore every option."""
    try:
        sys.stdout.flush()
        kept = os.dup(1)
    except (OSError, ValueError):
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
