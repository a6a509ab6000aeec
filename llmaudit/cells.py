"""Cells: requests grouped by everything that prices, plans and breakdowns depend on, few enough to process in Python.

All requests of a cell have the same rates, so a cost is linear in the cell's token sums. What is computed on cells
therefore equals, to the last picodollar, what would be computed request by request. `llmaudit.rollup` builds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import Any

import msgspec

from llmaudit.catalog import Catalog, Conditions, NoRates, Offer, Rates, rates_for
from llmaudit.catalog.quote import cost
from llmaudit.catalog.units import SUB_COUNTS
from llmaudit.money import ZERO, total
from llmaudit.request import GATEWAY_CACHE

PRICED_USAGE = {"reported", "estimated"}

KEYS = (
    "day", "price_slot", "gateway", "seller", "sku", "model", "unresolved", "tier", "task", "prompt_band",
    "service_tier", "is_batch", "region_class", "needs_tools", "needs_json", "needs_images", "has_pii", "feature",
    "team", "status", "error_class", "attempt_kind", "usage_status", "billed_kind", "slot_by", "is_thinking",
    "has_searches",
)  # fmt: skip
"""What makes two requests fall into one cell, in the order of rollup.sql."""

_KEY_OF: Callable[[Any], tuple[object, ...]] = attrgetter(*KEYS)

PARTS = tuple(name for name in SUB_COUNTS if name != "reasoning_tokens")
"""Counts inside counters beside reasoning: audio and images, in and out."""

NO_TIME = "no time"
"""Why a cell without a day has no price: prices are dated."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that share every key. A sum is None if no request of the cell has the value.

    Attributes:
        day: UTC day of the start; None without a time.
        price_slot: First instant of the day with the same prices (naive UTC).
        gateway: The gateway that passed the calls on, or None.
        seller: Whose price list applies; None if unknown.
        sku: The seller's id.
        model: Canonical name, or the name as logged if the catalog lacks it.
        unresolved: Why the model is not in the catalog; None if it is.
        prompt_band: Smallest prompt of the band, in tokens.
        attempt_kind: first, retry (same model again after a failure) or fallback (another).
        usage_status: reported, estimated, missing or inconsistent; `gateway_cache` where a gateway answered from its
            own cache: its requests have used nothing.
        billed_kind: How the billed amount is known; None if there is none.
        slot_by: What chose the price slot: `completion` where the seller goes by it and it is known, `start`, or
            `assumed` where the log has no time and the user said which one to assume.
        is_thinking: Whether the model reasoned, for a sku whose price depends on it; None is unknown, or no matter.
        has_searches: Whether its requests searched the web.
        requests: Upstream calls.
        calls: Calls of the application that ended here.
        tokens: Sums of the six counters, in the order of `COUNTERS`.
        reasoning_tokens: Sum; a part of the output.
        parts: Sums of the other counts inside counters, in the order of `PARTS`; None if no request states one.
        web_searches: Sum; None if no request states one.
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
    slot_by: str = "start"
    is_thinking: bool | None = None
    has_searches: bool = False
    requests: int
    calls: int
    tokens: tuple[int, int, int, int, int, int]
    reasoning_tokens: int | None
    parts: tuple[int | None, int | None, int | None, int | None, int | None] = (None, None, None, None, None)
    web_searches: int | None = None
    billed_usd: Decimal | None

    @property
    def prompt_tokens(self) -> int:
        """All input of the cell, in tokens."""
        return sum(self.tokens[:-1])

    @property
    def quantities(self) -> tuple[int, ...]:
        """Everything that list cost is linear in, in the order of `PRICED`."""
        audio_in, image_in, audio_out, image_out, audio_read = (
            self.parts
        )  # written out: an audit asks for this 200,000 times
        return (
            *self.tokens, self.reasoning_tokens or 0, audio_in or 0, image_in or 0, audio_out or 0, image_out or 0,
            audio_read or 0, self.web_searches or 0, self.requests,
        )  # fmt: skip

    @property
    def output_tokens(self) -> int:
        """All output of the cell, in tokens."""
        return self.tokens[-1]


_UNKNOWN = (
    "gateway", "unresolved", "tier", "task", "service_tier", "region_class", "feature", "team", "error_class",
    "billed_kind", "reasoning_tokens", "billed_usd",
)  # fmt: skip
_PLAIN: dict[str, Any] = dict.fromkeys(_UNKNOWN) | {
    "prompt_band": 0,
    "is_batch": False,
    "needs_tools": False,
    "needs_json": False,
    "needs_images": False,
    "has_pii": False,
    "status": "ok",
    "attempt_kind": "first",
    "usage_status": "reported",
}


def plain_cell(slot: datetime, model: str, requests: int = 1, **known: Any) -> Cell:
    """Return a cell of good answers for simulated traffic: everything that is not given is unknown.

    Args:
        slot: Its price slot (naive UTC); `day` is that of the slot unless given.
        model: Canonical name, `provider/name`; the seller is the provider and the sku the name unless given.
        requests: Requests, and as many calls.
        **known: Other keys and sums of the cell, by name; `tokens` has to be among them.
    """
    seller, _, sku = model.partition("/")
    own = {"day": slot.date(), "seller": seller, "sku": sku, "calls": requests}
    return Cell(**(_PLAIN | own | known), price_slot=slot, model=model, requests=requests)


