"""Cohorts as units that can be moved: their cells, their cost on each model, and the pairs that cover them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.catalog import Catalog, Offer
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, total
from llmaudit.plans.assigning import Kind
from llmaudit.plans.certify import Arrays, Losses, arrays_of, losses
from llmaudit.plans.evaluate import evaluate_all
from llmaudit.plans.model import Plan, Rule
from llmaudit.plans.quality import Grain, Key, Outcomes
from llmaudit.plans.ratios import Ratios
from llmaudit.plans.traffic import Traffic


@dataclass(frozen=True)
class Unit:
    """The cells of one cohort that one model serves.

    Attributes:
        key: The cohort.
        model: Canonical name of the model that serves it now.
        cells: Its cells, failures among them; the present cost of each is known.
        requests: Requests that got a good answer: those that would move.
    """

    key: Key
    model: str
    cells: list[PricedCell]
    requests: int

    @property
    def spend_usd(self) -> Decimal:
        """What it costs now."""
        return total(priced.spend_usd or ZERO for priced in self.cells)

    @property
    def is_nameable(self) -> bool:
        """Whether a rule can name it: a label that is not known cannot be written down."""
        return None not in self.key


def units_of(cells: Sequence[PricedCell], grain: Grain) -> list[Unit]:
    """Return the units of some cells, the largest spend first; cells of unknown cost are in none."""
    groups: dict[tuple[Key, str], list[PricedCell]] = {}
    for priced in cells:
        if priced.spend_usd is not None:
            groups.setdefault((grain.of(priced.cell), priced.cell.model), []).append(priced)
    units = [
        Unit(key, model, group, sum(priced.cell.requests for priced in group if priced.cell.status == "ok"))
        for (key, model), group in groups.items()
    ]
    return sorted(units, key=lambda unit: (-unit.spend_usd, str(unit.key), unit.model))


@dataclass(frozen=True)
class Costs:
    """What units would cost; floats, for choosing only.

    Attributes:
        now: Shape (units,): US dollars.
        then: Shape (units, targets): on each target, the cells that cannot go there as they are.
        can_move: Shape (units, targets): whether any of its requests can.
        kinds: By target, what a plan that sends everything there makes of the kinds of cells.
        labels: By target, shape (cells,): the kind of each cell, unit after unit.
        ends: Shape (units + 1,): where the cells of each unit begin and end.
    """

    now: Floats
    then: Floats
    can_move: Bools
    kinds: list[list[Kind]]
    labels: list[Ints]
    ends: Ints

    def exact(self, unit: Unit, row: int, column: int) -> Decimal:
        """Return what a unit would cost on a target, exact: the amount that is shown, as a plan would have it."""
        labels = self.labels[column][self.ends[row] : self.ends[row + 1]].tolist()
        return total(_cost(priced, self.kinds[column][label]) for priced, label in zip(unit.cells, labels, strict=True))


def _cost(priced: PricedCell, kind: Kind) -> Decimal:
    if kind.is_paid:
        return priced.spend_usd or ZERO
    return total(leg.expected.of(priced) for leg in kind.placed.legs)


def use_of(offer: Offer) -> str:
    """Return what a plan's rule has to say to mean an offer."""
    return offer.sku.model if offer.sku.model.partition("/")[0] == offer.seller else f"{offer.seller}/{offer.sku.sku}"


def costs_of(units: Sequence[Unit], targets: Sequence[Offer], catalog: Catalog, ratios: Ratios | None = None) -> Costs:
    """Return what each unit costs now and would cost on each target, as a plan that sends everything there has it."""
    flat = [priced for unit in units for priced in unit.cells]
    place = np.repeat(np.arange(len(units)), [len(unit.cells) for unit in units])
    spend = np.array([float(priced.spend_usd or 0) for priced in flat])
    amounts = np.array(
        [[*priced.cell.quantities, float(priced.cell.billed_usd or 0), priced.cell.requests] for priced in flat], float
    )
    then, can_move = np.empty((len(units), len(targets))), np.zeros((len(units), len(targets)), bool)
    plans = [Plan(name="everything", rules=[Rule(use=use_of(target))]) for target in targets]
    kinds_by_target: list[list[Kind]] = []
    labels: list[Ints] = []
    for column, cost in enumerate(evaluate_all(plans, Traffic(flat), catalog, ratios=ratios)):
        label, kinds = cost.assigner.kinds(cost.placer.plan, cost.assigned, cost.placer)
        factors = np.array([_factors(kind) for kind in kinds]).reshape(len(kinds), len(PRICED) + 2)
        paid = np.array([kind.is_paid for kind in kinds], bool)[label] if kinds else np.zeros(0, bool)
        moved = np.array([kind.placed.moved for kind in kinds], bool)[label] if kinds else np.zeros(0, bool)
        costs = np.where(paid, spend, np.einsum("ij,ij->i", amounts, factors[label])) if kinds else spend
        then[:, column] = np.bincount(place, weights=costs, minlength=len(units))
        can_move[:, column] = np.bincount(place, weights=moved, minlength=len(units)) > 0
        kinds_by_target.append(kinds)
        labels.append(label)
    now = np.bincount(place, weights=spend, minlength=len(units)).astype(float)
    ends = np.concatenate([[0], np.cumsum([len(unit.cells) for unit in units])]).astype(np.int64)
    return Costs(now, then, can_move, kinds_by_target, labels, ends)


