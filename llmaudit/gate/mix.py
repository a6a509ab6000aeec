"""What a change of the mix of groups explains of a change of cost per request: comparing like with like."""

from __future__ import annotations

from math import log

from llmaudit.gate.compare import MIN_REQUESTS, Per, Value
from llmaudit.gate.model import Baseline, Moments


def mix_shift(before: Baseline, after: Baseline, by: str, value: Value, per: Per) -> float:
    """Return what to add to ln(mean now / mean before) so that both are taken at the baseline's mix of groups.

    Groups that one of the logs has too little of are left as they are. 0 where there are no groups.
    """
    old, new = before.moments_by(by), after.moments_by(by)
    common = [
        (old[name], new[name])
        for name in old
        if name in new and min(_units(old[name], per), _units(new[name], per)) >= MIN_REQUESTS
    ]
    if len(common) < 2:  # noqa: PLR2004 -- one group has no mix
        return 0.0
    means = [[_usd(one, value) / _units(one, per) for one in pair] for pair in common]
    weights = [[_units(pair[side], per) for pair in common] for side in (0, 1)]
    at_old = sum(weight * mean[1] for weight, mean in zip(weights[0], means, strict=True)) / sum(weights[0])
    at_new = sum(weight * mean[1] for weight, mean in zip(weights[1], means, strict=True)) / sum(weights[1])
    return log(at_old / at_new) if at_old > 0 and at_new > 0 else 0.0


def _units(one: Moments, per: Per) -> int:
    return one.requests if per == "request" else one.successes


def _usd(one: Moments, value: Value) -> float:
    return float(one.usd if value == "usd" else one.spend_usd)
