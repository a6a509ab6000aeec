"""Chooses a model for every cohort: the cheapest choice within a budget of loss, using at most so many models.

This is a multiple-choice knapsack. Small problems are solved to optimality by HiGHS (scipy's `milp`), large ones by
Lagrangian relaxation (a bisection on the price of loss) followed by a greedy fill. The result is always feasible: a
choice that breaks a constraint is never returned. Amounts here are floats: they steer the choice, and none is shown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from llmaudit.arrays import Bools, Floats, Ints

STAY = 0
"""The column of the model that serves now."""

SMALL = 4000
"""Choices (cohorts x models) up to which HiGHS finds the best plan within a second or so."""

SECONDS = 10.0
ROUNDS = 60
TINY = 1e-12


@dataclass(frozen=True)
class Problem:
    """What to choose among. Shapes: c cohorts, m columns; column 0 is to stay.

    Attributes:
        cost: Shape (c, m): US dollars; inf where a choice is not allowed.
        loss: Shape (c, m): share of production times the loss at which the bound takes it; 0 for staying.
        model: Shape (c, m): which model a choice is, from 0.
        budget: Largest sum of losses.
        most_models: Largest number of models in use; None for any.
        fixed: Models in use whatever is chosen.
    """

    cost: Floats
    loss: Floats
    model: Ints
    budget: float
    most_models: int | None = None
    fixed: frozenset[int] = frozenset()

    @property
    def allowed(self) -> Bools:
        """Which choices there are."""
        return np.isfinite(self.cost)

    def cost_of(self, choice: Ints) -> float:
        """Return what a choice costs."""
        return float(np.take_along_axis(self.cost, choice[:, None], 1).sum())

    def loss_of(self, choice: Ints) -> float:
        """Return the sum of losses of a choice."""
        return float(np.take_along_axis(self.loss, choice[:, None], 1).sum())

    def models_of(self, choice: Ints) -> set[int]:
        """Return the models in use."""
        return set(np.take_along_axis(self.model, choice[:, None], 1)[:, 0].tolist()) | self.fixed

    def holds(self, choice: Ints) -> bool:
        """Say whether a choice keeps every constraint."""
        return (
            bool(np.isfinite(self.cost_of(choice)))
            and self.loss_of(choice) <= self.budget + TINY
            and (self.most_models is None or len(self.models_of(choice)) <= self.most_models)
        )


class NoPlanError(Exception):
    """No choice keeps every constraint.

    Args:
        constraint: The one that cannot be kept: `choice` (a cohort that no model may serve), `loss` or `models`.
        cohort: For `choice`, the first such cohort.
    """

    def __init__(self, constraint: str, cohort: int | None = None) -> None:
        super().__init__(constraint)
        self.constraint = constraint
        self.cohort = cohort


def solve(problem: Problem) -> Ints:
    """Return the column of each cohort, shape (c,).

    Raises:
        NoPlanError: No choice keeps every constraint, or with very many cohorts and a limit on models none was found.
    """
    _check(problem)
    if not problem.cost.size:
        return np.zeros(0, np.int64)
    choices = [_exact(problem)] if problem.cost.size <= SMALL else []
    try:
        choices.append(relaxed(problem))
    except NoPlanError:
        if not any(choice is not None for choice in choices):
            raise
    return min((choice for choice in (*choices, *_uniform(problem)) if choice is not None), key=problem.cost_of)


def _check(problem: Problem) -> None:
    """Refuse a problem in which a cohort has no choice at all."""
    without = ~problem.allowed.any(axis=1)
    if without.any():
        raise NoPlanError("choice", int(np.flatnonzero(without)[0]))


def _uniform(problem: Problem) -> Iterator[Ints]:
    """Yield the choices that send everything to one model, where they hold: no plan may cost more than one of them."""
    for model in np.unique(problem.model[problem.allowed]):
        cost = np.where(problem.model == model, problem.cost, np.inf)
        choice = np.argmin(cost, axis=1)
        if np.isfinite(cost.min(axis=1)).all() and problem.holds(choice):
            yield choice


def relaxed(problem: Problem) -> Ints:
    """Return a choice by Lagrangian relaxation.

    Within a limit on models, one model after the other is left out, the one that is missed least, and then those that
    are left are exchanged for others as long as that helps.

    Raises:
        NoPlanError: See `solve`.
    """
    _check(problem)
    choice, price = _priced(problem)
    if problem.most_models is None or len(problem.models_of(choice)) <= problem.most_models:
        return choice
    names = set(np.unique(problem.model[problem.allowed]).tolist()) | problem.fixed
    models = set(names)
    while len(models) > problem.most_models:
        values = {model: _value(problem, models - {model}, price) for model in models - problem.fixed}
        best = min(values, key=lambda model: values[model], default=None)
        if best is None or not np.isfinite(values[best]):
            raise NoPlanError("models")
        models.discard(best)
    models = _exchanged(problem, models, names, price)
    choice, _ = _priced(_within(problem, models))
    return choice


def _within(problem: Problem, models: set[int]) -> Problem:
    return replace(problem, cost=np.where(np.isin(problem.model, list(models)), problem.cost, np.inf))


def _value(problem: Problem, models: set[int], price: float) -> float:
    """Return what the best choice among some models costs, its loss at a price; inf where a cohort has none."""
    at_price = problem.cost + price * problem.loss
    return float(np.min(np.where(np.isin(problem.model, list(models)), at_price, np.inf), axis=1).sum())


def _exchanged(problem: Problem, kept: set[int], names: set[int], price: float) -> set[int]:
    """Return a set of as many models from which no single exchange leads to a better one."""
    best = _value(problem, kept, price)
    for _ in range(len(names)):
        tries = [(kept - {out}) | {other} for out in kept - problem.fixed for other in names - kept]
        value, swapped = min(
            ((_value(problem, one, price), one) for one in tries), key=lambda pair: pair[0], default=(best, kept)
        )
        if value >= best:
            break
        best, kept = value, swapped
    return kept


def _priced(problem: Problem) -> tuple[Ints, float]:
    """Return the choice at the lowest price of loss that keeps the budget, filled up with what still fits."""
    scale = float(np.max(problem.cost[problem.allowed], initial=0.0)) or 1.0
    best = _at(problem, 0.0)
    if problem.loss_of(best) <= problem.budget + TINY:
        return best, 0.0
    least = np.argmin(np.where(problem.allowed, problem.loss, np.inf), axis=1)
    if problem.loss_of(least) > problem.budget + TINY:
        raise NoPlanError("loss")
    low, high = 0.0, scale
    while problem.loss_of(_at(problem, high)) > problem.budget and high < scale * 1e15:
        high *= 8
    feasible = _at(problem, high)
    if problem.loss_of(feasible) > problem.budget + TINY:
        feasible = least
    cheap = best
    for _ in range(ROUNDS):
        middle = (low + high) / 2
        tried = _at(problem, middle)
        if problem.loss_of(tried) <= problem.budget:
            high, feasible = middle, tried
        else:
            low, cheap = middle, tried
    return _filled(problem, _filled(problem, feasible, cheap), best), high


def _at(problem: Problem, price: float) -> Ints:
    found: Ints = np.argmin(problem.cost + price * problem.loss, axis=1)
    return found


def _filled(problem: Problem, choice: Ints, cheaper: Ints) -> Ints:
    """Return a choice in which cohorts go over to a cheaper one, most saving for its loss first, while it fits."""
    rows = np.arange(len(choice))
    saved = problem.cost[rows, choice] - problem.cost[rows, cheaper]
    more = problem.loss[rows, cheaper] - problem.loss[rows, choice]
    slack = problem.budget - problem.loss_of(choice)
    found = choice.copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(more > 0, saved / more, np.inf)
    for row in np.argsort(-worth, kind="stable"):
        if saved[row] > 0 and more[row] <= slack:
            found[row] = cheaper[row]
            slack -= more[row]
    return found if problem.loss_of(found) <= problem.budget + TINY else choice


def lower_bound(problem: Problem) -> float:
    """Return a cost that no choice can undercut: the best Lagrangian bound, which equals that of the linear program.

    The limit on models is left out, which can only lower it.
    """
    if problem.loss_of(_at(problem, 0.0)) <= problem.budget:
        return problem.cost_of(_at(problem, 0.0))
    scale = float(np.max(problem.cost[problem.allowed], initial=0.0)) or 1.0

    def dual(price: float) -> float:
        return float(np.min(problem.cost + price * problem.loss, axis=1).sum()) - price * problem.budget

    low, high = 0.0, scale
    while problem.loss_of(_at(problem, high)) > problem.budget and high < scale * 1e15:
        high *= 8
    for _ in range(2 * ROUNDS):  # the dual is concave: its slope is the loss at that price minus the budget
        middle = (low + high) / 2
        if problem.loss_of(_at(problem, middle)) <= problem.budget:
            high = middle
        else:
            low = middle
    return max(dual(low), dual(high))


def _exact(problem: Problem) -> Ints | None:
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
    from scipy.optimize import LinearConstraint  # noqa: PLC0415 -- see `_exact`
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
