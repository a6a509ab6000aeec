"""Sampled requests of one gateway as arrays: what each was billed, and what it costs at list by class of tokens.

Statistics are computed in floats; every amount of money that is shown comes from the cells, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from llmaudit.arrays import Bools, Floats
from llmaudit.catalog import Catalog, NoRates, Offer, Rates, rates_for
from llmaudit.catalog.units import PRICED
from llmaudit.markup.listprice import conditions_of, list_offer
from llmaudit.markup.rounding_step import rounding_steps
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
        list_usd: Floats = self.parts.sum(axis=1)
        return list_usd

    def where(self, mask: npt.NDArray[np.bool_]) -> Panel:
        """Return some of the requests."""
        indices = np.flatnonzero(mask)
        return Panel(
            tuple(self.rows[i] for i in indices),
            tuple(self.offers[i] for i in indices),
            tuple(self.rates[i] for i in indices),
            *(getattr(self, name)[indices] for name in _ARRAYS),
        )


_ARRAYS = ("quantities", "factors", "billed", "step", "parts", "undiscounted", "day")


def is_free(panel: Panel) -> Bools:
    """Say which requests were billed 0 though their list cost is above what the log rounds away.

    They were free (a gateway's own cache, the user's own key), and say nothing about rates.
    """
    is_unbilled: Bools = (panel.billed <= 0) & (panel.listed > panel.step)
    return is_unbilled


def priced_panel(rows: Sequence[BilledRequest], catalog: Catalog) -> Panel:
    """Return the requests that have a list price above nothing."""
    priced = [(row, *offer_and_rates) for row in rows if (offer_and_rates := _priced(row, catalog)) is not None]
    if not priced:
        empty, none = np.zeros((0, len(PRICED))), np.zeros(0)
        return Panel((), (), (), empty, empty, none, none, np.zeros((0, len(CLASSES))), none, _days(()))
    requests, offers, rates = zip(*priced, strict=True)
    quantities = np.array([row.quantities for row in requests], dtype=float)
    factors = _factors(rates)
    costs = quantities * factors
    parts = np.stack([costs[:, index == CLASS_INDEX].sum(axis=1) for index in range(len(CLASSES))], axis=1)
    panel = Panel(
        requests,
        offers,
        rates,
        quantities,
        factors,
        np.array([float(row.billed_usd) for row in requests]),
        rounding_steps(requests),
        parts,
        quantities[:, READ] * (factors[:, INPUT] - factors[:, READ]),
        _days(requests),
    )
    return panel.where(panel.listed > 0)


def _factors(rates: Sequence[Rates]) -> Floats:
    """Return rates as floats, one row each; requests share a few vectors, and each of those is converted once."""
    distinct = {id(vector): vector.expected for vector in rates}
    places = {key: place for place, key in enumerate(distinct)}
    vectors = np.array(list(distinct.values()), dtype=float)
    factors: Floats = vectors[[places[id(vector)] for vector in rates]]
    return factors


def _days(rows: Sequence[BilledRequest]) -> npt.NDArray[np.int64]:
    epoch = datetime(1970, 1, 1).date()  # noqa: DTZ001 -- days are those of the rows
    return np.array([-1 if row.day is None else (row.day - epoch).days for row in rows], dtype=np.int64)


def _priced(row: BilledRequest, catalog: Catalog) -> tuple[Offer, Rates] | None:
    offer = list_offer(catalog, row.seller, row.sku)
    if offer is None or row.day is None:
        return None
    rates = rates_for(catalog, offer, conditions_of(row, catalog))
    return None if isinstance(rates, NoRates) or rates.lacking(row.quantities) else (offer, rates)


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


def panels_by_model(panel: Panel) -> Mapping[str, Panel]:
    """Return the requests of each model, the one with most list cost first."""
    listed = panel.listed
    names = np.array([row.model for row in panel.rows])
    sums = {name: float(listed[names == name].sum()) for name in dict.fromkeys(names.tolist())}
    return {name: panel.where(names == name) for name in sorted(sums, key=lambda name: (-sums[name], name))}
