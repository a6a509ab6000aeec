"""What levers share: the rates of a slice under other conditions, list amounts scaled to what is paid, and sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property
from typing import Any

import msgspec

from llmaudit.catalog import Offer, Rates
from llmaudit.catalog.quote import cost
from llmaudit.catalog.units import PRICED
from llmaudit.cells import Cell, PricedCell, price, rates_of
from llmaudit.evidence import Evidence
from llmaudit.levers.base import LeverRow
from llmaudit.money import EXACT, PICO, ZERO, total
from llmaudit.summaries.logged import Logged
from llmaudit.summaries.slices import KEY_OF, KEYS, Keyed, Slice

Group = tuple[str | None, str, int | None, str | None]
"""Gateway, model, tier, feature."""


@dataclass(frozen=True)
class Gain:
    """What a lever saves on some requests, as paid.

    Attributes:
        part: The requests.
        saved: As expected.
        low: With the assumptions at their worst.
        high: With the assumptions at their best.
        requests: Requests it touches; None is all of the part.
    """

    part: Keyed
    saved: Decimal
    low: Decimal
    high: Decimal
    requests: int | None = None


class Worth:
    """Prices slices of an evidence.

    Args:
        evidence: Its cells say what a slice's kind of request costs as paid, its catalog what it would cost otherwise.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def offer(self, part: Keyed) -> Offer | None:
        """Return what was bought, or None where the catalog does not know it."""
        return self._evidence.catalog.offer(part.seller, part.sku)

    @staticmethod
    def part(cell: Cell) -> Keyed:
        """Return a cell's requests with what their price depends on."""
        return Keyed(**{name: getattr(cell, name) for name in KEYS}, requests=cell.requests)

    def rates(self, cell: Cell, **instead: Any) -> Rates | None:
        """Return the rates of a cell, or those it would have with other keys; None where there are none."""
        offer = self._evidence.catalog.offer(cell.seller, cell.sku)
        if offer is None or cell.day is None:
            return None
        rates = rates_of(msgspec.structs.replace(cell, **instead), offer, self._evidence.catalog)
        return rates if isinstance(rates, Rates) else None

    def spent(self, part: Slice) -> Decimal | None:
        """Return what a slice cost: billed where a log says so, else list; None where neither is known."""
        (priced,) = price([part.cell], self._evidence.catalog)
        return priced.spend_usd

    def listed(self, part: Slice, **instead: Any) -> Decimal | None:
        """Return the list cost of a slice, or the one it would have with other keys; None where there is none."""
        cell = part.cell
        rates = self.rates(cell, **instead)
        return None if rates is None or rates.lacking(cell.quantities) else cost(cell.quantities, rates.expected)

    def paid(self, part: Keyed, list_usd: Decimal) -> Decimal:
        """Return what a list amount of requests of this kind is worth as paid, rounded down to the picodollar.

        A gateway that bills 1.1 times the list passes 1.1 times a saving on; one that bills nothing passes nothing on.
        """
        spent, listed = self._spent_and_listed.get(part.key, (ZERO, ZERO))
        if spent == listed:
            return list_usd
        if not listed:
            return ZERO
        return EXACT.divide(EXACT.multiply(list_usd, spent), listed).quantize(PICO, rounding=ROUND_FLOOR, context=EXACT)

    @cached_property
    def _spent_and_listed(self) -> dict[tuple[Any, ...], tuple[Decimal, Decimal]]:
        groups: dict[tuple[Any, ...], list[PricedCell]] = {}
        for priced in self._evidence.cells:
            if priced.cell.status == "ok" and priced.spend_usd is not None and priced.list_usd is not None:
                groups.setdefault(KEY_OF(priced.cell), []).append(priced)
        return {
            key: (total(one.spend_usd or ZERO for one in group), total(one.list_usd or ZERO for one in group))
            for key, group in groups.items()
        }

    def rows(self, gains: Iterable[Gain]) -> list[LeverRow]:
        """Return gains added up by group, largest first, none above what its group costs; empty ones left out."""
        groups: dict[Group, list[Gain]] = {}
        for gain in gains:
            part = gain.part
            groups.setdefault((part.gateway, part.model, part.tier, part.feature), []).append(gain)
        rows = [self._row(key, group) for key, group in groups.items()]
        saving = [row for row in rows if row.high_usd > 0]
        return sorted(
            saving, key=lambda row: (-row.saved_usd, -row.high_usd, row.model, str(row.feature), str(row.tier))
        )

    def _row(self, key: Group, gains: list[Gain]) -> LeverRow:
        most = self._spend_of_groups.get(key, ZERO)
        saved = min(max(total(gain.saved for gain in gains), ZERO), most)
        high = min(max(total(gain.high for gain in gains), saved), most)
        gateway, model, tier, feature = key
        return LeverRow(
            gateway=gateway,
            model=model,
            tier=tier,
            feature=feature,
            requests=sum(gain.part.requests if gain.requests is None else gain.requests for gain in gains),
            saved_usd=saved,
            low_usd=min(max(total(gain.low for gain in gains), ZERO), saved),
            high_usd=high,
        )

    @cached_property
    def _spend_of_groups(self) -> dict[Group, Decimal]:
        groups: dict[Group, list[Decimal]] = {}
        for priced in self._evidence.cells:
            cell = priced.cell
            if priced.spend_usd is not None:
                groups.setdefault((cell.gateway, cell.model, cell.tier, cell.feature), []).append(priced.spend_usd)
        return {key: total(amounts) for key, amounts in groups.items()}


def rate(rates: Rates, quantity: str) -> Decimal:
    """Return the expected US dollars of one of a quantity (`PRICED`)."""
    return rates.expected[PRICED.index(quantity)]


def gap(evidence: Evidence, fact: str, what: str) -> str | None:
    """Return a sentence on the good answers whose log does not state a fact; None where all do.

    Args:
        evidence: Its summary `Logged` has the counts.
        fact: A count of `Logged`.
        what: What the log would have to state, with its article, for the sentence.
    """
    logged = evidence.rows(Logged)
    whole = sum(row.requests for row in logged)
    known = sum(getattr(row, fact) for row in logged)
    if not logged:
        return f"this evidence does not say how many requests have {what}"
    if known == whole:
        return None
    return f"{whole - known:,} of {whole:,} good answers are logged without {what}"


def few(names: Sequence[str], most: int = 4) -> str:
    """Return the first of some names, and whether there are more."""
    return ", ".join(names[:most]) + (" and others" if len(names) > most else "")
