"""Whether a cost per request is higher than in the baseline, and with what certainty.

Two independent logs are compared by the logarithm of the ratio of their means, with a variance over clusters (users or
sessions, whose requests resemble each other) and a t quantile. Where both logs run the same cases, each case is
compared with itself, which is worth several times as many requests. A rule fails only if the lower end of the interval
is above its limit, so noise alone fails it no more often than the level says, whatever the size of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal

import numpy as np
from scipy.special import stdtr, stdtrit

from llmaudit.arrays import Floats
from llmaudit.gate.model import Case, Moments

LEVEL = 0.01
"""Chance that any increase is reported when nothing changed: shared among all comparisons of a check (one-sided)."""

MIN_REQUESTS, MIN_CLUSTERS, MIN_CASES = 30, 10, 10
"""Fewer on either side, and nothing is decided."""

POWER = 0.80
CLAIM_PCT = 10.0
"""The power that is printed is that for a true increase of so many percent beyond the limit."""

Value = Literal["usd", "spend"]
Per = Literal["request", "success"]


@dataclass(frozen=True)
class Question:
    """What a comparison is asked.

    Attributes:
        value: Costs at frozen prices, or as spent.
        per: Cost per request, or per good answer.
        level: One-sided level of this comparison.
        limit_pct: Largest increase that is allowed.
    """

    value: Value
    per: Per
    level: float
    limit_pct: float


@dataclass(frozen=True)
class Increase:
    """A relative increase with its interval.

    Attributes:
        pct: The increase, in percent of the baseline.
        low_pct: One-sided lower bound at the level of the comparison.
        high_pct: The upper bound at the same level.
        before: Cost per unit in the baseline, in US dollars.
        after: In the log.
        n_before: Requests (or cases) behind it.
        n_after: The same of the log.
        detectable_pct: The true increase that would fail the rule four times in five at these numbers.
        power: Chance that a true increase of the limit plus `CLAIM_PCT` points fails it.
        method: How the interval was made.
    """

    pct: float
    low_pct: float
    high_pct: float
    before: float
    after: float
    n_before: int
    n_after: int
    detectable_pct: float
    power: float
    method: str


@dataclass(frozen=True)
class Mix:
    """What a change of the mix of groups explains of a change of the mean.

    Attributes:
        shift: Added to the logarithm of the ratio of means.
        relief_before: The part of the baseline's relative variance that is chance in its mix.
        relief_after: The same of the log.
    """

    shift: float = 0.0
    relief_before: float = 0.0
    relief_after: float = 0.0


def compare(before: Moments | None, after: Moments | None, asked: Question, mix: Mix | None = None) -> Increase | str:
    """Compare a group of two independent logs, or say why that cannot be done.

    Var(ln(m1 / m0)) = Var(m1) / m1^2 + Var(m0) / m0^2, each mean a ratio of sums over clusters: Var(Y / N) =
    G / (G - 1) x sum of (Y_g - m N_g)^2 / N^2.

    Args:
        before: Sums of the baseline.
        after: Sums of the log.
        asked: What is compared, and at which level.
        mix: What a change of the mix of groups explains.
    """
    if reason := _too_few(before, after, asked.per):
        return reason
    assert before is not None  # noqa: S101 -- `_too_few` says so otherwise
    assert after is not None  # noqa: S101 -- the same
    means = [_mean(side, asked) for side in (before, after)]
    if means[0] <= 0:
        return "it cost nothing in the baseline, so there is no percentage"
    if means[1] <= 0:
        return _free_now((before.requests, after.requests), means)
    mix = mix or Mix()
    relative = [
        _variance(side, asked, mean, relief)
        for side, mean, relief in zip((before, after), means, (mix.relief_before, mix.relief_after), strict=True)
    ]
    effective = [side.requests**2 / side.nn for side in (before, after)]
    freedom = max(min(effective) - 1.0, 1.0)
    estimate = log(means[1] / means[0]) + mix.shift
    method = "two samples, independent requests" if before.nn == before.requests else "two samples, clustered"
    estimated = _Estimate(estimate, sqrt(sum(relative)), freedom)
    return _interval(estimated, asked, means, (before.requests, after.requests), method)


def paired(before: Sequence[Case], after: Sequence[Case], asked: Question) -> Increase | str:
    """Compare the cases that both logs have, each with itself; every case counts the same.

    The logarithm of the ratio of sums over cases has the influence a1 / A1 - b1 / B1 - a0 / A0 + b0 / B0 for a case
    whose cost and units per request are a and b: its variance is that of the influences, with a t quantile of
    cases - 1.
    """
    old = {case.case: case for case in before}
    common = [(old[case.case], case) for case in after if case.case in old]
    if len(common) < MIN_CASES:
        return f"{len(common)} cases are in both logs, but at least {MIN_CASES} are needed"
    sides = [_per_case(cases, asked) for cases in zip(*common, strict=True)]
    sums = [(cost.sum(), units.sum()) for cost, units in sides]
    if not all(cost > 0 and units > 0 for cost, units in sums):
        return "one side cost nothing, or gave no answer"
    means = [float(cost / units) for cost, units in sums]
    parts = [cost / total - units / count for (cost, units), (total, count) in zip(sides, sums, strict=True)]
    influence = parts[1] - parts[0]
    count = len(common)
    error = float(np.sqrt(count / (count - 1) * np.sum(influence**2)))
    requests = (sum(old_case.requests for old_case, _ in common), sum(new_case.requests for _, new_case in common))
    estimated = _Estimate(log(means[1] / means[0]), error, count - 1.0)
    return _interval(estimated, asked, means, requests, f"{count} paired cases")


def _per_case(cases: Sequence[Case], asked: Question) -> tuple[Floats, Floats]:
    """Return cost and units of one run of each case. Shapes (cases,)."""
    counts = np.array([case.requests for case in cases], float)
    cost = np.array([float(case.usd if asked.value == "usd" else case.spend_usd) for case in cases]) / counts
    if asked.per == "request":
        return cost, np.ones(len(cases))
    return cost, np.array([case.successes for case in cases], float) / counts


def _too_few(before: Moments | None, after: Moments | None, per: Per) -> str | None:
    """Return why two groups cannot be compared, or None."""
    if before is None:
        return "it is new: the baseline does not have it"
    if after is None:
        return "it is gone: the log does not have it"
    for name, one in (("baseline", before), ("log", after)):
        count = one.requests if per == "request" else one.successes
        if count < MIN_REQUESTS:
            return f"the {name} has {count} {per}{'es' if per == 'success' else 's'} of it; {MIN_REQUESTS} are needed"
        if one.clusters < MIN_CLUSTERS:
            return f"the {name} has {one.clusters} users or sessions for it; {MIN_CLUSTERS} are needed"
    return None


def _mean(one: Moments, asked: Question) -> float:
    units = one.requests if asked.per == "request" else one.successes
    return float(one.usd if asked.value == "usd" else one.spend_usd) / units


LEAST_LEFT = 0.1
"""A fixed mix removes at most nine tenths of a variance: what it removes is itself an estimate."""


def _variance(one: Moments, asked: Question, mean: float, relief: float) -> float:
    """Return the clustered variance of a mean over its square, at a fixed mix."""
    amounts = (one.yy, one.ny, one.zy) if asked.value == "usd" else (one.ss, one.ns, one.zs)
    units, squares, products = (
        (one.requests, one.nn, amounts[1]) if asked.per == "request" else (one.successes, one.zz, amounts[2])
    )
    spread = max(amounts[0] - 2 * mean * products + mean**2 * squares, 0.0)
    relative = one.clusters / (one.clusters - 1) * spread / units**2 / mean**2
    return max(relative - relief, LEAST_LEFT * relative)


@dataclass(frozen=True)
class _Estimate:
    """The logarithm of a ratio of means, its standard error, and the degrees of freedom of its t quantile."""

    log_ratio: float
    error: float
    freedom: float


def _interval(
    estimated: _Estimate, asked: Question, means: Sequence[float], requests: tuple[int, int], method: str
) -> Increase:
    quantile = float(stdtrit(estimated.freedom, 1 - asked.level))
    low, high = estimated.log_ratio - quantile * estimated.error, estimated.log_ratio + quantile * estimated.error
    bound = log(1 + asked.limit_pct / 100)
    reach = quantile + float(stdtrit(estimated.freedom, POWER))
    claim = log(1 + (asked.limit_pct + CLAIM_PCT) / 100) - bound
    power = float(stdtr(estimated.freedom, claim / estimated.error - quantile)) if estimated.error else 1.0
    return Increase(
        pct=_pct(estimated.log_ratio),
        low_pct=_pct(low),
        high_pct=_pct(high),
        before=means[0],
        after=means[1],
        n_before=requests[0],
        n_after=requests[1],
        detectable_pct=_pct(bound + reach * estimated.error),
        power=power,
        method=method,
    )


def _free_now(requests: tuple[int, int], means: Sequence[float]) -> Increase:
    return Increase(
        pct=-100.0,
        low_pct=-100.0,
        high_pct=-100.0,
        before=means[0],
        after=means[1],
        n_before=requests[0],
        n_after=requests[1],
        detectable_pct=0.0,
        power=1.0,
        method="it costs nothing now",
    )


def _pct(logarithm: float) -> float:
    return 100 * (exp(min(logarithm, 50.0)) - 1)
