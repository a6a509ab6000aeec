"""Chooses a model for every cohort: the cheapest choice within a budget of loss, using at most so many models.

This is a multiple-choice knapsack (`problem`). Small ones are solved to optimality (`highs`), large ones nearly so
(`relaxation`). The result is always feasible: a choice that breaks a constraint is never returned. Amounts here are
floats: they steer the choice, and none is shown.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from llmaudit.arrays import Ints
from llmaudit.plans.optimize.highs import exact
from llmaudit.plans.optimize.problem import NoPlanError, Problem
from llmaudit.plans.optimize.relaxation import relaxed

SMALL = 4000
"""Choices (cohorts x models) up to which HiGHS finds the best plan within a second or so."""


def solve(problem: Problem) -> Ints:
    """Return the column of each cohort, shape (c,).

    Raises:
        NoPlanError: No choice keeps every constraint, or with very many cohorts and a limit on models none was found.
    """
    problem.refuse_without_choice()
    if not problem.cost.size:
        return np.zeros(0, np.int64)
    choices = [exact(problem)] if problem.cost.size <= SMALL else []
    try:
        choices.append(relaxed(problem))
    except NoPlanError:
        if not any(choice is not None for choice in choices):
            raise
    return min((choice for choice in (*choices, *_uniform(problem)) if choice is not None), key=problem.cost_of)


def _uniform(problem: Problem) -> Iterator[Ints]:
    """Yield the choices that send everything to one model, where they hold: no plan may cost more than one of them."""
    for model in np.unique(problem.model[problem.allowed]):
        cost = np.where(problem.model == model, problem.cost, np.inf)
        choice = np.argmin(cost, axis=1)
        if np.isfinite(cost.min(axis=1)).all() and problem.holds(choice):
            yield choice
