"""The cheapest choice whose promise stays within the margin, also when judged by pairs that did not choose it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from llmaudit.arrays import Bools, Ints
from llmaudit.errors import NotEnoughError
from llmaudit.plans.certify import bound
from llmaudit.plans.optimize.board import Board, with_stay
from llmaudit.plans.optimize.infeasible import no_plan
from llmaudit.plans.optimize.knapsack import solve
from llmaudit.plans.optimize.problem import STAY, NoPlanError, Problem
from llmaudit.plans.optimize.relaxation import relaxed
from llmaudit.plans.optimize.result import Chosen, Promise, move_of, stays_of
from llmaudit.plans.optimize.units import Table, table_of

HALVES = 5
"""Times the pairs are split into halves for the cross-fitted loss."""

MANY = 20_000
"""Choices from which on they are split once only: halves of much evidence differ little."""

HALF = 0.5
"""The chance that a cluster is in the one half, and so the share of the pairs that is in it."""

STEPS = 12
"""Times a budget is halved, or a margin tightened, before the best so far is taken."""

TIGHTER = 0.8
"""A margin whose cross-fitted loss is above what was asked for is tightened by this factor."""

ROUNDING = 1e-12


def choose(board: Board, margin: float | None = None) -> Chosen:
    """Return the cheapest choice whose promise is within the margin.

    Args:
        board: What to choose among.
        margin: Instead of the limits' own.

    Raises:
        NotEnoughError: No choice keeps every limit; the message names the limit that binds.
    """
    wanted = board.limits.margin if margin is None else margin
    choice = _kept(board, board.table, wanted)
    fitted, se = _cross_fitted(board, wanted)
    for _ in range(STEPS):
        if fitted is None or fitted <= wanted or not (choice != STAY).any():
            break
        wanted *= TIGHTER
        choice = _kept(board, board.table, wanted)
        fitted, se = _cross_fitted(board, wanted)
    return _chosen(board, choice, board.limits.margin if margin is None else margin, fitted, se)


def _kept(board: Board, table: Table, margin: float, search: Callable[[Problem], Ints] = solve) -> Ints:
    """Return the best choice whose bound is within the margin.

    The first term of the bound is the solver's own constraint. The second one, which matters where few cohorts move, is
    no sum: it is checked, and where it does not hold the largest budget is sought with which it does.
    """
    choice = _solved(board, table, margin, search)
    if _bound_of(board, table, choice) <= margin + ROUNDING:
        return choice
    low, high, best = 0.0, margin, None
    for _ in range(STEPS):
        budget = (low + high) / 2
        try:
            choice = _solved(board, table, budget, search)
        except NotEnoughError:  # forced moves lose more than so small a budget
            low = budget
            continue
        if _bound_of(board, table, choice) <= margin + ROUNDING:
            low, best = budget, choice
        else:
            high = budget
    return _solved(board, table, None, search) if best is None else best


def _solved(board: Board, table: Table, budget: float | None, search: Callable[[Problem], Ints]) -> Ints:
    """Return the cheapest choice within a budget of losses; None is without any move that is proven."""
    problem = _problem(board, table, 0.0 if budget is None else budget)
    if budget is None:
        cost = problem.cost.copy()
        cost[:, 1:][table.proven] = np.inf
        problem = replace(problem, cost=cost)
    try:
        return search(problem)
    except NoPlanError as error:
        raise no_plan(board, error) from None


def _problem(board: Board, table: Table, budget: float) -> Problem:
    """Return the board as costs, losses and models to choose among, by what one table of pairs proves."""
    forbidden = {**board.forbidden, "evidence": board.forbidden["evidence"] | with_stay(_unusable(board, table))}
    blocked = np.stack(list(forbidden.values())).any(axis=0)
    cost = np.column_stack([board.costs.now, board.costs.then])
    loss = np.column_stack(
        [np.zeros(len(board.units)), np.where(table.proven, board.weights[:, None] * table.worst, 0.0)]
    )
    codes = {name: code for code, name in enumerate(sorted({*board.names, *(unit.model for unit in board.units)}))}
    model = np.array([[codes[name] for name in board.models_of(unit)] for unit in board.units], np.int64)
    return Problem(
        cost=np.where(blocked, np.inf, cost),
        loss=np.where(np.isnan(loss), 0.0, loss),
        model=model.reshape(cost.shape),
        budget=budget,
        most_models=board.limits.most_models,
    )


def _unusable(board: Board, table: Table) -> Bools:
    """Return moves that are proven by all pairs, but not by the part of them in a table."""
    return board.table.proven & ~table.proven


def _bound_of(board: Board, table: Table, choice: Ints) -> float:
    """Return what a choice promises not to exceed (`certify.bound`)."""
    rows, columns = _moved(table, choice)
    return bound(board.weights[rows], table.loss[rows, columns], table.sd[rows, columns], table.reach[rows, columns])


def _moved(table: Table, choice: Ints) -> tuple[Ints, Ints]:
    """Return rows and target columns of the units that move on evidence."""
    rows = np.flatnonzero(choice != STAY)
    columns = choice[rows] - 1
    proven = table.proven[rows, columns]
    return rows[proven], columns[proven]


def _cross_fitted(board: Board, margin: float) -> tuple[float | None, float | None]:
    """Return the loss of plans made on one half of the pairs as the other half has it, and its standard error.

    Clusters are not torn apart. The halves are drawn anew `HALVES` times and the losses averaged; the standard error
    is that of one draw, since all of them rest on the same pairs.
    """
    if not board.spoken:
        return None, None
    rng = np.random.default_rng(len(board.units))
    estimates, variances = [], []
    for _ in range(HALVES if np.prod(board.shape) < MANY else 1):
        first_half, second_half = _halves(board, rng)
        for planned, judged in ((first_half, second_half), (second_half, first_half)):
            try:
                rows, columns = _moved(planned, _kept(board, planned, margin, relaxed))
            except NotEnoughError:  # half of the pairs prove too little for what a limit forces to move
                continue
            known = judged.pairs[rows, columns] > 0
            rows, columns = rows[known], columns[known]
            weights = board.weights[rows]
            estimates.append(float(np.sum(weights * judged.raw[rows, columns])))
            variances.append(float(np.sum(weights**2 * judged.variance[rows, columns] / judged.pairs[rows, columns])))
    if not estimates:
        return None, None
    return float(np.mean(estimates)), float(np.sqrt(np.mean(variances) / 2))


def _halves(board: Board, rng: np.random.Generator) -> tuple[Table, Table]:
    """Return what each half of the pairs says, the clusters of each comparison divided by the toss of a coin."""
    heads = [rng.random(int(one.cases.cluster.max(initial=0)) + 1) < HALF for one in board.spoken]

    def half(side: bool) -> Table:  # noqa: FBT001 -- heads or tails
        taken = [
            replace(one, cases=one.cases.take(coin[one.cases.cluster] == side))
            for one, coin in zip(board.spoken, heads, strict=True)
        ]
        return table_of(taken, board.shape, share=HALF)

    return half(True), half(False)


def _chosen(board: Board, choice: Ints, margin: float, fitted: float | None, se: float | None) -> Chosen:
    table = board.table
    rows, columns = _moved(table, choice)
    moves = [move_of(board, row, int(choice[row]) - 1) for row in np.flatnonzero(choice != STAY).tolist()]
    certified = [move for move in moves if move.certified]
    promise = Promise(
        metric=board.metric,
        margin=margin,
        loss=float(np.sum(board.weights[rows] * table.loss[rows, columns])),
        bound=_bound_of(board, table, choice),
        cross_fitted=fitted if certified else None,
        cross_fitted_se=se if certified else None,
        share=float(np.sum(board.weights[rows])),
        unproven_share=sum(move.share for move in moves if not move.certified),
    )
    return Chosen(
        grain=board.grain,
        moves=moves,
        promise=promise,
        certified=frozenset(
            (*board.grain.full(board.units[row].key), board.units[row].model, board.names[column])
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        ),
        stays=stays_of(board, choice),
        left_out=board.left_out,
    )
