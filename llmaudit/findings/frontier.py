"""Cost against quality: the cheapest plan at each margin of loss, as far as paired outcomes reach."""

from __future__ import annotations

import msgspec

from llmaudit.evidence import Evidence
from llmaudit.plans import Ratios
from llmaudit.plans.frontier_points import Point

COHORTS_SHOWN = 50
"""Cohorts of a point that are listed, the largest saving first; `llmaudit plan frontier --json` has all."""


class Frontier(msgspec.Struct, frozen=True, kw_only=True):
    """Plans from the most careful to the cheapest.

    Attributes:
        metric: What was scored.
        cases: Cases with scored answers of two models.
        cohorts_by: What cohorts are told apart by.
        margin: The margin that certified savings are held to.
        points: By rising margin.
        unpaired: Outcomes without a second answer beside them.
        caveat: What they cannot tell.
    """

    metric: str
    cases: int
    cohorts_by: list[str]
    margin: float
    points: list[Point]
    unpaired: int
    caveat: str = (
        "Each point promises no more than its upper bound on the loss, over all traffic and in the score's unit. The "
        "promise holds for one point at a time: picking the best-looking point of the curve means choosing among "
        "several. The costs of other models are estimates, with every assumption at its expected value."
    )


def find(evidence: Evidence) -> Frontier | None:
    """Return the frontier, or None where no case has scored answers of two models, or there is no request."""
    outcomes = evidence.outcomes
    if outcomes is None or not evidence.cells:
        return None
    from llmaudit.plans.frontier import frontier  # noqa: PLC0415 -- arrays only where there are outcomes
    from llmaudit.plans.optimize import Limits, board_of  # noqa: PLC0415 -- the same

    limits = Limits()
    ratios = Ratios.of(evidence.catalog, evidence.cells, evidence.summaries)
    board = board_of(evidence.cells, evidence.catalog, outcomes, {}, limits, ratios=ratios)
    return Frontier(
        metric=outcomes.metric,
        cases=outcomes.cases,
        cohorts_by=list(board.grain.labels),
        margin=limits.margin,
        points=[_short(point) for point in frontier(board, [limits.margin])],
        unpaired=outcomes.unpaired,
    )


def _short(point: Point) -> Point:
    """Return a point with its largest cohorts only."""
    largest = sorted(point.cohorts, key=lambda one: (-one.savings_usd, one.cohort))
    return msgspec.structs.replace(point, cohorts=largest[:COHORTS_SHOWN])
