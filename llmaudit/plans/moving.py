"""What a cell would cost on another model: a leg, or the reason why it cannot move there.

Plans, the optimizer and the frontier all ask the same `Mover`, so a cell has one price on a model whoever asks. The
answer depends on four things, which can be asked for separately so that many cells are handled at once: the prices
under the cell's conditions (`prices`), the assumptions (`Ratios.known`), the needs of the cell (`needs`), and the
quantities that it holds (`Prices.lacking`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog, NoRates, Offer, Rates
from llmaudit.catalog.model import Fee
from llmaudit.cells import Cell, PricedCell, rates_of
from llmaudit.money import EXACT, ZERO, times
from llmaudit.plans import caching
from llmaudit.plans.bands import ONE, UNKNOWN, Band
from llmaudit.plans.legs import NOTHING, Leg, Linear, Swing
from llmaudit.plans.model import DIRECT, Assume
from llmaudit.plans.prices import Prices
from llmaudit.plans.ratios import Ratios
from llmaudit.plans.routing import routed
from llmaudit.request import GATEWAY_CACHE


@dataclass(frozen=True)
class Refusal:
    """Why a cell cannot go to a model.

    Attributes:
        reason: A slug: `no-usage`, `no-price`, `context`, `tools`, `json`, `images`, `pii`, `provider`, `seller`,
            `needs-unknown`, `retired`, `no-candidate`, `gateway-cache`.
        sentence: The same for people, with the numbers.
    """

    reason: str
    sentence: str


class Mover:
    """Prices cells on other models; rates are looked up once per sku and conditions.

    Args:
        catalog: The prices.
        ratios: What is known about models beside their prices; None uses the tables.
    """

    def __init__(self, catalog: Catalog, ratios: Ratios | None = None) -> None:
        self.ratios = ratios or Ratios(catalog)
        self._catalog = catalog
        self._prices: dict[tuple[object, ...], Prices] = {}
        self._fees: dict[str, tuple[Decimal, str]] = {}
        self._routes: dict[tuple[object, ...], Leg] = {}

    def move(
        self,
        priced: PricedCell,
        target: Offer,
        assume: Assume | None = None,
        via: str | None = None,
        *,
        batch: bool = False,
        lost: Band | None = None,
    ) -> Leg | Refusal:
        """Return what a cell would cost on another model, or why it cannot go there.

        The cost is the target's list price for the tokens it would need, at the cell's own instant and conditions.

        Args:
            priced: A cell with an answer; its usage has to be known.
            target: The other model, as its maker sells it (`Catalog.canonical`).
            assume: Assumptions about the target; None uses what is measured, else the tables.
            via: A gateway whose percentage is added; None or `direct` adds none.
            batch: Whether it goes through the batch interface.
            lost: Share of cached tokens to be read anew; None uses what `assume` states, else the table.
        """
        refused = self.needs(priced, target)
        if isinstance(refused, Refusal):
            return refused
        prices = self.prices(priced, target, batch=batch)
        if isinstance(prices, Refusal):
            return prices
        if missing := prices.lacking(priced.cell.quantities):
            return Refusal("no-price", f"{target.sku.model} has no price for {missing}")
        assume = assume or Assume()
        known = self.ratios.stated(self.ratios.known(priced, target), assume)
        lost = lost or caching.lost(None, assume, target.sku.model)
        key = (target.key, id(prices), known, lost, via, refused)
        if key not in self._routes:
            leg = routed(target.sku.model, prices, known, lost)
            self._routes[key] = self.through(leg.noted(*refused, *known.notes, *_region(target, prices)), via)
        return self._routes[key]

    def needs(self, priced: PricedCell, target: Offer) -> Refusal | tuple[str, ...]:
        """Return why a model cannot serve a cell, or what is not known about it: unknown never counts as no."""
        cell, model = priced.cell, target.sku.model
        if cell.usage_status == GATEWAY_CACHE:
            return Refusal("gateway-cache", "the gateway answered from its own cache, so no model was called")
        if priced.rates is None and cell.usage_status != "reported":
            return Refusal("no-usage", "no usage to reprice")
        if cell.tokens[-1] and self._catalog.is_too_long(cell.prompt_band, target):
            return Refusal("context", f"{model} has a context of {target.sku.context} tokens")
        able = self._catalog.abilities(model)
        unknown = []
        for name in needed(cell):
            can = getattr(able, name)
            if can is False:
                return Refusal(name, f"{model} does not support {ABILITIES[name]}")
            if can is None:
                unknown.append(f"{UNKNOWN}{model} supports {ABILITIES[name]}")
        return tuple(unknown)

    def prices(self, priced: PricedCell, target: Offer, *, batch: bool = False) -> Prices | Refusal:
        """Return the rates an offer has for a cell: at the cell's instant, tier, batch flag, region and prompt band."""
        retired = target.sku.retired_at
        if retired is not None and priced.cell.price_slot >= retired:
            return Refusal("retired", f"{target.sku.model} was retired on {retired:%Y-%m-%d}")
        cell = msgspec.structs.replace(priced.cell, is_batch=True) if batch else priced.cell
        rates = rates_of(cell, target, self._catalog)
        if isinstance(rates, NoRates):
            return Refusal("no-price", rates.reason)
        key = (rates.expected, rates.low, rates.high, frozenset(rates.used), rates.assumptions)
        return self._prices.setdefault(key, Prices(*key))

    def keep(self, priced: PricedCell, via: str | None = None) -> Leg:
        """Return what a cell costs on its own model: what was paid, or list where it goes direct.

        What is paid now is the same on both sides of the comparison and has no band. A list price that replaces a bill
        has one if a condition is unknown.

        Args:
            priced: A cell whose present cost is known.
            via: A gateway whose percentage is added, or `direct`.
        """
        cell, rates = priced.cell, priced.rates
        if via == DIRECT and cell.gateway and cell.billed_kind and rates:
            return self._at_list(cell.model, rates)
        paid = Linear(billed_factor=ONE) if cell.billed_kind else Linear(rates=rates.expected if rates else NOTHING)
        return self.through(Leg.certain("keep", cell.model, paid), via)

    def _at_list(self, model: str, rates: Rates) -> Leg:
        direct, dear = Linear(rates=rates.expected), Linear(rates=rates.high)

        def swings() -> tuple[Swing, ...]:
            return (Swing("price conditions", "; ".join(rates.assumptions), direct, dear),) if direct != dear else ()

        return Leg("keep", model, direct, direct, dear, swings)

    def batched(self, priced: PricedCell, via: str | None = None) -> Leg | Refusal:
        """Return what a cell costs on its own model through the batch interface, or why it cannot go there.

        The billed amount is scaled like the list price if that changes by one factor for all quantities; else the list
        price is used.

        Args:
            priced: A cell whose present cost is known; one that is a batch already keeps what it costs.
            via: A gateway whose percentage is added, or `direct`.
        """
        if priced.cell.is_batch:
            return self.keep(priced, via)
        cell, rates = priced.cell, priced.rates
        if rates is None or priced.offer is None or cell.status != "ok":
            return Refusal("no-usage", "no usage to reprice")
        prices = self.prices(priced, priced.offer, batch=True)
        if isinstance(prices, Refusal):
            return prices
        if missing := prices.lacking(cell.quantities):
            return Refusal("no-price", f"{cell.model} has no price for {missing}")
        share = _same_share(prices.expected, rates.expected)
        if cell.billed_kind and share is not None and via != DIRECT:
            paid = Linear(billed_factor=share)
            return self.through(Leg.certain("keep", cell.model, paid), via)
        direct, dear = Linear(rates=prices.expected), Linear(rates=prices.high)
        return self.through(Leg("keep", cell.model, direct, direct, dear), via)

    def through(self, leg: Leg, via: str | None) -> Leg:
        """Return a leg including the percentage that a gateway adds to the price of tokens, as token or top-up fee."""
        if via is None or via == DIRECT:
            return leg
        if via not in self._fees:
            self._fees[via] = self._fee(via)
        factor, note = self._fees[via]
        return leg.scaled(factor).noted(note)

    def _fee(self, gateway: str) -> tuple[Decimal, str]:
        fees = [fee for fee in self._catalog.fees(gateway) if fee.kind in {"token_pct", "topup_pct"} and _current(fee)]
        if not fees:
            return ONE, f"the catalog has no percentage fee for {gateway}, so none is added"
        added = _added(fees[0])
        return 1 + added, f"{gateway} adds {times(added, 100).normalize():f}%"


