"""Which cached tokens still follow a request on the same model when the rules of a plan split sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from llmaudit.arrays import Ints
from llmaudit.cells import Cell, PricedCell
from llmaudit.plans.caching import Followed
from llmaudit.plans.matching import Attributes, Places
from llmaudit.plans.model import CHEAPEST, Rule
from llmaudit.summaries.links import KEYS, LinkRow


class Split:
    """The links between requests of sessions, laid out for many plans.

    Args:
        links: Cached tokens by what is known of a request and of the one before it.
        cells: The cells of the same requests; they say of which class a model is.
    """

    def __init__(self, links: Sequence[LinkRow], cells: Sequence[PricedCell]) -> None:
        known = {priced.cell.model: priced for priced in reversed(cells)}
        rows = [row for row in links if row.model in known]
        now = [tuple(getattr(row, name) for name in KEYS) for row in rows]
        self._now = Attributes([_cell(keys, known) for keys in now])
        self._before = Attributes([_cell(row.before, known) for row in rows])
        self._tokens = np.array([row.cached_tokens for row in rows], np.int64)
        self._models = list(known)
        places = {model: place for place, model in enumerate(self._models)}
        self._model = np.array([places[row.model] for row in rows], np.int64)
        self._cached = np.array([priced.cell.tokens[1] for priced in cells], np.int64)
        self._cell_model = np.array([places[priced.cell.model] for priced in cells], np.int64)

    def followed(
        self, rules: Sequence[Rule], targets: Sequence[str | None], places: Places
    ) -> dict[tuple[int, str], Followed]:
        """Return the cached tokens by rule (from 0; -1 is none) and present model.

        Args:
            rules: The plan's.
            targets: Where each rule sends requests: a canonical model; None keeps them.
            places: The rule that decides each cell.
        """
        now, before = self._now.deciding(rules), self._before.deciding(rules)
        count = len(self._models)
        goes = np.array(self._goes(rules, targets), np.int64)
        same = self._going(now, goes) == self._going(before, goes)
        of_link, of_cell = (now + np.int64(1)) * count + self._model, (places + np.int64(1)) * count + self._cell_model
        size = (len(rules) + 1) * count
        kept, broken, cached = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int64)
        np.add.at(kept, of_link[same], self._tokens[same])
        np.add.at(broken, of_link[~same], self._tokens[~same])
        np.add.at(cached, of_cell, self._cached)
        return {
            (code // count - 1, self._models[code % count]): Followed(
                *(int(counts[code]) for counts in (cached, kept, broken))
            )
            for code in np.flatnonzero(cached).tolist()
        }

    def _goes(self, rules: Sequence[Rule], targets: Sequence[str | None]) -> list[int]:
        """Return where each rule sends requests, as a number; -1 leaves each on its own model."""
        numbers = {model: place for place, model in enumerate([*self._models, *(one for one in targets if one)])}
        return [
            -2 - place  # the cheapest is one model for like requests; those of another rule may get another
            if rule.use == CHEAPEST
            else -1
            if rule.keep or target is None
            else numbers[target]
            for place, (rule, target) in enumerate(zip(rules, targets, strict=True))
        ]

    def _going(self, places: Places, goes: Ints) -> Ints:
        own = np.concatenate([goes, [-1]])[places]  # no rule is -1, the last
        return np.where(own == -1, self._model, own)


def _cell(keys: tuple[Any, ...], known: Mapping[str, PricedCell]) -> PricedCell:
    """Return what rules can ask of a link, in the shape of a cell."""
    values = dict(zip(KEYS, keys, strict=True))
    like = known[values["model"]]
    plain = {name: getattr(like.cell, name) for name in Cell.__struct_fields__}
    cell = Cell(**(plain | values | {"status": "ok", "tokens": (0, 1, 0, 0, 0, 0)}))
    return PricedCell(cell, like.offer, like.rates, None, None, None)
