"""A share of successes over many runs of a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Share:
    """A share of runs with its Monte-Carlo standard error."""

    share: float
    runs: int

    @property
    def error(self) -> float:
        """Standard error of the share."""
        return sqrt(max(self.share * (1 - self.share), 1e-12) / self.runs)
