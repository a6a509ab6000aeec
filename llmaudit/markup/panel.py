"""Sampled requests as arrays: what each was billed, and what it costs at list by class of tokens.

Statistics are floats; every amount of money that is shown comes from the cells, exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from llmaudit.arrays import Bools, Floats
from llmaudit.catalog import Catalog, Conditions, NoRates, Offer, Rates, rates_for
from llmaudit.catalog.units import PRICED
from llmaudit.summaries.billed import BilledRequest

CLASSES = ("input", "cache_read", "cache_write", "output", "other")
"""Classes of tokens whose rates a gateway can raise apart; other is searches, audio, images and fees per request."""

_CLASS_OF = {
    "input_tokens": "input",
    "cache_read_tokens": "cache_read",
    "cache_write_5m_tokens": "cache_write",
    "cache_write_1h_tokens": "cache_write",
    "cache_write_other_tokens": "cache_write",
    "output_tokens": "output",
    "reasoning_tokens": "output",
}
CLASS_INDEX = np.array([CLASSES.index(_CLASS_OF.get(name, "other")) for name in PRICED])
INPUT, READ, OUTPUT = (PRICED.index(name) for name in ("input_tokens", "cache_read_tokens", "output_tokens"))


@dataclass(frozen=True)
class Panel:
    """Requests of one gateway: one row each.

    Attributes:
        rows: The requests.
        offers: What each bought at list.
        rates: The list rates of each.
        quantities: n x quantities, in the order of `PRICED`.
        factors: n x quantities: US dollars per one.
        billed: What each was billed, in US dollars.
        step: What amounts are rounded to, in US dollars, each row's model for itself.
        parts: n x classes: list cost by class.
        undiscounted: List cost of the cache reads at the price of ordinary input, less what they cost at list.
        day: Days since 1970; -1 without a time.
    """

    rows: tuple[BilledRequest, ...]
    offers: tuple[Offer, ...]
    rates: tuple[Rates, ...]
    quantities: Floats
    factors: Floats
    billed: Floats
    step: Floats
    parts: Floats
    undiscounted: Floats
    day: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def listed(self) -> Floats:
        """List cost of each request, in US dollars."""
        found: Floats = self.parts.sum(axis=1)
        return found

    def where(self, mask: npt.NDArray[np.bool_]) -> Panel:
        """Return some of the requests."""
        kept = np.flatnonzero(mask)
        return Panel(
            tuple(self.rows[i] for i in kept),
            tuple(self.offers[i] for i in kept),
            tuple(self.rates[i] for i in kept),
            *(getattr(self, name)[kept] for name in _ARRAYS),
        )


_ARRAYS = ("quantities", "factors", "billed", "step", "parts", "undiscounted", "day")


def make_panel(rows: Sequence[BilledRequest], catalog: Catalog) -> Panel:
    """Return the requests that have a list price above nothing, and are not free for a reason of their own."""
    panel = priced_panel(rows, catalog)
    return panel.where(~is_free(panel))


def is_free(panel: Panel) -> Bools:
    """Say which requests were billed 0 though their list cost is above what the log rounds away.

    They were free (a gateway's own cache, the user's own key), and say nothing about rates.
    """
    found: Bools = (panel.billed <= 0) & (panel.listed > panel.step)
    return found


def priced_panel(rows: Sequence[BilledRequest], catalog: Catalog) -> Panel:
    """Return the requests that have a list price above nothing."""
    priced = [(row, *found) for row in rows if (found := _priced(row, catalog)) is not None]
    if not priced:
        empty, none = np.zeros((0, len(PRICED))), np.zeros(0)
        return Panel((), (), (), empty, empty, none, none, np.zeros((0, len(CLASSES))), none, _days(()))
    kept, offers, rates = zip(*priced, strict=True)
    quantities = np.array([row.quantities for row in kept], dtype=float)
    factors = np.array([one.expected for one in _floats(rates)], dtype=float)
    costs = quantities * factors
    parts = np.stack([costs[:, index == CLASS_INDEX].sum(axis=1) for index in range(len(CLASSES))], axis=1)
    panel = Panel(
        kept,
        offers,
        rates,
        quantities,
        factors,
        np.array([float(row.billed_usd) for row in kept]),
        _steps(kept),
        parts,
        quantities[:, READ] * (factors[:, INPUT] - factors[:, READ]),
        _days(kept),
    )
    return panel.where(panel.listed > 0)


@dataclass(frozen=True)
class _Floated:
    expected: tuple[float, ...]


def _floats(rates: Sequence[Rates]) -> list[_Floated]:
    """Return rates as floats, each vector converted once."""
    known: dict[int, _Floated] = {}
    for one in rates:
        if id(one) not in known:
            known[id(one)] = _Floated(tuple(float(factor) for factor in one.expected))
    return [known[id(one)] for one in rates]


def _days(rows: Sequence[BilledRequest]) -> npt.NDArray[np.int64]:
    epoch = datetime(1970, 1, 1).date()  # noqa: DTZ001 -- days are those of the rows
    return np.array([-1 if row.day is None else (row.day - epoch).days for row in rows], dtype=np.int64)


def _priced(row: BilledRequest, catalog: Catalog) -> tuple[Offer, Rates] | None:
    offer = list_offer(catalog, row.seller, row.sku)
    if offer is None or row.day is None:
        return None
    rates = rates_at(catalog, offer, conditions_of(row, catalog))
    return None if isinstance(rates, NoRates) or rates.lacking(row.quantities) else (offer, rates)


_KNOWN: dict[tuple[str, str, str, Conditions], Rates | NoRates] = {}
_KNOWN_LIMIT = 200_000


def rates_at(catalog: Catalog, offer: Offer, conditions: Conditions) -> Rates | NoRates:
    """Return the rates of an offer, remembered: thousands of requests share a few conditions."""
    key = (catalog.version, *offer.key, conditions)
    if key not in _KNOWN:
        if len(_KNOWN) > _KNOWN_LIMIT:
            _KNOWN.clear()
        _KNOWN[key] = rates_for(catalog, offer, conditions)
    return _KNOWN[key]


def conditions_of(row: BilledRequest, catalog: Catalog) -> Conditions:
    """Return what the price of a request depends on, as its cell has it: its size by the band between price steps."""
    edges = _edges(catalog)
    return Conditions(
        row.price_slot,
        edges[bisect_right(edges, sum(row.tokens[:-1])) - 1],
        row.service_tier,
        bool(row.is_batch),
        row.region_class,
        at_is_start=row.slot_by != "completion",
        is_thinking=row.is_thinking,
        is_folded=True,
    )


_EDGES: dict[str, list[int]] = {}


def _edges(catalog: Catalog) -> list[int]:
    if catalog.version not in _EDGES:
        _EDGES[catalog.version] = catalog.prompt_edges()
    return _EDGES[catalog.version]


def list_offer(catalog: Catalog, seller: str | None, sku: str | None) -> Offer | None:
    """Return the offer whose price is the list: the seller's own, but never a gateway's.

    A gateway that resells under its own name is compared with who made the model; only where the maker sells nothing
    under that name does the gateway's own price stand in, and then no markup can be seen in it.
    """
    own = catalog.offer(seller, sku)
    if own is None or catalog.kind(own.seller) != "gateway":
        return own
    return makers_offer(catalog, own) or own


def makers_offer(catalog: Catalog, offer: Offer) -> Offer | None:
    """Return what the maker of a model sells it as, or None."""
    name = offer.sku.sku.partition(":")[0].rpartition("/")[2]
    for found in (catalog.canonical(offer.sku.model), catalog.find(name).offer):
        if found is not None and catalog.kind(found.seller) == "provider":
            return found
    return None


def _steps(rows: Sequence[BilledRequest]) -> Floats:
    """Return what the amounts of each model are rounded to: the place of the last digit any of them has.

    A log in points of 1/500,000 dollar has steps of two in the last place.
    """
    amounts: dict[str, list[Decimal]] = {}
    for row in rows:
        amounts.setdefault(row.model, []).append(row.billed_usd)
    everywhere = step_of([row.billed_usd for row in rows])
    steps = {model: step_of(own) if len(own) >= FEW and _differ(own) else everywhere for model, own in amounts.items()}
    return np.array([steps[row.model] for row in rows])


def _differ(amounts: Sequence[Decimal]) -> bool:
    """Say whether amounts differ: of one amount, billed for everything, the last digit says nothing of rounding."""
    return len(set(amounts) - {Decimal(0)}) > 1


FINEST = 12
"""Decimals of an amount in the database."""

FEW = 30
"""Below this many requests the digits of the amounts say little about how they are rounded."""


def step_of(amounts: Sequence[Decimal]) -> float:
    """Return the largest unit, 1, 2 or 5 in some decimal place, that nearly every amount is a multiple of.

    A few amounts may have more digits: corrections, say, that another program wrote into the log.
    """
    whole = np.array([int(amount.scaleb(FINEST)) for amount in amounts if amount], dtype=np.int64)
    if not _differ(amounts):
        return 10.0**-FINEST
    unit = int(np.gcd.reduce(whole))
    for place in range(FINEST + 1):
        for factor in (1, 2, 5):
            coarser = factor * 10**place
            if coarser > unit and (whole % coarser == 0).mean() >= NEARLY_EVERY:
                unit = coarser
    return _round_part(unit) * 10.0**-FINEST


def _round_part(unit: int) -> int:
    """Return the largest 1, 2 or 5 in some place that divides a unit."""
    place = 1
    while unit % (place * 10) == 0:
        place *= 10
    return place * next(part for part in (5, 2, 1) if unit % (place * part) == 0)


NEARLY_EVERY = 0.98
"""Share of the amounts that are multiples of what a log rounds to: of other units hardly half are, by chance."""


def join(panels: Sequence[Panel]) -> Panel:
    """Return the requests of several panels as one."""
    if len(panels) == 1:
        return panels[0]
    return Panel(
        tuple(row for panel in panels for row in panel.rows),
        tuple(offer for panel in panels for offer in panel.offers),
        tuple(rates for panel in panels for rates in panel.rates),
        *(np.concatenate([getattr(panel, name) for panel in panels]) for name in _ARRAYS),
    )


def thinned(panel: Panel, most: int) -> Panel:
    """Return at most so many requests of a panel; they are in no order that matters, so the first ones."""
    return panel if len(panel) <= most else panel.where(np.arange(len(panel)) < most)


def by_model(panel: Panel) -> Mapping[str, Panel]:
    """Return the requests of each model, the one with most list cost first."""
    listed = panel.listed
    names = np.array([row.model for row in panel.rows])
    sums = {name: float(listed[names == name].sum()) for name in dict.fromkeys(names.tolist())}
    return {name: panel.where(names == name) for name in sorted(sums, key=lambda name: (-sums[name], name))}
