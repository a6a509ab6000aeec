"""What a cell would cost on another model: a leg, or why it cannot go there.

Plans, the optimiser and the frontier ask the same `Mover`, so that a cell has one price on a model whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.catalog import Catalog, NoRates, Offer, Rates
from llmaudit.catalog.model import Fee
from llmaudit.catalog.units import PIECES, PRICED, SUB_COUNTS
from llmaudit.cells import PricedCell, rates_of
from llmaudit.money import EXACT, ZERO, times
from llmaudit.plans.legs import NOTHING, End, Leg, Linear, Swing, fixed
from llmaudit.plans.model import DIRECT, Assume
from llmaudit.plans.ratios import Band, Ratios

WRITTEN = {"output_tokens", *(name for name, (whole, _) in SUB_COUNTS.items() if whole == "output_tokens")}
"""The quantities that grow with the length of an answer."""


@dataclass(frozen=True)
class Refusal:
    """Why a cell cannot go to a model.

    Attributes:
        reason: A slug: `no-usage`, `no-price`, `context`.
        sentence: The same for people, with the numbers.
    """

    reason: str
    sentence: str


class Mover:
    """Prices cells on other models; rates are looked up once per sku and conditions.

    Args:
        catalog: The prices.
        ratios: What is assumed of other models; None takes the tables.

    Attributes:
        notes: What was assumed that has no band, as sentences, in the order met.
    """

    def __init__(self, catalog: Catalog, ratios: Ratios | None = None) -> None:
        self._catalog = catalog
        self._ratios = ratios or Ratios(catalog)
        self._rates: dict[tuple[object, ...], Rates | NoRates] = {}
        self._fees: dict[str, Decimal] = {}
        self.notes: dict[str, None] = {}

    def rates(self, priced: PricedCell, offer: Offer) -> Rates | NoRates:
        """Return the rates an offer has for a cell, at the cell's own instant, tier, batch flag and prompt band."""
        return rates_of(priced.cell, offer, self._catalog, self._rates)

    def move(
        self, priced: PricedCell, target: Offer, assume: Assume | None = None, via: str | None = None
    ) -> Leg | Refusal:
        """Return what a cell would cost on another model, or why it cannot go there.

        The cost is the target's list price for the tokens it would need, at the cell's own instant and conditions.

        Args:
            priced: A cell with an answer; its usage has to be known.
            target: The other model, as its maker sells it (`Catalog.canonical`).
            assume: What is assumed of the target; None takes the defaults.
            via: A gateway whose percentage is added; None or `direct` adds none.
        """
        if priced.rates is None and priced.cell.usage_status != "reported":
            return Refusal("no-usage", "no usage to reprice")
        rates = self.rates(priced, target)
        if isinstance(rates, NoRates):
            return Refusal("no-price", rates.reason)
        if missing := rates.lacking(priced.cell.quantities):
            return Refusal("no-price", f"{target.sku.model} has no price for {missing}")
        if target.sku.context is not None and priced.cell.prompt_band >= target.sku.context:
            return Refusal("context", f"{target.sku.model} has a context of {target.sku.context} tokens")
        assume = assume or Assume()
        tokens = self._ratios.tokens(priced, target, assume)
        terms = {"tokens": tokens, "output": self._ratios.output(assume, tokens)}
        leg = _routed(target.sku.model, rates, terms)
        for term in terms.values():
            if term.sentence:
                self.notes[term.sentence] = None
        return self.through(leg, via)

    def keep(self, priced: PricedCell, via: str | None = None) -> Leg:
        """Return what a cell costs on its own model: what was paid, or list where it goes direct.

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
        return self.through(Leg("keep", cell.model, paid, paid, paid), via)

    def through(self, leg: Leg, via: str | None) -> Leg:
        """Return a leg with what a gateway adds in percent of the tokens' price, token and top-up fees alike."""
        return leg if via is None or via == DIRECT else leg.scaled(self._factor(via))

    def _factor(self, gateway: str) -> Decimal:
        if gateway not in self._fees:
            fees = [
                fee for fee in self._catalog.fees(gateway) if fee.kind in {"token_pct", "topup_pct"} and _current(fee)
            ]
            added = _added(fees[0]) if fees else ZERO
            self._fees[gateway] = 1 + added
            self.notes[
                f"{gateway} adds {times(added, 100).normalize():f}% to what it passes on"
                if fees
                else f"no percentage that {gateway} adds is in the catalog: counted as nothing"
            ] = None
        return self._fees[gateway]


def _current(fee: Fee) -> bool:
    return fee.pct is not None and fee.valid_to is None


def _added(fee: Fee) -> Decimal:
    """Return a percentage as what is paid on top of 1 dollar of credit.

    Both ways of stating it come to the same: 5% added is 105 paid for 100, and 5% inside is 100 paid for 95.24.
    """
    return EXACT.divide(fee.pct or ZERO, Decimal(100))


def _routed(model: str, rates: Rates, terms: Mapping[str, Band]) -> Leg:
    """Return the leg on another model: all terms as expected, all at their ends, and each at its ends alone."""
    swings = [
        Swing(
            name,
            term.sentence,
            _effective(rates.expected, terms, low=name),
            _effective(rates.expected, terms, high=name),
        )
        for name, term in terms.items()
        if term.is_open
    ]
    return Leg(
        "route",
        model,
        _effective(rates.expected, terms),
        _effective(rates.low, terms, low="all"),
        _effective(rates.high, terms, high="all"),
        tuple(swings),
    )


def _effective(rates: Sequence[Decimal], terms: Mapping[str, Band], low: str = "", high: str = "") -> Linear:
    """Return the target's rates per quantity of the present model.

    Args:
        rates: Of the target.
        terms: The bands.
        low: The term at its cheap end; `all` is every one.
        high: The term at its dear end.
    """

    def value(name: str) -> Decimal:
        end: End = "low" if low in {name, "all"} else "high" if high in {name, "all"} else "expected"
        number: Decimal = getattr(terms[name], end)
        return number

    tokens, output = value("tokens"), value("output")
    return Linear(
        tuple(
            rate if name in PIECES else fixed(times(rate, output if name in WRITTEN else tokens))
            for name, rate in zip(PRICED, rates, strict=True)
        )
    )
