"""Prices for the check: each set of conditions gets a key without a date, so that next month's log has the same key.

Where a price changed within a log, the latest one has the plain key; an earlier one has its day behind an `@`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from llmaudit.catalog import Catalog, Rates
from llmaudit.catalog.units import PRICED, SUB_COUNTS
from llmaudit.gate.model import NOTHING_USED, QUANTITIES, Baseline, Rate
from llmaudit.listcost import RATE, condition_rates
from llmaudit.money import ZERO
from llmaudit.resolve import NO_TIME
from llmaudit.store import Store

KEYS = (
    "seller", "sku", "unresolved", "price_slot", "slot_by", "thinking", "band_from", "service_tier", "is_batch",
    "region_class", "usage",
)  # fmt: skip
"""What the prices of a request depend on, as `gate_requests` has it: never NULL."""

_TYPES = {"price_slot": pa.timestamp("us"), "band_from": pa.int64(), "is_batch": pa.bool_()}
_KINDS = {True: "DECIMAL(38, 18)", False: "DOUBLE"}
_OPTIONAL = {*SUB_COUNTS, "requests"}
_THINKING = {"": None, "yes": True, "no": False}
Conditions = tuple[Any, ...]


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
        used: Sequence[str] = QUANTITIES,
    ) -> None:
        self._keys = keys
        self.rates = rates
        self.frozen = frozen
        priced = {name for rate in (*rates.values(), *frozen.values()) for name in rate.usd}
        self._live = [*(name for name in used if name in priced or name not in SUB_COUNTS)]
        self._live += ["requests"] if "requests" in priced else []

    def key_of(self, conditions: Conditions, sums: Mapping[str, Any]) -> str | None:
        """Return the key of some requests' prices; None where they, or something they used, have none."""
        key = self._keys[conditions]
        if key is None or key == NOTHING_USED:
            return key
        usd = self.rates[key].usd
        lacking = any(sums.get(name) and name not in usd and name not in _OPTIONAL for name in QUANTITIES)
        return None if lacking else key

    @property
    def same_sql(self) -> str:
        """How `gate_requests` (g) and `gate_rates` (c) join: by what is not the same for every request."""
        varying = [name for i, name in enumerate(KEYS) if len({conditions[i] for conditions in self._keys}) > 1]
        return " AND ".join(f"g.{name} = c.{name}" for name in varying or KEYS[:1])

    def frozen_sql(self, *, exact: bool) -> str:
        """A request's cost at the frozen prices; billed where there is no list price; NULL where neither is known."""
        return f"COALESCE({self._amount('f', exact=exact)}, CAST(g.billed_usd AS {_KINDS[exact]}))"

    def own_sql(self, *, exact: bool) -> str:
        """A request's cost as it was: billed where that is known, else list."""
        letter = "f" if self.frozen == self.rates else "o"
        return f"COALESCE(CAST(g.billed_usd AS {_KINDS[exact]}), {self._amount(letter, exact=exact)})"

    def _amount(self, letter: str, *, exact: bool) -> str:
        parts = []
        for name in self._live:
            factor = f"c.{letter}_{name}" if exact else f"c.{letter}d_{name}"
            count = f"CAST(g.{name} AS DECIMAL(12, 0))" if exact else f"g.{name}"
            product = f"CASE WHEN g.{name} = 0 THEN 0 ELSE {count} * {factor} END"
            parts.append(factor if name == "requests" else product)
        return f"CASE WHEN c.is_priced THEN CAST({' + '.join(parts) or '0'} AS {_KINDS[exact]}) END"

    @contextmanager
    def table(self, store: Store) -> Iterator[None]:
        """Make `gate_rates` for a block: conditions, own prices (o_…, as floats od_…) and frozen ones (f_…, fd_…)."""
        keys = list(self._keys.items())
        columns: dict[str, Any] = {
            name: pa.array([conditions[i] for conditions, _ in keys], _TYPES.get(name, pa.string()))
            for i, name in enumerate(KEYS)
        }
        columns["is_priced"] = pa.array([key is not None for _, key in keys], pa.bool_())
        for letter, rates in (("o", self.rates), ("f", self.frozen)):
            for name in self._live:
                values = [_factor(rates[key] if key else None, key, name) for _, key in keys]
                columns[f"{letter}_{name}"] = pa.array(values, RATE)
                columns[f"{letter}d_{name}"] = pa.array([None if v is None else float(v) for v in values], pa.float64())
        with store.table("gate_rates", pa.table(columns)):
            yield


