"""The choice of a model for every cohort as a problem: costs, losses, models, and the limits a choice must keep."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmaudit.arrays import Bools, Floats, Ints

STAY = 0
"""The column of the model that serves now."""

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

    def refuse_without_choice(self) -> None:
        """Refuse a problem in which a cohort has no choice at all.

        Raises:
            NoPlanError: There is such a cohort.
        """
        without = ~self.allowed.any(axis=1)
        if without.any():
            raise NoPlanError("choice", int(np.flatnonzero(without)[0]))


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
