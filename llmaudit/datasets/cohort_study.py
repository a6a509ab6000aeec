"""How often a plan keeps its promise where the truth is known: it sees some cases and is scored on the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from llmaudit.arrays import Bools
from llmaudit.catalog import Catalog
from llmaudit.datasets.cohorts import Cohorts, CohortWorld, cells_of, draw, name_of, outcomes_of
from llmaudit.plans.optimize import Limits, board_of, choose
from llmaudit.plans.optimize.knapsack import solve
from llmaudit.plans.optimize.problem import STAY, Problem
from llmaudit.plans.quality import Grain

SPLITS = 4
"""Random splits of each drawn set of cohorts."""


@dataclass(frozen=True)
class Split:
    """One split: what a plan made on a part claimed, and what was true of the rest.

    Attributes:
        saving: Share of the cost that the plan saves.
        loss: Its loss on the cases it was not shown.
        promised: The loss it promised at most.
        expected: The loss it expected.
        point_saving: Saving of a plan made on plain means.
        point_loss: Loss of that plan on the cases it was not shown.
        hindsight: Saving of the best plan, made on all cases.
    """

    saving: float
    loss: float
    promised: float
    expected: float
    point_saving: float
    point_loss: float
    hindsight: float


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """Many splits of a world; shares and losses as fractions.

    Attributes:
        splits: How many.
        saving: Mean share of the cost saved.
        loss: Mean loss on cases not seen.
        expected: Mean loss that the plans expected.
        broken: Share of splits whose loss on cases not seen is above the margin.
        broken_se: Its standard error, with the splits of one set of cohorts taken as alike.
        point_saving: Mean saving of plans made on plain means.
        point_loss: Mean loss of those.
        point_broken: Share of splits in which they break the margin.
        hindsight: Mean saving of the best plans, made on all cases.
    """

    splits: int
    saving: float
    loss: float
    expected: float
    broken: float
    broken_se: float
    point_saving: float
    point_loss: float
    point_broken: float
    hindsight: float


def study(
    world: CohortWorld, draws: int, catalog: Catalog, *, share: float = 0.2, margin: float = 0.01, seed: int = 1
) -> Study:
    """Return how plans fare that are made on a part of the cases.

    Args:
        world: What is true.
        draws: Sets of cohorts that are drawn, each split `SPLITS` times.
        catalog: The prices.
        share: Part of the cases that is shown.
        margin: Largest acceptable loss.
        seed: Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    found: list[list[Split]] = []
    for _ in range(draws):
        cohorts = draw(world, rng)
        shown = [rng.random(len(cohorts.cohort)) < share for _ in range(SPLITS)]
        found.append([split(cohorts, cases, catalog, margin) for cases in shown])
    return summed(found, margin)


def summed(found: Sequence[Sequence[Split]], margin: float) -> Study:
    """Return the means of splits, those of one set of cohorts in one list."""
    every = [one for group in found for one in group]
    by_draw = np.array([np.mean([one.loss > margin for one in group]) for group in found])
    return Study(
        splits=len(every),
        saving=_mean([one.saving for one in every]),
        loss=_mean([one.loss for one in every]),
        expected=_mean([one.expected for one in every]),
        broken=float(by_draw.mean()),
        broken_se=float(by_draw.std(ddof=1) / np.sqrt(len(by_draw))) if len(by_draw) > 1 else float("nan"),
        point_saving=_mean([one.point_saving for one in every]),
        point_loss=_mean([one.point_loss for one in every]),
        point_broken=_mean([one.point_loss > margin for one in every]),
        hindsight=_mean([one.hindsight for one in every]),
    )


def _mean(values: Sequence[float | bool]) -> float:
    return float(np.mean(values))


def split(cohorts: Cohorts, shown: Bools, catalog: Catalog, margin: float) -> Split:
    """Return what a plan made on some cases claims, and what is true of the others."""
    outcomes = outcomes_of(cohorts, shown)
    board = board_of(cells_of(cohorts, catalog), catalog, outcomes, {}, Limits(margin=margin), Grain(("feature",)))
    chosen = choose(board)
    numbers = {name_of(number): number for number in range(len(cohorts.tokens))}
    moved = np.zeros(len(cohorts.tokens), bool)
    moved[[numbers[str(move.feature)] for move in chosen.moves]] = True
    by_mean = best_by_means(cohorts, shown, margin)
    return Split(
        saving=cohorts.saving(moved),
        loss=cohorts.loss(moved, ~shown),
        promised=chosen.promise.bound,
        expected=chosen.promise.loss,
        point_saving=cohorts.saving(by_mean),
        point_loss=cohorts.loss(by_mean, ~shown),
        hindsight=cohorts.saving(best_by_means(cohorts, np.ones(len(shown), bool), margin)),
    )


def best_by_means(cohorts: Cohorts, shown: Bools, margin: float) -> Bools:
    """Return the cohorts that the cheapest plan moves which takes plain means for the truth: what not to do."""
    count = len(cohorts.tokens)
    seen = np.bincount(cohorts.cohort[shown], minlength=count)
    lost = np.bincount(cohorts.cohort[shown], weights=(cohorts.before - cohorts.after)[shown], minlength=count)
    weights = cohorts.sizes / cohorts.sizes.sum()
    cost = (cohorts.sizes * cohorts.tokens).astype(float)
    then = np.where(seen > 0, cost * 0.5 / 7, np.inf)
    loss = np.divide(weights * lost, seen, out=np.zeros(count), where=seen > 0)
    problem = Problem(
        np.column_stack([cost, then]), np.column_stack([np.zeros(count), loss]), np.tile([0, 1], (count, 1)), margin
    )
    moved: Bools = solve(problem) != STAY
    return moved
