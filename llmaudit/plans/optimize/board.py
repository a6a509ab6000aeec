"""All possible choices: cohorts by models, with the cost and possible loss of each, and the limits that forbid it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from llmaudit.arrays import Bools, Floats
from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.plans.optimize.limits import ALL_TIERS, Latency, Limits
from llmaudit.plans.optimize.problem import STAY
from llmaudit.plans.optimize.units import Costs, Spoken, Table, Unit, costs_of, spoken, table_of, units_of
from llmaudit.plans.quality import Grain, Outcomes, best_grain
from llmaudit.plans.ratios import Ratios

FLOOR_SURE = 1.6448536269514722
"""Normal quantile for a score to count as above the floor: 95%, one-sided."""


@dataclass(frozen=True)
class Board:
    """Everything that determines a choice, whatever the margin.

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
        return table_of(self.spoken, self.shape)

    @property
    def shape(self) -> tuple[int, int]:
        """Units and targets."""
        return len(self.units), len(self.targets)

    def models_of(self, unit: Unit) -> list[str]:
        """Return the models that a unit may be on, by column: its own one first."""
        return [unit.model, *self.names]


def board_of(
    cells: Sequence[PricedCell],
    catalog: Catalog,
    outcomes: Outcomes | None,
    latency: Latency,
    limits: Limits,
    grain: Grain | None = None,
    ratios: Ratios | None = None,
) -> Board:
    """Return everything that determines a choice.

    Args:
        cells: The traffic.
        catalog: The prices.
        outcomes: Paired outcomes; None where there are none.
        latency: Of the log's own answers.
        limits: What a plan has to keep.
        grain: What cohorts are; None is chosen by what the outcomes can bear.
        ratios: What is known of models beside their prices; None takes the tables.
    """
    cohorts = grain or (best_grain(outcomes) if outcomes else Grain(("tier",)))
    free = [priced for priced in cells if priced.cell.tier not in limits.keep_tiers]
    units = units_of(free, cohorts)
    targets, left_out = _targets(units, outcomes, limits, catalog)
    good = sum(priced.cell.requests for priced in cells if priced.cell.status == "ok" and priced.spend_usd is not None)
    columns = {target.sku.model: column for column, target in enumerate(targets)}
    board = Board(
        grain=cohorts,
        units=units,
        targets=targets,
        weights=np.array([unit.requests / max(good, 1) for unit in units], float),
        costs=costs_of(units, targets, catalog, ratios),
        forbidden={},
        spoken=spoken(outcomes, units, cohorts, columns) if outcomes else [],
        limits=limits,
        metric=outcomes.metric if outcomes else None,
        left_out=left_out,
    )
    return replace(board, forbidden=_forbidden(board, latency))


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
            left_out[name] = "is from a provider that is not allowed"
        else:
            offers.append(offer)
    return offers, left_out


def _forbidden(board: Board, latency: Latency) -> dict[str, Bools]:
    """Return what each limit forbids, in the order in which `result.Chosen.stays` names reasons."""
    limits = board.limits
    requests = np.array([unit.requests for unit in board.units], float)
    forbidden = {"no way to move": with_stay(_cannot_move(board)), "evidence": with_stay(_lacks_evidence(board))}
    if limits.floor is not None:
        surely = board.table.score - FLOOR_SURE * board.table.score_sd
        forbidden["floor"] = with_stay(~(surely >= limits.floor))  # an unknown score (nan) is above no floor
    if limits.latency_p95_ms is not None:
        forbidden["latency"] = _too_slow(board, latency, limits.latency_p95_ms)
    if limits.cost_ceiling_usd is not None:
        cost = np.column_stack([board.costs.now, board.costs.then])
        forbidden["cost ceiling"] = cost / np.maximum(requests, 1).reshape(-1, 1) > float(limits.cost_ceiling_usd)
    if limits.providers is not None:
        forbidden["providers"] = _by_other_makers(board, limits.providers)
    for mask in forbidden.values():
        mask[requests == 0, STAY] = False  # nothing but failures: no answer that a limit could speak of
    return forbidden


def _cannot_move(board: Board) -> Bools:
    """Return moves that no rule can name, that no cell bears, or that are none. Shape (units, targets)."""
    same = np.array([[name == unit.model for name in board.names] for unit in board.units], bool)
    nameable = np.array([unit.is_nameable for unit in board.units], bool)
    impossible: Bools = same.reshape(board.shape) | ~board.costs.can_move | ~nameable[:, None]
    return impossible


def _lacks_evidence(board: Board) -> Bools:
    """Return moves that outcomes do not prove, but for those that may go unproven. Shape (units, targets)."""
    proven = board.table.proven
    if not board.limits.allow_unproven:
        return np.logical_not(proven)
    none_proven = np.logical_not(np.any(proven, axis=1, keepdims=True))
    unproven: Bools = none_proven & ~(board.table.pairs >= 1)
    return np.logical_not(np.logical_or(proven, unproven))


def _too_slow(board: Board, latency: Latency, budget_ms: float) -> Bools:
    """Return what is over a latency budget, or of unknown latency. Shape (units, 1 + targets)."""
    slow = [
        [not _p95(latency, board.grain, unit, model) <= budget_ms for model in board.models_of(unit)]
        for unit in board.units
    ]
    return np.array(slow, bool).reshape(len(board.units), 1 + len(board.names))


def _by_other_makers(board: Board, makers: tuple[str, ...]) -> Bools:
    """Return the choices of makers that are not allowed. Shape (units, 1 + targets)."""
    others = [[model.partition("/")[0] not in makers for model in board.models_of(unit)] for unit in board.units]
    return np.array(others, bool).reshape(len(board.units), 1 + len(board.names))


def with_stay(mask: Bools) -> Bools:
    """Return a mask of moves with the column of staying, which it never forbids."""
    return np.column_stack([np.zeros(len(mask), bool), mask])


def _p95(latency: Latency, grain: Grain, unit: Unit, model: str) -> float:
    """Return a model's 95th percentile for a unit; nan, which meets no budget, if the log does not show it."""
    tier = dict(zip(grain.labels, unit.key, strict=True)).get("tier", ALL_TIERS)
    return latency.get((model, tier if tier is None or isinstance(tier, int) else ALL_TIERS), float("nan"))
