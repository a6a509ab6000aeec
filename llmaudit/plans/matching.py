"""Which rule of a plan decides each cell. Conditions are looked up in tables, so that a thousand plans stay fast.

`matches` decides one cell; `Attributes` decides all of them at once, and a test checks that both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from llmaudit.arrays import Bools, Ints
from llmaudit.cells import PricedCell
from llmaudit.money import times
from llmaudit.plans.model import Rule, When, listed

Places = npt.NDArray[np.int16]

NO_RULE = -1
MAX_MASKS = 512
"""Conditions whose answer is remembered; a run of a thousand plans has few distinct ones."""

ATTRIBUTES: dict[str, Callable[[PricedCell], Hashable]] = {
    "tier": lambda priced: priced.cell.tier,
    "task": lambda priced: priced.cell.task,
    "model": lambda priced: priced.cell.model,
    "model_class": lambda priced: priced.model_class,
    "provider": lambda priced: priced.cell.model.partition("/")[0],
    "gateway": lambda priced: priced.cell.gateway,
    "feature": lambda priced: priced.cell.feature,
    "team": lambda priced: priced.cell.team,
    "status": lambda priced: priced.cell.status,
}
"""Conditions that name one value of a cell, or several of which any will do."""

NEEDS: dict[str, Callable[[PricedCell], bool]] = {
    "tools": lambda priced: priced.cell.needs_tools,
    "json": lambda priced: priced.cell.needs_json,
    "images": lambda priced: priced.cell.needs_images,
}
OTHERS: dict[str, Callable[[PricedCell], Hashable]] = {
    "pii": lambda priced: priced.cell.has_pii,
    "batch": lambda priced: priced.cell.is_batch,
    "prompt_band": lambda priced: priced.cell.prompt_band,
    "cached": lambda priced: (priced.cell.tokens[1], priced.cell.prompt_tokens),
}


def matches(when: When, priced: PricedCell) -> bool:
    """Say whether a rule applies to a cell."""
    named = ((getattr(when, name), of) for name, of in ATTRIBUTES.items())
    return (
        all(wanted is None or of(priced) in listed(wanted) for wanted, of in named)
        and all(NEEDS[str(need)](priced) for need in listed(when.needs))
        and all(_holds(name, when, of(priced)) for name, of in OTHERS.items())
    )


def _holds(name: str, when: When, value: Any) -> bool:
    """Say whether a condition that is no list holds for a value of `OTHERS`."""
    if name == "prompt_band":
        size = when.size
        return size is None or ((size.at_least or 0) <= value and (size.at_most is None or value <= size.at_most))
    if name == "cached":
        read, prompt = value
        return when.cached_share is None or read <= times(when.cached_share, prompt)
    wanted = getattr(when, name)
    return wanted is None or wanted == value


class Attributes:
    """What rules can ask of some cells, as codes into tables of the distinct values.

    Args:
        cells: The cells.
    """

    def __init__(self, cells: Sequence[PricedCell]) -> None:
        self._size = len(cells)
        self._columns = {name: _coded(cells, of) for name, of in (ATTRIBUTES | NEEDS | OTHERS).items()}
        self._masks: dict[Hashable, Bools] = {}

    def deciding(self, rules: Sequence[Rule]) -> Places:
        """Return the place of the first rule that matches each cell, from 0; `NO_RULE` where none does."""
        decided = np.full(self._size, NO_RULE, np.int16)
        for place in reversed(range(len(rules))):  # the first one is written last
            np.putmask(decided, self.matching(rules[place].when), place)
        return decided

    def matching(self, when: When) -> Bools:
        """Return which cells a condition holds for."""
        mask = np.ones(self._size, bool)
        for name in ATTRIBUTES:
            wanted = getattr(when, name)
            if wanted is not None:
                mask &= self._mask(name, tuple(listed(wanted)), _is_among(listed(wanted)))
        for need in listed(when.needs):
            mask &= self._mask(str(need), True, bool)
        others = {"pii": when.pii, "batch": when.batch, "prompt_band": when.size, "cached": when.cached_share}
        for name, asked in others.items():
            if asked is not None:
                mask &= self._mask(name, asked, partial(_holds, name, when))
        return mask

    def having(self, name: str, value: Hashable) -> Bools:
        """Return which cells have one value of an attribute."""
        return self._mask(name, (value,), lambda cell_value: cell_value == value)

    def _mask(self, name: str, asked: Hashable, holds: Callable[[Any], bool]) -> Bools:
        key = (name, asked)
        if key not in self._masks:
            if len(self._masks) >= MAX_MASKS:
                self._masks.clear()
            codes, values = self._columns[name]
            self._masks[key] = np.array([holds(value) for value in values], bool)[codes]
        return self._masks[key]


def _is_among(wanted: list[object]) -> Callable[[object], bool]:
    return lambda value: value in wanted


def _coded(cells: Sequence[PricedCell], of: Callable[[PricedCell], Hashable]) -> tuple[Ints, list[Hashable]]:
    """Return a code per cell and the distinct values behind the codes."""
    places: dict[Hashable, int] = {}
    codes = np.fromiter((places.setdefault(of(priced), len(places)) for priced in cells), np.int64, len(cells))
    return codes, list(places)
