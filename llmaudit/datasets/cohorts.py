"""Simulated cohorts with known losses: tasks that a cheaper model answers as well, nearly as well, or badly.

The default parameters reproduce what a public benchmark of 57 tasks and 14,042 pairs shows for a strong and a cheaper
model: a mean difference of 12.5 points, a correlation of outcomes near 0.4, a design effect of tasks between 12 and 30,
and about a third of the cost that could be saved in hindsight at a loss of one point.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from llmaudit.arrays import Bools, Floats
from llmaudit.catalog import Catalog
from llmaudit.cells import Cell, PricedCell, plain_cell, price
from llmaudit.plans.quality import Outcomes, PairedCase

STRONG, CHEAP = "example/flagship-7", "example/budget-0.5"
LEAST = 100
"""Pairs of the smallest cohort."""


@dataclass(frozen=True)
class CohortWorld:
    """What is true of simulated cohorts.

    Attributes:
        cohorts: How many.
        pairs: Pairs in all.
        mean_loss: Loss over all pairs.
        shape: Shape of the gamma distribution of losses between cohorts; 1 is exponential, larger is more even.
        gain: By how much the best cohorts do better on the cheap model.
        size_spread: Standard deviation of the logarithm of a cohort's size above the smallest.
        cost_spread: Standard deviation of the logarithm of what a request costs, between cohorts.
    """

    cohorts: int = 57
    pairs: int = 14_042
    mean_loss: float = 0.125
    shape: float = 1.6
    gain: float = 0.02
    size_spread: float = 0.9
    cost_spread: float = 0.55


@dataclass(frozen=True)
class Cohorts:
    """Cohorts drawn from a world: every case with both answers' scores.

    Attributes:
        cohort: Shape (cases,): cohort of each case.
        before: Score of the strong model, 0 or 1.
        after: Score of the cheap one.
        tokens: Shape (cohorts,): tokens of one request.
    """

    cohort: NDArray[np.int64]
    before: Floats
    after: Floats
    tokens: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Cases of each cohort."""
        return np.bincount(self.cohort, minlength=len(self.tokens))

    def loss(self, moved: Bools, cases: Bools | None = None) -> float:
        """Return what is really lost over all cases if some cohorts move.

        Args:
            moved: Shape (cohorts,).
            cases: Shape (cases,): the cases it is measured on; None is all.
        """
        seen = np.ones(len(self.cohort), bool) if cases is None else cases
        lost = (self.before - self.after) * moved[self.cohort]
        return float(lost[seen].mean())

    def saving(self, moved: Bools) -> float:
        """Return the share of the cost that is saved if some cohorts move."""
        cost = self.sizes * self.tokens
        return float((cost * moved).sum() / cost.sum() * (1 - 0.5 / 7))


def draw(world: CohortWorld, rng: np.random.Generator) -> Cohorts:
    """Return cohorts drawn from a world."""
    count = world.cohorts
    above = np.exp(rng.normal(0.0, world.size_spread, count))
    least = min(LEAST, world.pairs // count)
    sizes = least + np.floor(above / above.sum() * (world.pairs - least * count)).astype(np.int64)
    loss = rng.gamma(world.shape, 1.0, count) * (world.mean_loss + world.gain) / world.shape - world.gain
    loss = np.clip(loss, -0.1, 0.5)
    loss += world.mean_loss - np.average(loss, weights=sizes)
    cheap = np.clip(0.82 - loss + rng.normal(0.0, 0.08, count), 0.25, 0.95)
    strong = np.clip(cheap + loss, 0.05, 0.985)
    gained = np.clip(0.45 * (1 - strong) * cheap, 0.005, np.minimum(1 - strong, cheap))
    gained = np.maximum(gained, cheap - strong)
    lost = gained + strong - cheap
    cohort = np.repeat(np.arange(count), sizes)
    u = rng.random(len(cohort))
    is_lost, is_gained = u < lost[cohort], (u >= lost[cohort]) & (u < (lost + gained)[cohort])
    both = (u >= (lost + gained)[cohort]) & (u < (lost + cheap)[cohort])
    tokens = np.maximum(np.round(800 * np.exp(rng.normal(0.0, world.cost_spread, count))), 1).astype(np.int64)
    return Cohorts(cohort, (is_lost | both).astype(float), (is_gained | both).astype(float), tokens)


def name_of(cohort: int) -> str:
    """Return the feature that a cohort's requests have."""
    return f"task-{cohort:03d}"


def outcomes_of(cohorts: Cohorts, cases: Bools) -> Outcomes:
    """Return some cases as paired outcomes, by feature."""
    rows = np.flatnonzero(cases).tolist()
    found = [
        PairedCase(
            (name_of(int(cohorts.cohort[row])), None, None), float(cohorts.before[row]), float(cohorts.after[row])
        )
        for row in rows
    ]
    back = [PairedCase(case.labels, case.after, case.before, case.cluster) for case in found]
    return Outcomes("correct", {(STRONG, CHEAP): found, (CHEAP, STRONG): back}, {"judge": len(found)})


def cells_of(cohorts: Cohorts, catalog: Catalog) -> list[PricedCell]:
    """Return the traffic of the cohorts on the strong model: one cell each."""
    return price(
        (
            _cell(cohort, int(size), int(size) * int(tokens))
            for cohort, (size, tokens) in enumerate(zip(cohorts.sizes, cohorts.tokens, strict=True))
        ),
        catalog,
    )


def _cell(cohort: int, requests: int, tokens: int) -> Cell:
    return plain_cell(
        datetime(2026, 10, 1),  # noqa: DTZ001 -- naive UTC; the example's prices hold at any time
        STRONG,
        requests,
        feature=name_of(cohort),
        tokens=(tokens, 0, 0, 0, 0, 0),
        reasoning_tokens=0,
    )
