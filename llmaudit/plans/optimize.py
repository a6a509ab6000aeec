"""A model for every cohort: the cheapest plan whose loss of quality is bounded by outcomes, under a person's limits.

What is decided here: which choices are allowed, what each may lose, and that the promise holds. The search is in
`optimize_solve`, prices and pairs by cohort in `optimize_units`, the plan as YAML in `optimize_write`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

import msgspec
import numpy as np

from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.errors import NotEnoughError, printable
from llmaudit.plans.certify import Bools, Floats, Ints, bound
from llmaudit.plans.optimize_solve import STAY, NoPlanError, Problem, relaxed, solve
from llmaudit.plans.optimize_units import (
    Costs,
    Spoken,
    Table,
    Unit,
    costs_of,
    spoken,
    table_of,
    units_of,
    use_of,
)
from llmaudit.plans.quality import CohortMove, Grain, Outcomes, best_grain
from llmaudit.plans.ratios import Ratios

MARGIN = 0.01
"""The loss over all traffic that is acceptable unless told otherwise: one point of a score from 0 to 1."""

HALVES = 5
"""Times the pairs are split into halves for the cross-fitted loss."""

MANY = 20_000
"""Choices from which on they are split once only: halves of much evidence differ little."""

STEPS = 12
ROUNDING = 1e-12
TIGHTER = 0.8
FLOOR_SURE = 1.6448536269514722
"""Normal quantile at which a score is held to lie above the floor: 95% one-sided."""


@dataclass(frozen=True)
class Limits:
    """What a plan has to keep.

    Attributes:
        margin: Largest loss over all traffic, in the score's unit.
        floor: Lowest score that a cohort may move to, by its lower bound.
        latency_p95_ms: Largest 95th percentile of the time to the whole answer, by the log's own answers.
        cost_ceiling_usd: Largest mean cost of a request of a cohort.
        providers: Makers whose models may be used; None for any.
        most_models: Largest number of models in use.
        models: Models that may be moved to; None for those that outcomes speak of.
        keep_tiers: Tiers whose traffic stays where it is.
        allow_unproven: Whether cohorts of which no outcome speaks may move all the same.
    """

    margin: float = MARGIN
    floor: float | None = None
    latency_p95_ms: float | None = None
    cost_ceiling_usd: Decimal | None = None
    providers: tuple[str, ...] | None = None
    most_models: int | None = None
    models: tuple[str, ...] | None = None
    keep_tiers: frozenset[int] = frozenset()
    allow_unproven: bool = False


Latency = Mapping[tuple[str, int | None], float]
"""95th percentile in milliseconds by canonical model and tier; tier `ALL_TIERS` is all of them together."""

ALL_TIERS = -1


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


@dataclass(frozen=True)
class Board:
    """Everything a choice is made of, whatever the margin.

    Attributes:
        grain: What cohorts are.
        units: Rows.
        targets: Columns: models that may be moved to.
        weights: Shape (units,): share of all good answers.
        costs: What each would cost.
        forbidden: Shape (units, 1 + targets) each: what a limit forbids, by the limit's name; column 0 is to stay.
        spoken: The pairs.
        limits: The limits.
        metric: What was scored.
        left_out: Models that could not be considered, by reason.
    """

    grain: Grain
    units: list[Unit]
    targets: list[Offer]
    weights: Floats
    costs: Costs
    forbidden: dict[str, Bools]
    spoken: list[Spoken]
    limits: Limits
    metric: str | None
    left_out: dict[str, str]

    @cached_property
    def names(self) -> list[str]:
        """The targets' canonical names."""
        return [target.sku.model for target in self.targets]

    @cached_property
    def table(self) -> Table:
        """What all pairs say."""
        return table_of(self.spoken, (len(self.units), len(self.targets)))


def board_of(
    cells: Sequence[PricedCell],
    catalog: Catalog,
    outcomes: Outcomes | None,
    latency: Latency,
    limits: Limits,
    grain: Grain | None = None,
    ratios: Ratios | None = None,
) -> Board:
    """Return everything a choice is made of.

    Args:
        cells: The traffic.
        catalog: The prices.
        outcomes: Paired outcomes; None where there are none.
        latency: Of the log's own answers.
        limits: What a plan has to keep.
        grain: What cohorts are; None is chosen by what the outcomes can bear.
        ratios: What is known of models beside their prices; None takes the tables.
    """
    chosen = grain or (best_grain(outcomes) if outcomes else Grain(("tier",)))
    free = [priced for priced in cells if priced.cell.tier not in limits.keep_tiers]
    units = units_of(free, chosen)
    targets, left_out = _targets(units, outcomes, limits, catalog)
    good = sum(priced.cell.requests for priced in cells if priced.cell.status == "ok" and priced.spend_usd is not None)
    costs = costs_of(units, targets, catalog, ratios)
    found = Board(
        grain=chosen,
        units=units,
        targets=targets,
        weights=np.array([unit.requests / max(good, 1) for unit in units], float),
        costs=costs,
        forbidden={},
        spoken=spoken(outcomes, units, chosen, {t.sku.model: i for i, t in enumerate(targets)}) if outcomes else [],
        limits=limits,
        metric=outcomes.metric if outcomes else None,
        left_out=left_out,
    )
    return replace(found, forbidden=_forbidden(found, latency))


