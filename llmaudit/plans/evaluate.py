"""What the same traffic would have cost under a plan.

A leg is one thing a plan pays for on a cell (the request itself, a verification pass). Its cost is linear in what the
cell holds: tokens x rates + billed x factor + requests x fixed. That makes the sum over cells equal to the sum over
requests, whichever is computed (`llmaudit.plans.rows` does the second in SQL).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from llmaudit.catalog import Catalog, NoRates, Offer, Rates
from llmaudit.catalog.model import Fee
from llmaudit.catalog.quote import cost
from llmaudit.catalog.units import PIECES, PRICED, SUB_COUNTS
from llmaudit.cells import PricedCell, rates_of
from llmaudit.money import EXACT, ZERO, round_to, times, total
from llmaudit.plans.model import DIRECT, Plan, Rule, Verify, matches
from llmaudit.request import COUNTERS

RATE_PLACES = 18
"""Effective rates (a rate times ratios and fees) are fixed at 18 decimals: the most that fits beside a count in SQL."""

FACTOR_PLACES = 6
"""A billed amount has 12 decimals; a factor of 6 keeps its product within the same 18."""

RATIO_PLACES = 4
LOW_OUTPUT, HIGH_OUTPUT = Decimal("0.5"), Decimal("1.7")
"""Band of the output length of another model: measured pairs of models range from 0.32 to 1.73 (docs/plans.md)."""

Move = tuple[int | None, str, str | None]
"""A tier, the canonical model that serves it now, and the one that would."""

NOTHING: tuple[Decimal, ...] = (ZERO,) * len(PRICED)
WRITTEN = {"output_tokens", *(name for name, (whole, _) in SUB_COUNTS.items() if whole == "output_tokens")}
"""The quantities that grow with the length of an answer."""


@dataclass(frozen=True)
class Linear:
    """A cost as a linear function of a cell or a request.

    Attributes:
        rates: US dollars per one of each quantity, in the order of `PRICED`.
        billed_factor: Times the billed amount.
        per_request: US dollars per request.
    """

    rates: tuple[Decimal, ...] = NOTHING
    billed_factor: Decimal = ZERO
    per_request: Decimal = ZERO

    def of(self, priced: PricedCell) -> Decimal:
        """Return the exact cost of a cell."""
        cell = priced.cell
        return total(
            (
                cost(cell.quantities, self.rates),
                times(cell.billed_usd or ZERO, self.billed_factor),
                times(self.per_request, cell.requests),
            )
        )

    def scaled(self, factor: Decimal) -> Linear:
        """Return the function times a factor."""
        return Linear(
            tuple(_fixed(times(rate, factor)) for rate in self.rates),
            round_to(times(self.billed_factor, factor), FACTOR_PLACES),
            _fixed(times(self.per_request, factor)),
        )


@dataclass(frozen=True)
class Leg:
    """One thing a plan pays for on one cell.

    Attributes:
        kind: keep, route or verify.
        model: The canonical model that does it; None where a ratio stands for it.
        expected: Its cost with the stated assumptions.
        low: With the assumptions at their cheap ends.
        high: With the assumptions at their dear ends.
    """

    kind: Literal["keep", "route", "verify"]
    model: str | None
    expected: Linear
    low: Linear
    high: Linear

    def scaled(self, factor: Decimal, kind: Literal["keep", "route", "verify"] | None = None) -> Leg:
        """Return the leg times a factor."""
        parts = (part.scaled(factor) for part in (self.expected, self.low, self.high))
        return Leg(kind or self.kind, self.model, *parts)


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
        certified: Moves whose answers a shadow test has shown to hold: tier, model now, model then.
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
    certified: frozenset[Move] = frozenset()

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
            if one.moved and leg.kind == "route" and (_move(one, leg) in self.certified) == certified
        )


def evaluate(
    plan: Plan, cells: Iterable[PricedCell], catalog: Catalog, certified: frozenset[Move] = frozenset()
) -> PlanCost:
    """Return what a plan would have cost on the traffic of some cells.

    Cells whose present cost is unknown are left out of both sides and counted.

    Args:
        plan: The plan.
        cells: The traffic.
        catalog: The prices.
        certified: Moves whose answers a shadow test has shown to hold.
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
        assumptions=tuple(dict.fromkeys(router.assumptions)),
        certified=certified,
    )


