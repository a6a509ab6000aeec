"""Cells: requests folded by everything that money and plans depend on, small enough to reason about in Python.

A cost is linear in a cell's token sums because every request of a cell has the same rates, so what is computed on
cells equals, to the last picodollar, what would be computed request by request. `llmaudit.rollup` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import msgspec

from llmaudit.catalog import Catalog, Conditions, NoRates, Offer, Rates, rates_for
from llmaudit.money import ZERO, times, total

PRICED_USAGE = {"reported", "estimated"}

KEYS = (
    "day", "price_slot", "gateway", "seller", "sku", "model", "unresolved", "tier", "task", "prompt_band",
    "service_tier", "is_batch", "region_class", "needs_tools", "needs_json", "needs_images", "has_pii", "feature",
    "team", "status", "error_class", "attempt_kind", "usage_status", "billed_kind",
)  # fmt: skip
"""What makes two requests fall into one cell, in the order of rollup.sql."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that share every key. Sums are NULL (None) where no request of the cell has the value.

    Attributes:
        day: UTC day of the start; None without a time.
        price_slot: First instant of the day with the same prices (naive UTC).
        gateway: Who passed the calls on; None where there is none.
        seller: Whose price list applies; None where it is not known.
        sku: The seller's id.
        model: Canonical name, or the name as logged where it is not in the catalog.
        unresolved: Why the model is not in the catalog; None where it is.
        prompt_band: Smallest prompt of the band, in tokens.
        attempt_kind: first, retry (same model again after a failure) or fallback (another).
        usage_status: reported, estimated, missing or inconsistent.
        billed_kind: How the billed amount is known; None where there is none.
        requests: Upstream calls.
        calls: Calls of the application that ended here.
        tokens: Sums of the six counters, in the order of `COUNTERS`.
        reasoning_tokens: Sum; a part of the output.
        billed_usd: Sum of what logs or bills say was charged.
    """

    day: date | None
    price_slot: datetime
    gateway: str | None
    seller: str | None
    sku: str | None
    model: str
    unresolved: str | None
    tier: int | None
    task: str | None
    prompt_band: int
    service_tier: str | None
    is_batch: bool
    region_class: str | None
    needs_tools: bool
    needs_json: bool
    needs_images: bool
    has_pii: bool
    feature: str | None
    team: str | None
    status: str
    error_class: str | None
    attempt_kind: str
    usage_status: str
    billed_kind: str | None
    requests: int
    calls: int
    tokens: tuple[int, int, int, int, int, int]
    reasoning_tokens: int | None
    billed_usd: Decimal | None

    @property
    def prompt_tokens(self) -> int:
        """All input of the cell, in tokens."""
        return sum(self.tokens[:-1])

    @property
    def output_tokens(self) -> int:
        """All output of the cell, in tokens."""
        return self.tokens[-1]


@dataclass(frozen=True)
class PricedCell:
    """A cell with its list cost.

    Attributes:
        cell: The cell.
        offer: What was bought, or None where the catalog does not know it.
        rates: Per-token list rates, or None.
        list_usd: Tokens x list rates; None where unpriced, 0 where nothing was used.
        list_high_usd: The same with the dearest rates that may apply.
        why_unpriced: Why there is no list cost; None where there is one.
    """

    cell: Cell
    offer: Offer | None
    rates: Rates | None
    list_usd: Decimal | None
    list_high_usd: Decimal | None
    why_unpriced: str | None = None

    @property
    def spend_usd(self) -> Decimal | None:
        """What the requests cost as far as is known: billed where a log or bill says so, else list."""
        return self.cell.billed_usd if self.cell.billed_kind else self.list_usd

    @property
    def model_class(self) -> str | None:
        """flagship, mid or budget; None where the catalog does not say."""
        return self.offer.sku.model_class if self.offer else None


def price(cells: Iterable[Cell], catalog: Catalog) -> list[PricedCell]:
    """Return cells with their list cost. Unknown is None: never 0, never a neighbour's price."""
    known: dict[tuple[object, ...], Rates | NoRates] = {}
    return [_priced(cell, catalog, known) for cell in cells]


def _priced(cell: Cell, catalog: Catalog, known: dict[tuple[object, ...], Rates | NoRates]) -> PricedCell:
    offer = catalog.offer(cell.seller, cell.sku)
    if cell.usage_status == "missing" and cell.status != "ok":
        return PricedCell(cell, offer, None, ZERO, ZERO)  # a failure without usage: nothing was used that could cost
    if cell.usage_status not in PRICED_USAGE:
        return PricedCell(cell, offer, None, None, None, f"usage {cell.usage_status}")
    if offer is None:
        return PricedCell(cell, None, None, None, None, cell.unresolved or "unknown-model")
    if cell.day is None:
        return PricedCell(cell, offer, None, None, None, "no time")
    rates = rates_of(cell, offer, catalog, known)
    if isinstance(rates, NoRates):
        return PricedCell(cell, offer, None, None, None, rates.reason)
    low, high = cost(cell.tokens, rates.expected), cost(cell.tokens, rates.high)
    return PricedCell(cell, offer, rates, low, max(low, high))


def rates_of(
    cell: Cell, offer: Offer, catalog: Catalog, known: dict[tuple[object, ...], Rates | NoRates]
) -> Rates | NoRates:
    """Return the rates an offer has for a cell, its own or another's; `known` remembers them."""
    key = (*offer.key, cell.price_slot, cell.prompt_band, cell.service_tier, cell.is_batch, cell.region_class)
    if key not in known:
        conditions = Conditions(cell.price_slot, cell.prompt_band, cell.service_tier, cell.is_batch, cell.region_class)
        known[key] = rates_for(catalog, offer, conditions)
    return known[key]


def cost(tokens: Iterable[int], rates: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of tokens x rate over the counters, in US dollars."""
    return total(times(rate, count) for rate, count in zip(rates, tokens, strict=True) if count)