def _targets(
    units: Sequence[Unit], outcomes: Outcomes | None, limits: Limits, catalog: Catalog
) -> tuple[list[Offer], dict[str, str]]:
    """Return the models that may be moved to, by name, and those that were asked for and could not be."""
    serving = {unit.model for unit in units}
    names = {after for before, after in (outcomes.pairs if outcomes else ()) if before in serving}
    if limits.allow_unproven:
        names |= serving
    if limits.models is not None:
        names = set(limits.models) if limits.allow_unproven else names & set(limits.models)
    offers: list[Offer] = []
    left_out = {}
    for name in sorted(names):
        offer = catalog.canonical(name) or catalog.find(name).offer
        if offer is None or offer.sku.model != name:
            left_out[name] = "is not in the catalog, so it has no price"
        elif limits.providers is not None and name.partition("/")[0] not in limits.providers:
            left_out[name] = "is of a provider that is not allowed"
        else:
            offers.append(offer)
    return offers, left_out


def _forbidden(board: Board, latency: Latency) -> dict[str, Bools]:
    """Return what each limit forbids."""
    limits, names = board.limits, board.names
    shape = (len(board.units), 1 + len(names))
    models = [[unit.model, *names] for unit in board.units]
    same = np.array([[name == unit.model for name in names] for unit in board.units], bool).reshape(shape[0], -1)
    nameable = np.array([unit.is_nameable for unit in board.units], bool)
    moving = same | ~board.costs.can_move | ~nameable[:, None] if names else np.zeros((shape[0], 0), bool)
    found = {"no way to move": _with_stay(moving)}
    speaks = board.table.pairs >= 1
    enough = board.table.proven
    silent = np.logical_not(np.any(enough, axis=1, keepdims=True))
    unproven = (silent & ~speaks) if limits.allow_unproven else np.zeros_like(speaks)
    found["evidence"] = _with_stay(~(enough | unproven))
    if limits.floor is not None:
        found["floor"] = _with_stay(~(board.table.score - FLOOR_SURE * board.table.score_sd >= limits.floor))
    if limits.latency_p95_ms is not None:
        found["latency"] = np.array(
            [
                [not _p95(latency, board.grain, unit, model) <= limits.latency_p95_ms for model in row]
                for unit, row in zip(board.units, models, strict=True)
            ],
            bool,
        ).reshape(shape)
    if limits.cost_ceiling_usd is not None:
        each = np.column_stack([board.costs.now, board.costs.then]) / np.maximum(
            np.array([unit.requests for unit in board.units], float), 1
        ).reshape(-1, 1)
        found["cost ceiling"] = each > float(limits.cost_ceiling_usd)
    if limits.providers is not None:
        found["providers"] = np.array(
            [[model.partition("/")[0] not in limits.providers for model in row] for row in models], bool
        ).reshape(shape)
    idle = np.array([unit.requests == 0 for unit in board.units], bool)
    for name, mask in found.items():
        mask[idle, STAY] = False  # nothing but failures: no answer that a limit could speak of
        found[name] = mask
    return found


def _with_stay(mask: Bools) -> Bools:
    """Return a mask of moves with the column of staying, which it never forbids."""
    return np.column_stack([np.zeros(len(mask), bool), mask])


def _p95(latency: Latency, grain: Grain, unit: Unit, model: str) -> float:
    """Return a model's 95th percentile for a unit; nan, which is within no budget, where the log does not tell."""
    tier = dict(zip(grain.labels, unit.key, strict=True)).get("tier", ALL_TIERS)
    return latency.get((model, tier if tier is None or isinstance(tier, int) else ALL_TIERS), float("nan"))


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
        raise _no_plan(board, error) from None