def _move(placed: Placed, leg: Leg) -> Move:
    return placed.priced.cell.tier, placed.priced.cell.model, leg.model


def _spend(priced: PricedCell) -> Decimal:
    return priced.spend_usd if priced.spend_usd is not None else ZERO


def _cost(placed: Placed) -> Decimal:
    return total(leg.expected.of(placed.priced) for leg in placed.legs)


class _Router:
    """Places cells by a plan's rules; rates are looked up once per sku and conditions."""

    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self._plan = plan
        self._catalog = catalog
        self._known: dict[tuple[object, ...], Rates | NoRates] = {}
        self.assumptions: list[str] = []

    def place(self, priced: PricedCell) -> Placed:
        """Return where the first matching rule puts a cell."""
        for number, rule in enumerate(self._plan.rules, start=1):
            if matches(rule.when, priced):
                return self._apply(number, rule, priced)
        return Placed(priced, None, (self._kept(priced, self._plan.via),))

    def _apply(self, number: int, rule: Rule, priced: PricedCell) -> Placed:
        via = rule.via or self._plan.via
        target = self._catalog.canonical(rule.use) if rule.use else None
        routed: Leg | str | None = None
        if target is not None and target.sku.model != priced.cell.model and priced.cell.status == "ok":
            routed = self._routed(rule, target, priced, via)
        leg = routed if isinstance(routed, Leg) else self._kept(priced, via)
        return Placed(
            priced,
            number,
            (leg, *self._verified(rule.verify, leg, priced)) if rule.verify else (leg,),
            moved=isinstance(routed, Leg),
            refused=routed if isinstance(routed, str) else None,
        )

    def _kept(self, priced: PricedCell, via: str | None) -> Leg:
        """The same model: what was paid, or the provider's list price where the plan goes direct.

        What is paid now is the same on both sides of the comparison, so it has no band; a list price that replaces a
        bill has one where a condition is unknown.
        """
        cell, rates = priced.cell, priced.rates
        if via == DIRECT and cell.gateway and cell.billed_kind and rates:
            direct = Linear(rates=rates.expected)
            return Leg("keep", cell.model, direct, direct, Linear(rates=rates.high))
        paid = (
            Linear(billed_factor=Decimal(1)) if cell.billed_kind else Linear(rates=rates.expected if rates else NOTHING)
        )
        leg = Leg("keep", cell.model, paid, paid, paid)
        return leg.scaled(self._fee_factor(via)) if via and via != DIRECT else leg

    def _routed(self, rule: Rule, target: Offer, priced: PricedCell, via: str | None) -> Leg | str:
        """Another model: its list price for the tokens it would need. A reason where it cannot serve the cell."""
        if priced.rates is None and priced.cell.usage_status != "reported":
            return "no usage to reprice"
        rates = rates_of(priced.cell, target, self._catalog, self._known)
        if isinstance(rates, NoRates):
            return rates.reason
        if missing := rates.lacking(priced.cell.quantities):
            return f"{target.sku.model} has no price for {missing}"
        if target.sku.context is not None and priced.cell.prompt_band >= target.sku.context:
            return f"{target.sku.model} has a context of {target.sku.context} tokens"
        ratio = self._token_ratio(rule, target, priced)
        output = rule.assume.output_ratio
        leg = Leg(
            "route",
            target.sku.model,
            Linear(rates=_effective(rates.expected, ratio, output)),
            Linear(rates=_effective(rates.low, ratio, output * LOW_OUTPUT)),
            Linear(rates=_effective(rates.high, ratio, output * HIGH_OUTPUT)),
        )
        self.assumptions.append(
            f"output length of another model: x{output} (low x{output * LOW_OUTPUT}, high x{output * HIGH_OUTPUT})"
        )
        return leg.scaled(self._fee_factor(via)) if via and via != DIRECT else leg

    def _token_ratio(self, rule: Rule, target: Offer, priced: PricedCell) -> Decimal:
        """Tokens of the target per token of the current model on ordinary text; 1 where a family is not known."""
        if rule.assume.token_ratio is not None:
            return rule.assume.token_ratio
        families = self._catalog.tokenizers
        here = families.get(priced.offer.sku.tokenizer or "") if priced.offer else None
        there = families.get(target.sku.tokenizer or "")
        if here is None or there is None:
            self.assumptions.append(f"tokenizer of {priced.cell.model} or {target.sku.model} not known: token ratio 1")
            return Decimal(1)
        ratio = round_to(EXACT.divide(there.ratio_to_o200k["latin"], here.ratio_to_o200k["latin"]), RATIO_PLACES)
        if ratio != 1:
            self.assumptions.append(
                f"{target.sku.model} needs x{ratio} the tokens of {priced.cell.model} on the same text"
            )
        return ratio

    def _verified(self, verify: Verify, leg: Leg, priced: PricedCell) -> Iterator[Leg]:
        """The verification pass of a leg that gave an answer."""
        if priced.cell.status != "ok":
            return
        if verify.cost_ratio is not None:
            self.assumptions.append(f"verification costs x{verify.cost_ratio} of the request itself")
            yield leg.scaled(verify.cost_ratio * verify.share, "verify")
            return
        judge = self._catalog.canonical(verify.use or "")
        rates = rates_of(priced.cell, judge, self._catalog, self._known) if judge else NoRates("not in the catalog")
        if isinstance(rates, NoRates):
            self.assumptions.append(
                f"verification by {verify.use} is in no figure where it has no price: {rates.reason}"
            )
        elif judge is not None:
            parts = (_judged(factors, verify.output_tokens) for factors in (rates.expected, rates.low, rates.high))
            yield Leg("verify", judge.sku.model, *parts).scaled(verify.share)

    def _fee_factor(self, gateway: str) -> Decimal:
        """1 + what a gateway adds in percent of the tokens' price, token fees and top-up fees alike."""
        fees = [fee for fee in self._catalog.fees(gateway) if fee.kind in {"token_pct", "topup_pct"} and _current(fee)]
        if not fees:
            self.assumptions.append(f"no percentage that {gateway} adds is in the catalog: counted as nothing")
            return Decimal(1)
        added = _added(fees[0])
        self.assumptions.append(f"{gateway} adds {times(added, 100).normalize():f}% to what it passes on")
        return 1 + added


