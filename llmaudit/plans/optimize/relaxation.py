"""A good choice for a problem of any size: Lagrangian relaxation (a bisection on the price of loss), a greedy fill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from llmaudit.arrays import Ints
from llmaudit.plans.optimize.problem import TINY, NoPlanError, Problem

ROUNDS = 60


def relaxed(problem: Problem) -> Ints:
    """Return a choice by Lagrangian relaxation.

    Within a limit on models, one model after the other is left out, the one that is missed least, and then those that
    are left are exchanged for others as long as that helps.

    Raises:
        NoPlanError: See `solve`.
    """
    problem.refuse_without_choice()
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
