"""Comparing like with like: the cost of a whole log at the baseline's mix of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from llmaudit.gate.compare import MIN_REQUESTS, Mix, Per, Value
from llmaudit.gate.model import Baseline, Moments


@dataclass(frozen=True)
class _Groups:
    """Groups of one log.

    Attributes:
        units: Requests, or good answers, of each group.
        means: Mean cost of one of them, in US dollars.
    """

    units: list[int]
    means: list[float]

    @classmethod
    def of(cls, moments: Sequence[Moments], value: Value, per: Per) -> _Groups:
        """Return the groups of some moments."""
        units = [_units(group, per) for group in moments]
        return cls(units, [_usd(group, value) / count for group, count in zip(moments, units, strict=True)])

    def mean(self, weights: list[int]) -> float:
        """Return the mean cost at a mix."""
        return sum(weight * mean for weight, mean in zip(weights, self.means, strict=True)) / sum(weights)

    def relief(self) -> float:
        """Return the part of a mean's relative variance that is chance in the mix: it is gone at a fixed mix."""
        whole, mean = sum(self.units), self.mean(self.units)
        squares = (units * (group_mean - mean) ** 2 for units, group_mean in zip(self.units, self.means, strict=True))
        return sum(squares) / whole / whole / mean**2


def mix_of(before: Baseline, after: Baseline, by: str, value: Value, per: Per) -> Mix:
    """Return what a change of the mix of groups explains.

    Groups that one of the logs has too little of are left out; with fewer than two others, a mix explains nothing.
    """
    old, new = before.moments_by(by), after.moments_by(by)
    common = [
        (old[name], new[name])
        for name in old
        if name in new and min(_units(old[name], per), _units(new[name], per)) >= MIN_REQUESTS
    ]
    if len(common) < 2:  # noqa: PLR2004 -- one group has no mix
        return Mix()
    first, second = (_Groups.of(moments, value, per) for moments in zip(*common, strict=True))
    at_old, at_new = second.mean(first.units), second.mean(second.units)
    if at_old <= 0 or at_new <= 0 or first.mean(first.units) <= 0:
        return Mix()
    return Mix(log(at_old / at_new), first.relief(), second.relief())


def _units(moments: Moments, per: Per) -> int:
    return moments.requests if per == "request" else moments.successes


def _usd(moments: Moments, value: Value) -> float:
    return float(moments.usd if value == "usd" else moments.spend_usd)
