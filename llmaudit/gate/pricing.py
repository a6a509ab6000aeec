"""Prices for the check: each set of conditions gets a key without a date, so that next month's log has the same key.

Where a price changed within a log, the latest one has the plain key; an earlier one has its day behind an `@`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa

from llmaudit.catalog import Catalog, Rates
from llmaudit.catalog.units import PRICED, SUB_COUNTS
from llmaudit.gate.model import NOTHING_USED, Baseline, Rate
from llmaudit.listcost import ARROW_TYPES, RATE, RateKey, condition_rates
from llmaudit.money import ZERO
from llmaudit.resolve import NO_TIME
from llmaudit.store import Store

_SQL_TYPES = {True: "DECIMAL(38, 18)", False: "DOUBLE"}
"""Of an amount, by whether it is exact."""

_OPTIONAL = {*SUB_COUNTS, "requests"}
"""Quantities that cost nothing of their own where they have no price; any other makes the cost unknown."""

_THINKING = {"": None, "yes": True, "no": False}


class Conditions(NamedTuple):
    """What the prices of a request depend on: columns of `gate_requests`.

    It is `listcost.RateKey` with a word for each unknown, so that SQL can join on it with a plain `=`.
    """

    seller: str
    sku: str
    unresolved: str
    price_slot: datetime
    slot_by: str
    thinking: str
    band_from: int
    service_tier: str
    is_batch: bool
    region_class: str
    usage: str

    @property
    def rate_key(self) -> RateKey:
        """The same for `listcost.condition_rates`, where None is unknown."""
        return RateKey(
            seller=self.seller or None,
            sku=self.sku or None,
            unresolved=self.unresolved or None,
            price_slot=self.price_slot,
            slot_by=self.slot_by,
            is_thinking=_THINKING[self.thinking],
            band_from=self.band_from,
            service_tier=self.service_tier or None,
            is_batch=self.is_batch,
            region_class=None if self.region_class == "-" else self.region_class,
            usage="known" if self.usage in {"reported", "estimated"} else self.usage,
        )


class Priced:
    """Every set of conditions of a log with its prices: those it had, and those of the baseline.

    Attributes:
        rates: Prices by key.
        frozen: By key, the prices at which the check values a request.
    """

    def __init__(
        self,
        keys: dict[Conditions, str | None],
        rates: dict[str, Rate],
        frozen: dict[str, Rate],
        used: Sequence[str],
    ) -> None:
        self._keys = keys
        self.rates = rates
        self.frozen = frozen
        priced = {name for rate in (*rates.values(), *frozen.values()) for name in rate.usd}
        self._quantities = [name for name in used if name in priced or name not in SUB_COUNTS]
        if "requests" in priced:
            self._quantities.append("requests")

    def key_of(self, conditions: Conditions, tokens: Mapping[str, int]) -> str | None:
        """Return the key of some requests' prices; None if they, or something they used, have none."""
        key = self._keys[conditions]
        if key is None or key == NOTHING_USED:
            return key
        usd = self.rates[key].usd
        lacks_price = any(count and name not in usd and name not in _OPTIONAL for name, count in tokens.items())
        return None if lacks_price else key

    @property
    def same_sql(self) -> str:
        """The join of `gate_requests` (g) with `gate_rates` (c), on the conditions that vary in this log."""
        values = zip(*self._keys, strict=True)
        varying = [name for name, column in zip(Conditions._fields, values, strict=False) if len(set(column)) > 1]
        return " AND ".join(f"g.{name} = c.{name}" for name in varying or Conditions._fields[:1])

    def frozen_sql(self, *, exact: bool) -> str:
        """A request's cost at the frozen prices; billed if there is no list price; NULL if neither is known."""
        return f"COALESCE({self._amount('f', exact=exact)}, CAST(g.billed_usd AS {_SQL_TYPES[exact]}))"

    def own_sql(self, *, exact: bool) -> str:
        """A request's cost as it was: billed if that is known, else list."""
        prefix = "f" if self.frozen == self.rates else "o"
        return f"COALESCE(CAST(g.billed_usd AS {_SQL_TYPES[exact]}), {self._amount(prefix, exact=exact)})"

    def _amount(self, prefix: str, *, exact: bool) -> str:
        parts = []
        for name in self._quantities:
            price = f"c.{prefix}_{name}" if exact else f"c.{prefix}d_{name}"
            count = f"CAST(g.{name} AS DECIMAL(12, 0))" if exact else f"g.{name}"
            product = f"CASE WHEN g.{name} = 0 THEN 0 ELSE {count} * {price} END"
            parts.append(price if name == "requests" else product)
        return f"CASE WHEN c.is_priced THEN CAST({' + '.join(parts) or '0'} AS {_SQL_TYPES[exact]}) END"

    @contextmanager
    def table(self, store: Store) -> Iterator[None]:
        """Make `gate_rates` for a block: conditions, own prices (o_…, as floats od_…) and frozen ones (f_…, fd_…)."""
        columns: dict[str, Any] = {
            name: pa.array([getattr(conditions, name) for conditions in self._keys], ARROW_TYPES.get(name, pa.string()))
            for name in Conditions._fields
        }
        keys = list(self._keys.values())
        columns["is_priced"] = pa.array([key is not None for key in keys], pa.bool_())
        for prefix, rates in (("o", self.rates), ("f", self.frozen)):
            for name in self._quantities:
                prices = [_price_of(rates, key, name) for key in keys]
                columns[f"{prefix}_{name}"] = pa.array(prices, RATE)
                floats = [None if price is None else float(price) for price in prices]
                columns[f"{prefix}d_{name}"] = pa.array(floats, pa.float64())
        with store.table("gate_rates", pa.table(columns)):
            yield


