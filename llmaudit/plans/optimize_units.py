"""Cohorts as a plan can move them: their cells, what each would cost on each model, and which pairs speak of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from llmaudit.catalog import Catalog, Offer
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, total
from llmaudit.plans.certify import Arrays, Bools, Floats, Ints, Losses, arrays_of, losses
from llmaudit.plans.legs import Leg
from llmaudit.plans.moving import Mover, Refusal
from llmaudit.plans.quality import Grain, Key, Outcomes


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
        Unit(key, model, group, sum(one.cell.requests for one in group if one.cell.status == "ok"))
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
        legs: By target and kind of cell, the leg or why there is none.
        kinds: By unit, the kind of each of its cells.
    """

    now: Floats
    then: Floats
    can_move: Bools
    legs: list[list[Leg | Refusal]]
    kinds: list[Ints]

    def exact(self, unit: Unit, row: int, column: int) -> Decimal:
        """Return what a unit would cost on a target, exact: the amount that is shown, as a plan would have it."""
        legs = self.legs[column]
        return total(
            _cost(priced, legs[kind]) for priced, kind in zip(unit.cells, self.kinds[row].tolist(), strict=True)
        )


def _cost(priced: PricedCell, leg: Leg | Refusal) -> Decimal:
    return leg.expected.of(priced) if isinstance(leg, Leg) and priced.cell.status == "ok" else priced.spend_usd or ZERO


def costs_of(units: Sequence[Unit], targets: Sequence[Offer], catalog: Catalog) -> Costs:
    """Return what each unit costs now and would cost on each target, by the `Mover` that prices plans."""
    flat = [priced for unit in units for priced in unit.cells]
    place = np.repeat(np.arange(len(units)), [len(unit.cells) for unit in units])
    spend = np.array([float(priced.spend_usd or 0) for priced in flat])
    amounts = np.array([[*priced.cell.quantities, float(priced.cell.billed_usd or 0)] for priced in flat], float)
    good = np.array([priced.cell.status == "ok" for priced in flat], bool)
    alike = [_conditions(priced) for priced in flat]
    numbers: dict[Any, int] = {}
    kind = np.array([numbers.setdefault(one, len(numbers)) for one in alike], np.int64)
    example = dict(zip(kind.tolist(), flat, strict=True))
    mover = Mover(catalog)
    then, can_move = np.empty((len(units), len(targets))), np.zeros((len(units), len(targets)), bool)
    every: list[list[Leg | Refusal]] = []
    for column, target in enumerate(targets):
        legs = [mover.move(example[number], target) for number in range(len(numbers))]
        moves = np.array([isinstance(leg, Leg) for leg in legs], bool)[kind] & good if legs else good
        rates = np.array([_rates(leg) if isinstance(leg, Leg) else [0.0] * amounts.shape[1] for leg in legs])
        fixed = np.array([float(leg.expected.per_request) if isinstance(leg, Leg) else 0.0 for leg in legs])
        requests = np.array([priced.cell.requests for priced in flat])
        moved = np.einsum("ij,ij->i", amounts, rates[kind]) + fixed[kind] * requests if legs else spend
        then[:, column] = np.bincount(place, weights=np.where(moves, moved, spend), minlength=len(units))
        can_move[:, column] = np.bincount(place, weights=moves, minlength=len(units)) > 0
        every.append(legs)
    now = np.bincount(place, weights=spend, minlength=len(units)).astype(float)
    ends = np.cumsum([len(unit.cells) for unit in units])
    return Costs(now, then, can_move, every, np.split(kind, ends[:-1]) if units else [])


def _conditions(priced: PricedCell) -> Any:
    """Return everything a move's rates depend on: cells that share it share their leg."""
    cell = priced.cell
    return (
        priced.offer.key if priced.offer else None,
        priced.rates is None,
        cell.model,
        cell.usage_status,
        cell.day is None,
        cell.price_slot,
        cell.prompt_band,
        cell.service_tier,
        cell.is_batch,
        cell.region_class,
        cell.slot_by,
        cell.is_thinking,
        cell.needs_tools,
        cell.needs_json,
        cell.needs_images,
        cell.has_pii,
        tuple(count > 0 for count in cell.quantities),
    )


def _rates(leg: Leg) -> list[float]:
    return [*map(float, leg.expected.rates), float(leg.expected.billed_factor)]


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
    found = []
    for (before, after), cases in sorted(outcomes.pairs.items()):
        if before in places and after in targets:
            known = places[before]
            kept = [case for case in cases if grain.key(case.labels) in known]
            cohorts = [known[grain.key(case.labels)] for case in kept]
            if kept:
                found.append(Spoken(np.array(rows[before], np.int64), targets[after], arrays_of(kept, cohorts)))
    return found


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


def table_of(every: Sequence[Spoken], shape: tuple[int, int], share: float = 1.0) -> Table:
    """Return what pairs say of units; shape is (units, targets), share the part of all pairs that these are."""
    found = {name: np.full(shape, np.nan) for name in FIGURES}
    found["pairs"][:] = found["clusters"][:] = 0
    proven = np.zeros(shape, bool)
    moves = []
    for one in every:
        known = losses(one.cases, len(one.units), rivals=len(every))
        for name in FIGURES:
            found[name][one.units, one.target] = getattr(known, name)
        proven[one.units, one.target] = known.proven(share)
        moves.append(known)
    return Table(**found, proven=proven, moves=moves)