def _current(fee: Fee) -> bool:
    return fee.pct is not None and fee.valid_to is None


def _added(fee: Fee) -> Decimal:
    """Return a percentage as what is paid on top of 1 dollar of credit.

    Both ways of stating it come to the same: 5% added is 105 paid for 100, and 5% inside is 100 paid for 95.24.
    """
    return EXACT.divide(fee.pct or ZERO, Decimal(100))


def _effective(rates: Sequence[Decimal], token_ratio: Decimal, output_ratio: Decimal) -> tuple[Decimal, ...]:
    """Return rates per quantity of the present model: tokens by their ratio, what is written by its length too."""
    return tuple(
        rate
        if name in PIECES
        else _fixed(times(rate, times(token_ratio, output_ratio) if name in WRITTEN else token_ratio))
        for name, rate in zip(PRICED, rates, strict=True)
    )


def _judged(rates: Sequence[Decimal], verdict_tokens: int) -> Linear:
    """A judge reads the whole prompt and the answer as uncached input, and writes a verdict."""
    by_name = dict(zip(PRICED, rates, strict=True))
    reading = tuple(by_name["input_tokens"] if name in COUNTERS else ZERO for name in PRICED)
    fixed = times(by_name["output_tokens"], verdict_tokens) + by_name["requests"]
    return Linear(reading, per_request=fixed)


def _fixed(rate: Decimal) -> Decimal:
    return round_to(rate, RATE_PLACES)
