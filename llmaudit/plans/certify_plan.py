"""Which moves of a hand-written plan are certified: those that fit into the margin together, largest saving first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from llmaudit.catalog import Catalog
from llmaudit.plans.evaluate import PlanCost
from llmaudit.plans.optimize import MARGIN, Board, Limits, board_of, choose
from llmaudit.plans.optimize.units import Unit
from llmaudit.plans.placing import Placed
from llmaudit.plans.quality import CohortMove, Outcomes
from llmaudit.plans.ratios import Ratios


def certified_moves(
    cost: PlanCost, outcomes: Outcomes, catalog: Catalog, ratios: Ratios | None = None
) -> frozenset[CohortMove]:
    """Return the moves of a plan that outcomes certify, all together within the usual margin of loss (`MARGIN`).

    A cohort counts only where the plan moves all of it to one model: outcomes speak of the cohort as a whole, not of
    the part of it that a rule picks.

    Args:
        cost: The plan's cost, with where it puts each cell.
        outcomes: Paired outcomes.
        catalog: The prices.
        ratios: What is known of models beside their prices; None takes the tables.
    """
    targets = {
        leg.model for placed in cost.placed if placed.moved for leg in placed.legs if leg.kind == "route" and leg.model
    }
    if not targets:
        return frozenset()
    cells = [placed.priced for placed in cost.placed]
    limits = Limits(margin=MARGIN, models=tuple(sorted(targets)))
    board = board_of(cells, catalog, outcomes, {}, limits, ratios=ratios)
    return choose(_as_planned(board, cost.placed)).certified


def _as_planned(board: Board, placed: Iterable[Placed]) -> Board:
    """Return a board on which a unit may do nothing but what the plan does with it."""
    where = {id(one.priced): one for one in placed}
    forbidden = np.ones((len(board.units), 1 + len(board.targets)), bool)
    forbidden[:, 0] = False
    for row, unit in enumerate(board.units):
        target = target_of(unit, where)
        if target in board.names:
            forbidden[row, 1 + board.names.index(target)] = False
    return replace(board, forbidden={**board.forbidden, "the plan": forbidden})


def target_of(unit: Unit, where: dict[int, Placed]) -> str | None:
    """Return the one model that a plan moves a unit to; None where it moves a part of it, or to several.

    Args:
        unit: A unit of a board.
        where: Where the plan puts each cell, by the `id` of the priced cell.
    """
    models: set[str | None] = set()
    for priced in unit.cells:
        placed = where[id(priced)]
        if priced.cell.status == "ok" and placed.refused is None:
            models.add(next((leg.model for leg in placed.legs if leg.kind == "route"), None) if placed.moved else None)
    return next(iter(models)) if len(models) == 1 else None