ABILITIES = {"tools": "tool calls", "json": "JSON schemas", "images": "images"}

NO_REGION = "no separate price is recorded for region "
"""How `llmaudit.catalog.rates` begins its note on a region without a price."""


def needed(cell: Cell) -> list[str]:
    """Return which abilities of a model the requests of a cell need: `tools`, `json`, `images`."""
    needs = {"tools": cell.needs_tools, "json": cell.needs_json, "images": cell.needs_images}
    return [name for name, is_needed in needs.items() if is_needed]


def _region(target: Offer, prices: Prices) -> list[str]:
    """Return the note that a region is in doubt: a price list without it does not mean that it is not served."""
    words = (note.partition(NO_REGION) for note in prices.notes)
    return [
        f"{UNKNOWN}{target.sku.model} is served in region {region.partition(':')[0]}"
        for _, found, region in words
        if found
    ]


def _same_share(now: Sequence[Decimal], before: Sequence[Decimal]) -> Decimal | None:
    """Return the factor between two price vectors where it is one for all quantities."""
    pairs = [(one, other) for one, other in zip(now, before, strict=True) if one or other]
    if not pairs or any(not other for _, other in pairs):
        return None
    shares = {EXACT.divide(one, other) for one, other in pairs}
    share = next(iter(shares))
    return share if len(shares) == 1 and share == round(share, 6) else None


def _current(fee: Fee) -> bool:
    return fee.pct is not None and fee.valid_to is None


def _added(fee: Fee) -> Decimal:
    """Return a percentage as what is paid on top of 1 dollar of credit.

    Both ways of stating it are equivalent: 5% added is 105 paid for 100, and 5% inside is 100 paid for 95.24.
    """
    return EXACT.divide(fee.pct or ZERO, Decimal(100))
