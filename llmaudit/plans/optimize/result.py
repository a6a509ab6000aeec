"""A chosen plan as plain data: the cohorts that move, why the others stay, and what is promised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import numpy as np

from llmaudit.arrays import Ints
from llmaudit.plans.optimize.board import Board
from llmaudit.plans.optimize.problem import STAY
from llmaudit.plans.optimize.units import use_of
from llmaudit.plans.quality import CohortMove, Grain


class MoveRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cohort that moves.

    Attributes:
        cohort: For people.
        feature: The value the rule names; None where it names none.
        tier: The same.
        task: The same.
        model_before: The model that serves it now.
        model: The model it moves to.
        use: What a rule says for it: the model, or `seller/sku` where its maker does not sell it.
        certified: Whether outcomes are enough to certify the move; the others are unproven.
        requests: Requests that move.
        share: Their share of all good answers.
        pairs: Paired outcomes.
        clusters: Users, or whatever answers are alike within.
        loss_seen: Mean loss of the pairs.
        loss: Expected loss, shrunk toward that of the other cohorts; positive is worse.
        loss_at_worst: The loss at which the promise takes it.
        before_usd: What the cohort costs now.
        after_usd: What it would cost.
    """

    cohort: str
    feature: str | None
    tier: int | None
    task: str | None
    model_before: str
    model: str
    use: str
    certified: bool
    requests: int
    share: float
    pairs: int
    clusters: int
    loss_seen: float | None
    loss: float | None
    loss_at_worst: float | None
    before_usd: Decimal
    after_usd: Decimal


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """What the certified part of a plan may lose, over all traffic, in the score's unit.

    Attributes:
        metric: What was scored.
        margin: The loss that is acceptable.
        loss: Expected loss.
        bound: Upper bound of it: what the plan promises. Never above the margin.
        cross_fitted: Loss of plans made on one half of the pairs, as the other half has it; None where it has none.
        cross_fitted_se: Its standard error.
        share: Share of the requests that moves on evidence.
        unproven_share: Share that moves without.
    """

    metric: str | None
    margin: float
    loss: float
    bound: float
    cross_fitted: float | None
    cross_fitted_se: float | None
    share: float
    unproven_share: float


@dataclass(frozen=True)
class Chosen:
    """A plan's cohorts.

    Attributes:
        grain: What cohorts are.
        moves: Those that move, the largest spend first.
        promise: What may be lost.
        certified: The moves that outcomes certify, for `PlanCost.certified`.
        stays: Cohorts that stay, by reason.
        left_out: Models that could not be considered, by reason.
    """

    grain: Grain
    moves: list[MoveRow]
    promise: Promise
    certified: frozenset[CohortMove]
    stays: dict[str, int]
    left_out: dict[str, str] = field(default_factory=dict)


def move_of(board: Board, row: int, column: int) -> MoveRow:
    """Return one unit's move to one target."""
    unit, table = board.units[row], board.table
    named = dict(zip(board.grain.labels, unit.key, strict=True))
    speaks = bool(table.pairs[row, column] > 0)
    feature, tier, task = named.get("feature"), named.get("tier"), named.get("task")
    return MoveRow(
        cohort=board.grain.text(unit.key),
        feature=None if feature is None else str(feature),
        tier=tier if isinstance(tier, int) else None,
        task=None if task is None else str(task),
        model_before=unit.model,
        model=board.names[column],
        use=use_of(board.targets[column]),
        certified=bool(table.proven[row, column]),
        requests=unit.requests,
        share=float(board.weights[row]),
        pairs=int(table.pairs[row, column]),
        clusters=int(table.clusters[row, column]),
        loss_seen=float(table.raw[row, column]) if speaks else None,
        loss=float(table.loss[row, column]) if speaks else None,
        loss_at_worst=float(table.worst[row, column]) if speaks else None,
        before_usd=unit.spend_usd,
        after_usd=board.costs.exact(unit, row, column),
    )


def stays_of(board: Board, choice: Ints) -> dict[str, int]:
    """Return how many cohorts stay, by the first reason that holds of them."""
    reasons = Counter(_why_it_stays(board, row) for row in np.flatnonzero(choice == STAY).tolist())
    return dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))


def _why_it_stays(board: Board, row: int) -> str:
    unit = board.units[row]
    others = [column for column, name in enumerate(board.names) if name != unit.model]
    if not unit.is_nameable:
        return "its label is unknown, so no rule can name it"
    if not others:
        return "no other model is known to compare with"
    if not board.table.pairs[row, others].any():
        return "no paired outcomes for it"
    if not board.table.proven[row, others].any():
        return "too few pairs"
    free = np.ones(len(others), bool)
    for name, mask in board.forbidden.items():
        free = np.logical_and(free, ~mask[row, 1:][others])
        if not free.any():
            return f"no other model is within the limits ({name})"
    if not (board.costs.then[row, others][free] < board.costs.now[row]).any():
        return "no other model is cheaper"
    return "its loss would exceed the margin"