def add(cells: Iterable[Cell]) -> list[Cell]:
    """Return cells with those that share every key added up, in the order of `rollup.build`.

    Sums are exact and unknown only where no part is known, so neither order nor grouping matters.
    """
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(_KEY_OF(cell), []).append(cell)
    ordered = sorted(groups, key=lambda key: [(part is None, part) for part in key])
    return [_sum(groups[key]) for key in ordered]


def _sum(cells: list[Cell]) -> Cell:
    if len(cells) == 1:
        return cells[0]
    first, read, write_5m, write_1h, write_other, output = (
        sum(counts) for counts in zip(*(cell.tokens for cell in cells), strict=True)
    )
    audio_in, image_in, audio_out, image_out, audio_read = (
        known_sum(counts) for counts in zip(*(cell.parts for cell in cells), strict=True)
    )
    billed = [cell.billed_usd for cell in cells if cell.billed_usd is not None]
    return msgspec.structs.replace(
        cells[0],
        requests=sum(cell.requests for cell in cells),
        calls=sum(cell.calls for cell in cells),
        tokens=(first, read, write_5m, write_1h, write_other, output),
        reasoning_tokens=known_sum(cell.reasoning_tokens for cell in cells),
        parts=(audio_in, image_in, audio_out, image_out, audio_read),
        web_searches=known_sum(cell.web_searches for cell in cells),
        billed_usd=total(billed) if billed else None,
    )


def known_sum(counts: Iterable[int | None]) -> int | None:
    """Return the sum of the known counts, or None if none is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


@dataclass(frozen=True)
class PricedCell:
    """A cell with its list cost.

    Attributes:
        cell: The cell.
        offer: What was bought, or None if the catalog does not know it.
        rates: Per-token list rates, or None.
        list_usd: Quantities x list rates; None if unpriced, 0 if nothing was used.
        list_low_usd: The same with the lowest rates that may apply, if a condition is unknown.
        list_high_usd: The same with the highest.
        why_unpriced: Why there is no list cost; None if there is one.
    """

    cell: Cell
    offer: Offer | None
    rates: Rates | None
    list_usd: Decimal | None
    list_low_usd: Decimal | None
    list_high_usd: Decimal | None
    why_unpriced: str | None = None

    @cached_property
    def spend_usd(self) -> Decimal | None:
        """What the requests cost as far as is known: billed if a log or bill states it, else list."""
        return self.cell.billed_usd if self.cell.billed_kind else self.list_usd

    @property
    def model_class(self) -> str | None:
        """flagship, mid or budget; None if the catalog does not say, or if a gateway's cache answered."""
        return self.offer.sku.model_class if self.offer and self.cell.usage_status != GATEWAY_CACHE else None


def price(cells: Iterable[Cell], catalog: Catalog) -> list[PricedCell]:
    """Return cells with their list cost. Unknown is None: never 0, never a neighbour's price."""
    return [_priced(cell, catalog) for cell in cells]


def is_unused(cell: Cell) -> bool:
    """Say whether nothing was used that could cost: a failure without usage, or an answer from a gateway's cache."""
    return cell.usage_status == GATEWAY_CACHE or (cell.usage_status == "missing" and cell.status != "ok")


def _priced(cell: Cell, catalog: Catalog) -> PricedCell:
    offer = catalog.offer(cell.seller, cell.sku)
    if is_unused(cell):
        return PricedCell(cell, offer, None, ZERO, ZERO, ZERO)
    if cell.usage_status not in PRICED_USAGE:
        return PricedCell(cell, offer, None, None, None, None, f"usage {cell.usage_status}")
    if offer is None:
        return PricedCell(cell, None, None, None, None, None, cell.unresolved or "unknown-model")
    if cell.day is None:
        return PricedCell(cell, offer, None, None, None, None, NO_TIME)
    rates = rates_of(cell, offer, catalog)
    if isinstance(rates, NoRates):
        return PricedCell(cell, offer, None, None, None, None, rates.reason)
    quantities = cell.quantities
    if missing := rates.lacking(quantities):
        return PricedCell(cell, offer, None, None, None, None, f"{offer.sku.sku} has no price for {missing}")
    listed, low, high = (cost(quantities, factors) for factors in (rates.expected, rates.low, rates.high))
    return PricedCell(cell, offer, rates, listed, low, high)


def rates_of(cell: Cell, offer: Offer, catalog: Catalog) -> Rates | NoRates:
    """Return the rates an offer has for a cell, its own or another's; the catalog remembers them."""
    conditions = Conditions(
        cell.price_slot,
        cell.prompt_band,
        cell.service_tier,
        cell.is_batch,
        cell.region_class,
        at_is_start=cell.slot_by != "completion",
        is_thinking=cell.is_thinking,
        is_folded=True,
    )
    return rates_for(catalog, offer, conditions)
