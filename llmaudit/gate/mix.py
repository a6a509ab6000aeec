"""Comparing like with like: the cost of a whole log at the baseline's mix of groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from llmaudit.gate.compare import MIN_REQUESTS, Mix, Per, Value
from llmaudit.gate.model import Baseline, Moments


@dataclass(frozen=True)
class _Groups:
    """Groups of one log: units, and mean cost of one."""

    units: list[int]
    means: list[float]

    def mean(self, weights: list[int]) -> float:
        """Return the mean cost at a mix."""
        return sum(weight * mean for weight, mean in zip(weights, self.means, strict=True)) / sum(weights)

    def relief(self) -> float:
        """Return the part of a mean's relative variance that is chance in the mix: it is gone at a fixed mix."""
        whole, mean = sum(self.units), self.mean(self.units)
        between = (
            sum(n * (mean_of_unit - mean) ** 2 for n, mean_of_unit in zip(self.units, self.means, strict=True)) / whole
        )
        return between / whole / mean**2


def mix_of(before: Baseline, after: Baseline, by: str, value: Value, per: Per) -> Mix:
    """Return what a change of the mix of groups explains.

    Groups that one of the logs has too little of are left as they are; where there are none, a mix explains nothing.
    """
    old, new = before.moments_by(by), after.moments_by(by)
    common = [
        (old[name], new[name])
        for name in old
        if name in new and min(_units(old[name], per), _units(new[name], per)) >= MIN_REQUESTS
    ]
    if len(common) < 2:  # noqa: PLR2004 -- one group has no mix
        return Mix()
    first, second = (
        _Groups(
            [_units(pair[i], per) for pair in common], [_usd(pair[i], value) / _units(pair[i], per) for pair in common]
        )
        for i in (0, 1)
    )
    at_old, at_new = second.mean(first.units), second.mean(second.units)
    if at_old <= 0 or at_new <= 0 or first.mean(first.units) <= 0:
        return Mix()
    return Mix(log(at_old / at_new), first.relief(), second.relief())


def _units(one: Moments, per: Per) -> int:
    return one.requests if per == "request" else one.successes


def _usd(one: Moments, value: Value) -> float:
    return float(one.usd if value == "usd" else one.spend_usd)