def _factor(rate: Rate | None, key: str | None, name: str) -> Decimal | None:
    if rate is None or key == NOTHING_USED:
        return ZERO
    return rate.usd.get(name, ZERO if name in _OPTIONAL else None)


def price_conditions(
    all_conditions: Sequence[Conditions], catalog: Catalog, like: Baseline | None, used: Sequence[str] = QUANTITIES
) -> Priced:
    """Price every set of conditions of a log.

    Args:
        all_conditions: Values of `KEYS`.
        catalog: The prices.
        like: The baseline whose prices count; what it has not is priced as the catalog had it when the baseline ended.
        used: Quantities that some request has at all: the others need no arithmetic.
    """
    latest: dict[str, datetime] = {}
    vectors: dict[Conditions, tuple[str, Rate]] = {}
    for conditions in all_conditions:
        row = _row(conditions)
        rates = condition_rates(catalog, row)
        if isinstance(rates, Rates):
            key = _key(row, rates)
            vectors[conditions] = (key, _rate(row, rates))
            latest[key] = max(latest.get(key, NO_TIME), row["price_slot"])
    current = {
        vector[0]: vector[1] for c, vector in vectors.items() if c[KEYS.index("price_slot")] == latest[vector[0]]
    }
    keys: dict[Conditions, str | None] = {}
    table: dict[str, Rate] = {}
    frozen: dict[str, Rate] = {}
    for conditions in all_conditions:
        row = _row(conditions)
        if row["usage"] == "nothing used":
            keys[conditions] = NOTHING_USED
            table[NOTHING_USED] = frozen[NOTHING_USED] = Rate()
        elif conditions not in vectors:
            keys[conditions] = None
        else:
            plain, rate = vectors[conditions]
            key = plain if rate == current[plain] else f"{plain} @{row['price_slot']:%Y-%m-%d}"
            keys[conditions], table[key] = key, rate
            frozen[key] = _frozen(plain, row, rate, catalog, like)
    return Priced(keys, dict(sorted(table.items())), frozen, used)


def _frozen(key: str, row: dict[str, Any], rate: Rate, catalog: Catalog, like: Baseline | None) -> Rate:
    if like is None:
        return rate
    if key in like.rates:
        return like.rates[key]
    if like.span.last_at is None:
        return rate
    then = condition_rates(catalog, {**row, "price_slot": like.span.last_at})
    return _rate(row, then) if isinstance(then, Rates) and _key(row, then) == key else rate


def _row(conditions: Conditions) -> dict[str, Any]:
    """Return conditions as `listcost.condition_rates` reads them."""
    row = dict(zip(KEYS, conditions, strict=True))
    return {
        **row,
        "seller": row["seller"] or None,
        "sku": row["sku"] or None,
        "unresolved": row["unresolved"] or None,
        "service_tier": row["service_tier"] or None,
        "region_class": None if row["region_class"] == "-" else row["region_class"],
        "is_thinking": _THINKING[row["thinking"]],
        "usage": "known" if row["usage"] in {"reported", "estimated"} else row["usage"],
    }


def _key(row: dict[str, Any], rates: Rates) -> str:
    """Return seller, sku and every condition of the price that is not the ordinary one."""
    given = " ".join(f"{name}={value}" for name, value in rates.when.given.items())
    return f"{row['seller']}/{row['sku']}" + (f" {given}" if given else "")


def _rate(row: dict[str, Any], rates: Rates) -> Rate:
    usd = {
        name: factor.normalize() + ZERO
        for name, factor in zip(PRICED, rates.expected, strict=True)
        if name in rates.used or (factor and name in _OPTIONAL)
    }
    return Rate(row["seller"] or "", row["sku"] or "", usd)


def conditions_of(key: str | None) -> str:
    """Return the conditions in a rate's key, for people; empty where the price is the ordinary one."""
    return (key or "").partition(" ")[2].partition("@")[0].strip()
