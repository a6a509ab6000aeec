"""Cost against quality: for each margin, the cheapest plan, what it promises, and which cohorts it moves."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmaudit.errors import NotEnoughError
from llmaudit.money import percent, total
from llmaudit.plans.frontier_points import Cohort, Point
from llmaudit.plans.optimize import Board, Chosen, choose

SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
"""Margins that are tried, as shares of the loss at which everything that saves has moved."""

NO_MARGIN = 1e6
"""Wider than any loss of any score."""

SAME = 1e-9


def frontier(board: Board, margins: Sequence[float] = ()) -> list[Point]:
    """Return the plans from the most careful to the cheapest, none more expensive than a more careful one.

    Args:
        board: What to choose among; its limits but the margin are kept.
        margins: Margins that have to be among the points, beside those of `SHARES`.

    Raises:
        NotEnoughError: No plan keeps the limits at any margin.
    """
    widest = choose(board, NO_MARGIN)
    wanted = sorted({*margins, board.limits.margin, *(share * max(widest.promise.bound, 0.0) for share in SHARES)})
    points: list[Point] = []
    failure: NotEnoughError | None = None
    for margin in wanted:
        try:
            point = _point(board, choose(board, margin), margin)
        except NotEnoughError as error:  # forced moves lose more than the narrowest margins allow
            failure = error
            continue
        if not points or point.cost_usd < points[-1].cost_usd or margin in margins:
            points.append(point)
    if not points and failure is not None:
        raise failure
    return _falling(points)


def _falling(points: Sequence[Point]) -> list[Point]:
    """Return points in which a wider margin never costs more: where the search found less, the narrower plan holds."""
    found: list[Point] = []
    for point in points:
        better = found and found[-1].cost_usd < point.cost_usd
        found.append(msgspec.structs.replace(found[-1], margin=point.margin) if better else point)
    return found


def _point(board: Board, chosen: Chosen, margin: float) -> Point:
    now = total(unit.spend_usd for unit in board.units)
    saved = total(move.before_usd - move.after_usd for move in chosen.moves)
    return Point(
        margin=margin,
        loss=chosen.promise.loss,
        bound=chosen.promise.bound,
        cross_fitted=chosen.promise.cross_fitted,
        cost_usd=now - saved,
        savings_usd=saved,
        savings_pct=percent(saved, now),
        moved_share=sum(move.share for move in chosen.moves),
        models=_models(board, chosen),
        cohorts=[
            Cohort(move.cohort, move.model_before, move.model, move.before_usd - move.after_usd)
            for move in chosen.moves
        ],
    )


def _models(board: Board, chosen: Chosen) -> dict[str, float]:
    shares: dict[str, float] = {}
    for unit, weight in zip(board.units, board.weights.tolist(), strict=True):
        shares[unit.model] = shares.get(unit.model, 0.0) + weight
    for move in chosen.moves:
        shares[move.model_before] -= move.share
        shares[move.model] = shares.get(move.model, 0.0) + move.share
    return {name: share for name, share in sorted(shares.items(), key=lambda item: -item[1]) if share > SAME}