def _price_of(rates: Mapping[str, Rate], key: str | None, quantity: str) -> Decimal | None:
    if key is None or key == NOTHING_USED:
        return ZERO
    return rates[key].usd.get(quantity, ZERO if quantity in _OPTIONAL else None)


@dataclass(frozen=True)
class _Found:
    """What the catalog has for some conditions: the key of the price without a date, and the price."""

    key: str
    rate: Rate


def price_conditions(
    all_conditions: Sequence[Conditions], catalog: Catalog, like: Baseline | None, used: Sequence[str]
) -> Priced:
    """Price every set of conditions of a log.

    Args:
        all_conditions: The sets, each once.
        catalog: The prices.
        like: The baseline whose prices count; what it lacks is priced as the catalog had it when the baseline ended.
        used: Quantities that some request has at all: the others need no arithmetic.
    """
    found = {conditions: one for conditions in all_conditions if (one := _find(conditions.rate_key, catalog))}
    latest = _latest(found)
    keys: dict[Conditions, str | None] = {}
    rates: dict[str, Rate] = {}
    frozen: dict[str, Rate] = {}
    for conditions in all_conditions:
        if conditions.usage == "nothing used":
            keys[conditions] = NOTHING_USED
            rates[NOTHING_USED] = frozen[NOTHING_USED] = Rate()
        elif conditions not in found:
            keys[conditions] = None
        else:
            one = found[conditions]
            is_latest = one.rate == latest[one.key]
            key = one.key if is_latest else f"{one.key} @{conditions.price_slot:%Y-%m-%d}"
            keys[conditions], rates[key] = key, one.rate
            frozen[key] = _frozen(one, conditions.rate_key, catalog, like)
    return Priced(keys, dict(sorted(rates.items())), frozen, used)


def _find(key: RateKey, catalog: Catalog) -> _Found | None:
    rates = condition_rates(catalog, key)
    return _Found(_name_of(key, rates), _rate_of(key, rates)) if isinstance(rates, Rates) else None


def _latest(found: Mapping[Conditions, _Found]) -> dict[str, Rate]:
    """Return, by plain key, the price of the latest slot; of two in one slot, the later in order."""
    slots: dict[str, datetime] = {}
    latest: dict[str, Rate] = {}
    for conditions, one in found.items():
        if conditions.price_slot >= slots.get(one.key, NO_TIME):
            slots[one.key], latest[one.key] = conditions.price_slot, one.rate
    return latest


def _frozen(found: _Found, key: RateKey, catalog: Catalog, like: Baseline | None) -> Rate:
    """Return the price at which the check values requests: the baseline's, else the catalog's as the baseline ended."""
    if like is None:
        return found.rate
    if found.key in like.rates:
        return like.rates[found.key]
    if like.span.last_at is None:
        return found.rate
    then = _find(key._replace(price_slot=like.span.last_at), catalog)
    return then.rate if then and then.key == found.key else found.rate


def _name_of(key: RateKey, rates: Rates) -> str:
    """Return the plain key: seller, sku, and every condition that is not the ordinary one."""
    conditions = " ".join(f"{name}={value}" for name, value in rates.when.given.items())
    return f"{key.seller}/{key.sku}" + (f" {conditions}" if conditions else "")


def _rate_of(key: RateKey, rates: Rates) -> Rate:
    usd = {
        name: price.normalize() + ZERO
        for name, price in zip(PRICED, rates.expected, strict=True)
        if name in rates.used or (price and name in _OPTIONAL)
    }
    return Rate(key.seller or "", key.sku or "", usd)