def _problem(board: Board, table: Table, budget: float) -> Problem:
    forbidden = {**board.forbidden, "evidence": board.forbidden["evidence"] | _with_stay(_unusable(board, table))}
    blocked = np.stack(list(forbidden.values())).any(axis=0)
    cost = np.column_stack([board.costs.now, board.costs.then])
    loss = np.column_stack(
        [np.zeros(len(board.units)), np.where(table.proven, board.weights[:, None] * table.worst, 0.0)]
    )
    codes = {name: code for code, name in enumerate(sorted({*board.names, *(unit.model for unit in board.units)}))}
    model = np.array([[codes[unit.model], *(codes[name] for name in board.names)] for unit in board.units], np.int64)
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
    shape = (len(board.units), len(board.targets))
    estimates, variances = [], []
    for _ in range(HALVES if np.prod(shape) < MANY else 1):
        coins = [rng.random(int(one.cases.cluster.max(initial=0)) + 1) < 0.5 for one in board.spoken]  # noqa: PLR2004
        halves = [
            table_of(
                [
                    replace(one, cases=one.cases.take(coin[one.cases.cluster] == side))
                    for one, coin in zip(board.spoken, coins, strict=True)
                ],
                shape,
                share=0.5,
            )
            for side in (True, False)
        ]
        for made, seen in (halves, halves[::-1]):
            try:
                rows, columns = _moved(made, _kept(board, made, margin, relaxed))
            except NotEnoughError:  # half of the pairs prove too little for what a limit forces to move
                continue
            known = seen.pairs[rows, columns] > 0
            rows, columns = rows[known], columns[known]
            weights = board.weights[rows]
            estimates.append(float(np.sum(weights * seen.raw[rows, columns])))
            variances.append(float(np.sum(weights**2 * seen.variance[rows, columns] / seen.pairs[rows, columns])))
    if not estimates:
        return None, None
    return float(np.mean(estimates)), float(np.sqrt(np.mean(variances) / 2))


def _chosen(board: Board, choice: Ints, margin: float, fitted: float | None, se: float | None) -> Chosen:
    table = board.table
    rows, columns = _moved(table, choice)
    moves = [_row(board, row, int(choice[row]) - 1) for row in np.flatnonzero(choice != STAY).tolist()]
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
        stays=_stays(board, choice),
        left_out=board.left_out,
    )


def _row(board: Board, row: int, column: int) -> MoveRow:
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


def _stays(board: Board, choice: Ints) -> dict[str, int]:
    """Return how many cohorts stay, by the first reason that holds of them."""
    found: dict[str, int] = {}
    for row in np.flatnonzero(choice == STAY).tolist():
        reason = _why(board, row)
        found[reason] = found.get(reason, 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _why(board: Board, row: int) -> str:
    unit = board.units[row]
    others = [column for column, name in enumerate(board.names) if name != unit.model]
    if not unit.is_nameable:
        return "its label is not known, so that no rule can name it"
    if not others:
        return "no other model is known to compare with"
    if not board.table.pairs[row, others].any():
        return "no paired outcome speaks of it"
    if not board.table.proven[row, others].any():
        return "too few pairs"
    free = np.ones(len(others), bool)
    for name, mask in board.forbidden.items():
        free = np.logical_and(free, ~mask[row, 1:][others])
        if not free.any():
            return f"nothing else within the limits ({name})"
    if not (board.costs.then[row, others][free] < board.costs.now[row]).any():
        return "nothing else is cheaper"
    return "its loss would not fit into the margin"


def _no_plan(board: Board, error: NoPlanError) -> NotEnoughError:
    """Return the error that names the limit that binds."""
    limits = board.limits
    if error.constraint == "models":
        what = f"no plan with at most {limits.most_models} models: the other limits need more"
        binding = "--max-models"
    elif error.constraint == "loss":
        what = f"no plan within a margin of {limits.margin:g}: the other limits force moves that lose more"
        binding = "--margin"
    else:
        unit = board.units[error.cohort or 0]
        binding = _binding(board)
        what = (
            f"no model may serve {printable(board.grain.text(unit.key))}, now on {printable(unit.model)}: "
            f"{_said(board, error.cohort or 0)}"
        )
    return NotEnoughError(
        f"{what}; the limit that binds is {binding}",
        next_step="Loosen it, add paired outcomes for more models, or let unproven moves in with --allow-unproven.",
        slug="no-feasible-plan",
    )


FLAGS = {
    "latency": "--latency-p95",
    "cost ceiling": "--cost-ceiling",
    "providers": "--providers",
    "floor": "--floor",
    "evidence": "the evidence",
    "no way to move": "what models can serve",
}


def _binding(board: Board) -> str:
    """Return the limits without any one of which every cohort would have a model."""
    alone = []
    for name in board.forbidden:
        rest = np.stack([mask for other, mask in board.forbidden.items() if other != name])
        if bool(np.all(np.any(~np.any(rest, axis=0), axis=1))):
            alone.append(FLAGS[name])
    together = [FLAGS[name] for name in ("latency", "cost ceiling", "providers") if name in board.forbidden]
    return " or ".join(alone) or " and ".join(together) + " together"


def _said(board: Board, row: int) -> str:
    stays = [name for name, mask in board.forbidden.items() if mask[row, STAY]]
    counts = {name: int(mask[row, 1:].sum()) for name, mask in board.forbidden.items() if mask[row, 1:].any()}
    others = ", ".join(f"{count} by {name}" for name, count in counts.items()) or "there is none"
    return f"its own is ruled out by {' and '.join(stays)}; of {len(board.names)} others: {others}"
