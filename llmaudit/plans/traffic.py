"""The traffic that plans are evaluated on, arranged so that a thousand plans share everything that no plan changes.

What a plan does with a cell depends on only a few of its properties (`FACETS`). Cells that share them form a group: the
legs of a plan are computed once per group, and the contents of the group are added up exactly (`llmaudit.plans.sums`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from llmaudit.arrays import Ints
from llmaudit.catalog.units import PRICED
from llmaudit.cells import PricedCell
from llmaudit.money import ZERO, total
from llmaudit.plans.matching import Attributes
from llmaudit.plans.sums import Columns, scaled, unscaled

Verdict = Callable[[PricedCell], Hashable]

TIERS = 5
"""Tiers 0 to 3, and unknown."""

FACETS: dict[str, Verdict] = {
    "prices": lambda priced: (
        priced.cell.price_slot,
        priced.cell.prompt_band,
        priced.cell.service_tier,
        priced.cell.is_batch,
        priced.cell.region_class,
        priced.cell.slot_by,
        priced.cell.is_thinking,
    ),
    "known": lambda priced: (
        priced.cell.model,
        priced.offer.sku.tokenizer if priced.offer else None,
        priced.cell.tier,
        priced.cell.task,
        _thinks(priced),
    ),
    "needs": lambda priced: (
        priced.rates is None,
        priced.cell.usage_status,
        priced.cell.prompt_band,
        priced.cell.tokens[-1] != 0,
        priced.cell.needs_tools,
        priced.cell.needs_json,
        priced.cell.needs_images,
        priced.cell.has_pii,
        priced.cell.status,
    ),
    "held": lambda priced: tuple(count != 0 for count in priced.cell.quantities),
    "cohort": lambda priced: (priced.cell.feature, priced.cell.tier, priced.cell.task, priced.cell.model),
    "kept": lambda priced: (priced.cell.model, priced.cell.status),
    "present": lambda priced: (
        priced.cell.model,
        priced.cell.status,
        priced.cell.is_batch,
        priced.cell.billed_kind is not None,
        priced.cell.gateway is not None,
        priced.cell.usage_status,
        priced.offer.key if priced.offer else None,
        _own_rates(priced),
    ),
}
"""What legs depend on: the conditions of prices, what is assumed, what is needed, which quantities there are, what is
paid now, and which outcomes speak of it. `tests/plans/test_plans_bulk.py` holds the groups to the cells, one by one."""


def _thinks(priced: PricedCell) -> bool | None:
    return None if priced.cell.reasoning_tokens is None else priced.cell.reasoning_tokens > 0


def _own_rates(priced: PricedCell) -> Hashable:
    return priced.rates and (priced.rates.expected, priced.rates.low, priced.rates.high)


class Sums(NamedTuple):
    """What some cells hold together.

    Attributes:
        quantities: In the order of `PRICED`.
        billed_usd: What was billed.
        spend_usd: What they cost now.
        answered: Calls that ended with a good answer.
    """

    quantities: tuple[int, ...]
    billed_usd: Decimal
    spend_usd: Decimal
    answered: int

    @property
    def requests(self) -> int:
        """How many requests they are."""
        return self.quantities[-1]


class Grouping(NamedTuple):
    """Cells put into groups.

    Attributes:
        labels: The group of each cell.
        first: A cell of each group, which represents it.
    """

    labels: Ints
    first: list[PricedCell]


class Traffic:
    """The cells whose present cost is known, and how many requests are left out.

    Args:
        cells: The priced cells.
    """

    def __init__(self, cells: Iterable[PricedCell]) -> None:
        every = list(cells)
        self.cells = [priced for priced in every if priced.spend_usd is not None]
        self.unknown_requests = sum(priced.cell.requests for priced in every if priced.spend_usd is None)
        self.actual_usd = total(_spend(priced) for priced in self.cells)
        self.tiers = np.array([TIERS - 1 if one.cell.tier is None else one.cell.tier for one in self.cells], np.int64)
        self._groupings: dict[Hashable, Grouping] = {}

    @cached_property
    def attributes(self) -> Attributes:
        """What rules can ask of the cells."""
        return Attributes(self.cells)

    @cached_property
    def answered(self) -> int:
        """Calls that ended with a good answer."""
        return sum(priced.cell.calls for priced in self.cells if priced.cell.status == "ok")

    @cached_property
    def main_provider(self) -> str | None:
        """The maker of models that most is spent on now; of equals the first by name."""
        spent: dict[str, Decimal] = {}
        for priced in self.cells:
            if priced.offer is not None:
                maker = priced.cell.model.partition("/")[0]
                spent[maker] = spent.get(maker, ZERO) + _spend(priced)
        return min(spent, key=lambda maker: (-spent[maker], maker), default=None)

    def facet(self, name: str) -> Grouping:
        """Return the cells grouped by one facet."""
        return self._grouping(("facet", name), lambda: self._by(FACETS[name]))

    def grouped(self, key: Hashable, verdicts: Callable[[], Mapping[str, Verdict]]) -> Grouping:
        """Return the cells grouped by what verdicts say of them; each verdict is asked once per group of its facet.

        Args:
            key: Names the verdicts; the grouping is remembered by it.
            verdicts: Makes them, by the facet on which they depend.
        """
        return self._grouping(key, lambda: self._combined([self._judged(*item) for item in verdicts().items()]))

    def combined(self, key: Hashable, groupings: Sequence[Grouping]) -> Grouping:
        """Return the cells grouped by several groupings at once."""
        return self._grouping(key, lambda: self._combined([grouping.labels for grouping in groupings]))

    def sums(self, labels: Ints, groups: int) -> list[Sums]:
        """Return what the cells of every label hold, exactly; a label without cells holds nothing."""
        columns = self._columns.by(labels, groups)
        quantities = list(zip(*columns[: len(PRICED)], strict=True))
        billed, spent, answered = columns[len(PRICED) :]
        places = self._places
        return [
            Sums(quantities[i], unscaled(billed[i], places), unscaled(spent[i], places), answered[i])
            for i in range(groups)
        ]

    @cached_property
    def floats(self) -> npt.NDArray[np.float64]:
        """The quantities of every cell, for comparing costs: never for money that is shown."""
        return np.array([priced.cell.quantities for priced in self.cells], np.float64).reshape(-1, len(PRICED))

    @cached_property
    def _places(self) -> int:
        amounts = (_spend(priced).as_tuple().exponent for priced in self.cells)
        billed = ((priced.cell.billed_usd or ZERO).as_tuple().exponent for priced in self.cells)
        return max(
            (-exponent for some in (amounts, billed) for exponent in some if isinstance(exponent, int)), default=0
        )

    @cached_property
    def _columns(self) -> Columns:
        counts = list(zip(*(priced.cell.quantities for priced in self.cells), strict=True)) or [()] * len(PRICED)
        billed = scaled([priced.cell.billed_usd or ZERO for priced in self.cells], self._places)
        spent = scaled([_spend(priced) for priced in self.cells], self._places)
        answered = [priced.cell.calls if priced.cell.status == "ok" else 0 for priced in self.cells]
        return Columns([*counts, billed, spent, answered])

    def _grouping(self, key: Hashable, make: Callable[[], Grouping]) -> Grouping:
        if key not in self._groupings:
            while len(self._groupings) >= MAX_GROUPINGS:  # the oldest that is no facet goes
                self._groupings.pop(next(key for key in self._groupings if not _is_facet(key)))
            self._groupings[key] = make()
        return self._groupings[key]

    def _by(self, of: Verdict) -> Grouping:
        places: dict[Hashable, int] = {}
        first: list[PricedCell] = []
        labels = np.empty(len(self.cells), np.int64)
        for i, priced in enumerate(self.cells):
            value = of(priced)
            if value not in places:
                places[value] = len(first)
                first.append(priced)
            labels[i] = places[value]
        return Grouping(labels, first)

    def _judged(self, facet: str, verdict: Verdict) -> Ints:
        grouping = self.facet(facet)
        codes: dict[Hashable, int] = {}
        of_group = [codes.setdefault(verdict(priced), len(codes)) for priced in grouping.first]
        return np.array(of_group, np.int64)[grouping.labels] if of_group else grouping.labels

    def _combined(self, parts: Sequence[Ints]) -> Grouping:
        labels = np.zeros(len(self.cells), np.int64)
        for part in parts:
            labels = labels * (int(part.max(initial=0)) + 1) + part
            _, labels = np.unique(labels, return_inverse=True)
        _, first = np.unique(labels, return_index=True)
        return Grouping(labels, [self.cells[i] for i in first.tolist()])


MAX_GROUPINGS = 96
"""So many are remembered; each has a number per cell."""


def _is_facet(key: Hashable) -> bool:
    return isinstance(key, tuple) and key[0] == "facet"


def _spend(priced: PricedCell) -> Decimal:
    return priced.spend_usd if priced.spend_usd is not None else ZERO
