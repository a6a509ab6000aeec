"""What the same traffic would have cost under a plan.

A leg is one thing a plan pays for on a cell (the request itself, a verification pass). Its cost is linear in what the
cell holds: tokens x rates + billed x factor + requests x fixed. That makes the sum over cells equal to the sum over
requests, whichever is computed (`llmaudit.plans.rows` does the second in SQL).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from llmaudit.catalog import Catalog, NoRates
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, times, total
from llmaudit.plans.legs import Leg, Linear
from llmaudit.plans.model import Plan, Rule, Verify, matches
from llmaudit.plans.moving import Mover, Refusal
from llmaudit.plans.quality import CohortMove, proven
from llmaudit.request import COUNTERS

Move = tuple[int | None, str, str | None]
"""A tier, the canonical model that serves it now, and the one that would."""


@dataclass(frozen=True)
class Placed:
    """Where a plan puts one cell: its legs, and why it could not be moved where a rule wanted to."""

    priced: PricedCell
    rule: int | None
    legs: tuple[Leg, ...]
    moved: bool = False
    refused: str | None = None


@dataclass(frozen=True)
class PlanCost:
    """A plan's cost over all cells whose present cost is known.

    Attributes:
        plan: The plan.
        placed: Every such cell with its legs.
        actual_usd: What the same cells cost now.
        cost_usd: What they would cost.
        low_usd: With the assumptions at their cheap ends.
        high_usd: With the assumptions at their dear ends.
        unknown_requests: Requests that are left out because their present cost is not known.
        refused: Requests a rule wanted to move but could not, by reason.
        assumptions: Sentences.
        certified: Moves whose answers outcomes have shown to hold, by tier or by cohort.
    """

    plan: Plan
    placed: list[Placed]
    actual_usd: Decimal
    cost_usd: Decimal
    low_usd: Decimal
    high_usd: Decimal
    unknown_requests: int
    refused: dict[str, int] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    certified: frozenset[Move | CohortMove] = frozenset()

    @property
    def moved_requests(self) -> int:
        """Requests that another model would answer."""
        return sum(placed.priced.cell.requests for placed in self.placed if placed.moved)

    @property
    def verification_usd(self) -> Decimal:
        """What the plan's verification passes cost."""
        return total(leg.expected.of(one.priced) for one in self.placed for leg in one.legs if leg.kind == "verify")

    @property
    def unproven_usd(self) -> Decimal:
        """The part of the saving that rests on another model's answers, whose quality no outcome here has proven."""
        return self._saved_by_moving(certified=False)

    @property
    def certified_usd(self) -> Decimal:
        """The part of the saving that rests on another model's answers, which a shadow test has shown to hold."""
        return self._saved_by_moving(certified=True)

    def _saved_by_moving(self, *, certified: bool) -> Decimal:
        return total(
            _spend(one.priced) - leg.expected.of(one.priced)
            for one in self.placed
            for leg in one.legs
            if one.moved and leg.kind == "route" and proven(self.certified, one.priced.cell, leg.model) == certified
        )


def evaluate(
    plan: Plan,
    cells: Iterable[PricedCell],
    catalog: Catalog,
    certified: frozenset[Move | CohortMove] = frozenset(),
) -> PlanCost:
    """Return what a plan would have cost on the traffic of some cells.

    Cells whose present cost is unknown are left out of both sides and counted.

    Args:
        plan: The plan.
        cells: The traffic.
        catalog: The prices.
        certified: Moves whose answers outcomes have shown to hold, by tier or by cohort.
    """
    every = list(cells)
    known = [priced for priced in every if priced.spend_usd is not None]
    router = _Router(plan, catalog)
    placed = [router.place(priced) for priced in known]
    refused: dict[str, int] = {}
    for one in placed:
        if one.refused:
            refused[one.refused] = refused.get(one.refused, 0) + one.priced.cell.requests
    return PlanCost(
        plan=plan,
        placed=placed,
        actual_usd=total(_spend(priced) for priced in known),
        cost_usd=total(_cost(one) for one in placed),
        low_usd=total(leg.low.of(one.priced) for one in placed for leg in one.legs),
        high_usd=total(leg.high.of(one.priced) for one in placed for leg in one.legs),
        unknown_requests=sum(priced.cell.requests for priced in every if priced.spend_usd is None),
        refused=dict(sorted(refused.items())),
        assumptions=tuple(router.mover.notes),
        certified=certified,
    )


def _spend(priced: PricedCell) -> Decimal:
    return priced.spend_usd if priced.spend_usd is not None else ZERO


def _cost(placed: Placed) -> Decimal:
    return total(leg.expected.of(placed.priced) for leg in placed.legs)


class _Router:
    """Places cells by a plan's rules."""

    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self._plan = plan
        self._catalog = catalog
        self.mover = Mover(catalog)

    def place(self, priced: PricedCell) -> Placed:
        """Return where the first matching rule puts a cell."""
        for number, rule in enumerate(self._plan.rules, start=1):
            if matches(rule.when, priced):
                return self._apply(number, rule, priced)
        return Placed(priced, None, (self.mover.keep(priced, self._plan.via),))

    def _apply(self, number: int, rule: Rule, priced: PricedCell) -> Placed:
        via = rule.via or self._plan.via
        target = self._catalog.canonical(rule.use) if rule.use else None
        routed: Leg | Refusal | None = None
        if target is not None and target.sku.model != priced.cell.model and priced.cell.status == "ok":
            routed = self.mover.move(priced, target, rule.assume, via)
        leg = routed if isinstance(routed, Leg) else self.mover.keep(priced, via)
        return Placed(
            priced,
            number,
            (leg, *self._verified(rule.verify, leg, priced)) if rule.verify else (leg,),
            moved=isinstance(routed, Leg),
            refused=routed.sentence if isinstance(routed, Refusal) else None,
        )

    def _verified(self, verify: Verify, leg: Leg, priced: PricedCell) -> Iterator[Leg]:
        """The verification pass of a leg that gave an answer."""
        if priced.cell.status != "ok":
            return
        if verify.cost_ratio is not None:
            self.mover.notes[f"verification costs x{verify.cost_ratio} of the request itself"] = None
            yield leg.scaled(verify.cost_ratio * verify.share, "verify")
            return
        judge = self._catalog.canonical(verify.use or "")
        rates = self.mover.rates(priced, judge) if judge else NoRates("not in the catalog")
        if isinstance(rates, NoRates):
            self.mover.notes[f"verification by {verify.use} is in no figure where it has no price: {rates.reason}"] = (
                None
            )
        elif judge is not None:
            every = (rates.expected, rates.low, rates.high)
            expected, low, high = (_judged(factors, verify.output_tokens) for factors in every)
            yield Leg("verify", judge.sku.model, expected, low, high).scaled(verify.share)


def _judged(rates: Sequence[Decimal], verdict_tokens: int) -> Linear:
    """A judge reads the whole prompt and the answer as uncached input, and writes a verdict."""
    by_name = dict(zip(PRICED, rates, strict=True))
    reading = tuple(by_name["input_tokens"] if name in COUNTERS else ZERO for name in PRICED)
    fixed = times(by_name["output_tokens"], verdict_tokens) + by_name["requests"]
    return Linear(reading, per_request=fixed)