def _factors(kind: Kind) -> list[float]:
    """Return what a kind's legs cost for one of each amount of a cell."""
    legs = [leg.expected for leg in kind.placed.legs]
    rates = [sum(float(rate) for rate in each) for each in zip(*(leg.rates for leg in legs), strict=True)]
    return [*rates, sum(float(leg.billed_factor) for leg in legs), sum(float(leg.per_request) for leg in legs)]


@dataclass(frozen=True)
class Spoken:
    """The pairs that speak of one move of some units.

    Attributes:
        units: Shape (n,): rows of the units that the model serves now.
        target: Column of the other model.
        cases: Their pairs; `cohort` is a place in `units`.
    """

    units: Ints
    target: int
    cases: Arrays


def spoken(outcomes: Outcomes, units: Sequence[Unit], grain: Grain, targets: Mapping[str, int]) -> list[Spoken]:
    """Return the pairs of every move that a plan may consider, by unit."""
    places: dict[str, dict[Key, int]] = {}
    rows: dict[str, list[int]] = {}
    for row, unit in enumerate(units):
        if unit.is_nameable:
            places.setdefault(unit.model, {})[unit.key] = len(rows.setdefault(unit.model, []))
            rows[unit.model].append(row)
    spoken_moves = []
    for (before, after), cases in sorted(outcomes.pairs.items()):
        if before in places and after in targets:
            known = places[before]
            known_cases = [case for case in cases if grain.key(case.labels) in known]
            cohorts = [known[grain.key(case.labels)] for case in known_cases]
            if known_cases:
                spoken_moves.append(
                    Spoken(np.array(rows[before], np.int64), targets[after], arrays_of(known_cases, cohorts))
                )
    return spoken_moves


@dataclass(frozen=True)
class Table:
    """What pairs say of every unit on every target; arrays of shape (units, targets), nan where no pair speaks.

    Attributes:
        pairs: Pairs.
        clusters: Users, or whatever answers are alike within.
        raw: Loss as seen.
        loss: Expected loss.
        sd: Its standard deviation.
        reach: Standard deviations at which a bound takes it.
        variance: Variance of one pair's loss.
        score: Expected score of the target.
        score_sd: Its standard deviation.
        proven: Whether there are pairs enough.
        moves: The losses by move, for the record.
    """

    pairs: Floats
    clusters: Floats
    raw: Floats
    loss: Floats
    sd: Floats
    reach: Floats
    variance: Floats
    score: Floats
    score_sd: Floats
    proven: Bools
    moves: list[Losses]

    @property
    def worst(self) -> Floats:
        """The loss at which a plan's bound takes each unit."""
        return self.loss + self.reach * self.sd


FIGURES = ("pairs", "clusters", "raw", "loss", "sd", "reach", "variance", "score", "score_sd")


def table_of(spoken_moves: Sequence[Spoken], shape: tuple[int, int], share: float = 1.0) -> Table:
    """Return what pairs say of units; shape is (units, targets), share the part of all pairs that these are."""
    figures = {name: np.full(shape, np.nan) for name in FIGURES}
    figures["pairs"][:] = figures["clusters"][:] = 0
    proven = np.zeros(shape, bool)
    moves = []
    for move in spoken_moves:
        known = losses(move.cases, len(move.units), rivals=len(spoken_moves))
        for name in FIGURES:
            figures[name][move.units, move.target] = getattr(known, name)
        proven[move.units, move.target] = known.proven(share)
        moves.append(known)
    return Table(**figures, proven=proven, moves=moves)
