"""Shares of requests and of tokens, by group, from cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import sqrt
from typing import Any

from scipy.special import ndtri

from llmaudit.gate.compare import MIN_REQUESTS
from llmaudit.gate.model import Baseline, Cell
from llmaudit.interval import wilson
from llmaudit.money import EXACT, ZERO
from llmaudit.request import INPUT_COUNTERS

CHEAP_TIERS = {0, 1}


@dataclass
class Share:
    """Counts of one group.

    Attributes:
        requests: Requests.
        usd: Their cost, as far as it is known.
        counts: Part and whole of each share, by the name of its rule.
    """

    requests: int = 0
    usd: Decimal = ZERO
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add(self, cell: Cell, classes: Mapping[str, str | None]) -> None:
        """Count a cell."""
        requests = cell.requests
        self.requests += requests
        self.usd = EXACT.add(self.usd, cell.usd or ZERO)
        self._count("unpriced_pct", requests if cell.usd is None else 0, requests)
        self._count("error_rate_pct", requests if cell.outcome != "ok" else 0, requests)
        self._count("retry_rate_pct", requests if cell.outcome == "superseded" else 0, requests)
        prompt = sum(cell.tokens.get(name, 0) for name in INPUT_COUNTERS)
        self._count("cache_hit_pct", cell.tokens.get("cache_read_tokens", 0), prompt)
        model_class = classes.get(cell.model)
        if cell.tier in CHEAP_TIERS and model_class is not None:
            self._count("tier01_on_flagship_pct", requests if model_class == "flagship" else 0, requests)

    def _count(self, name: str, part: int, whole: int) -> None:
        before = self.counts.get(name, (0, 0))
        self.counts[name] = (before[0] + part, before[1] + whole)

    def pct(self, name: str) -> float | None:
        """Return a share in percent; None if its base is 0."""
        part, whole = self.counts.get(name, (0, 0))
        return 100 * part / whole if whole else None

    def base(self, name: str) -> int:
        """Return the base of a share: requests, or prompt tokens."""
        return self.counts.get(name, (0, 0))[1]

    def rise(self, before: Share, name: str, level: float) -> tuple[float, float, float] | str:
        """Return the rise in points with its bounds at a one-sided level (Newcombe 1998, from Wilson's intervals)."""
        for side, shares_of_log in (("baseline", before), ("log", self)):
            if shares_of_log.base(name) < MIN_REQUESTS:
                return f"the {side} has {shares_of_log.base(name)} requests of it; {MIN_REQUESTS} are needed"
        z = float(ndtri(1 - level))
        old, new = (part / whole for part, whole in (before.counts[name], self.counts[name]))
        (old_low, old_high), (new_low, new_high) = (
            wilson(*shares_of_log.counts[name], z) for shares_of_log in (before, self)
        )
        rise = new - old
        low = rise - sqrt((new - new_low) ** 2 + (old_high - old) ** 2)
        high = rise + sqrt((new_high - new) ** 2 + (old - old_low) ** 2)
        return 100 * rise, 100 * low, 100 * high


def shares(log: Baseline, by: str, classes: Mapping[str, str | None] | None = None) -> dict[str | None, Share]:
    """Return the counts of every group; `all` has one, without a name."""
    share_by_name: dict[str | None, Share] = {}
    for cell in log.cells:
        name: Any = None if by == "all" else getattr(cell, by)
        share_by_name.setdefault(None if name is None else str(name), Share()).add(cell, classes or {})
    return share_by_name
