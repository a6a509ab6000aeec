"""Whether the data can support a verdict: checks before any estimate, each with what was observed.

A failed check that blocks means that the arms were not treated alike, so that a difference between them could be an
artifact of the test. A warning is shown beside the verdict but does not stop it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from scipy.special import chdtrc, ndtr, stdtr

from llmaudit.arrays import Bools, Floats, Ints
from llmaudit.shadow.clusters import MIN_CLUSTERS, WARN_CLUSTERS, compact, spread
from llmaudit.shadow.model import Check, Standing
from llmaudit.shadow.pairs import UNKNOWN, Pairs

MISMATCH_P = 0.001
"""The usual level for a sample-ratio mismatch: low, because it is checked often and blocks everything."""

SUSPECT_P = 0.01
SECOND_US = 1_000_000
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Traffic:
    """Production requests of the test's period, sampled or not. All arrays have shape (n,).

    Attributes:
        unit: Code of what was assigned as a whole (the session or user).
        day: Days since 1970.
        tier: Tier, -1 unknown.
        route: Code into `routes`, -1 unknown.
        sampled: Whether the request has a pair.
        routes: Names of routes.
        share: The sampling share that was meant; shape () or (n,) where tiers were sampled differently.
    """

    unit: Ints
    day: Ints
    tier: Ints
    route: Ints
    sampled: Bools
    routes: tuple[str, ...]
    share: float | Floats


def checks(pairs: Pairs, traffic: Traffic | None = None) -> list[Check]:
    """Return every check, in the order a reader should meet them."""
    return [check for make in CHECKS for check in make(pairs)] + list(sample_ratio(traffic))


def sample_ratio(traffic: Traffic | None) -> Iterator[Check]:
    """Compare the share of requests sampled with the share that was meant, by day, tier and route.

    Whole sessions are sampled, so a level's count is no binomial: its variance is share (1 - share) times the sum over
    sessions of their squared sizes.
    """
    if traffic is None:
        yield Check(
            "sample ratio", "unknown", "no production traffic of this period to compare with (ingest it first)", False
        )
        return
    share = np.broadcast_to(np.asarray(traffic.share, dtype=float), traffic.day.shape)
    units = compact(traffic.unit)
    for name, labels, title in _dimensions(traffic):
        worst, place = 1.0, ""
        levels = np.unique(labels)
        for level in levels:
            here = labels == level
            sizes = np.bincount(units[here], weights=share[here] * (1 - share[here]))
            counts = np.bincount(units[here])
            variance = float(np.sum(sizes * counts))
            off = float(np.sum(traffic.sampled[here] - share[here]))
            p = float(2 * ndtr(-abs(off) / np.sqrt(variance))) if variance > 0 else 1.0
            if p * len(levels) < worst:
                worst = p * len(levels)
                seen, meant = float(traffic.sampled[here].mean()), float(share[here].mean())
                place = f"{title(level)}: {seen:.2%} sampled instead of {meant:.2%}"
        detail = f"smallest p {worst:.2g} after Holm over {len(levels)}" + (f"; {place}" if place else "")
        yield Check(f"sample ratio by {name}", "fail" if worst < MISMATCH_P else "pass", detail, True)


def _dimensions(traffic: Traffic) -> Iterator[tuple[str, Ints, Callable[[Any], str]]]:
    yield "day", traffic.day, _day
    yield "tier", traffic.tier, _tier
    if len(traffic.routes) > 1:
        yield "route", traffic.route, lambda code: traffic.routes[code] if code >= 0 else "no route"


def _day(day: int) -> str:
    return (EPOCH + timedelta(days=int(day))).isoformat() if day >= 0 else "no time"


def _tier(tier: int) -> str:
    return f"tier {tier}" if tier >= 0 else "tier unknown"


def _rows(pairs: Pairs) -> Iterator[Check]:
    both = pairs.primary.present & pairs.shadow.present
    orphans = int(np.count_nonzero(~pairs.primary.present))
    yield _graded("shadows without a primary", orphans, len(pairs), 0.05, "left out of everything")
    repeated = int(np.count_nonzero((pairs.primary.copies > 1) | (pairs.shadow.copies > 1)))
    yield _graded("duplicate rows", repeated, len(pairs), 0.01, "the first row of an arm counts")
    if not both.any():
        yield Check("pairs", "fail", "no pair has both arms", True)


def _missing(pairs: Pairs) -> Iterator[Check]:
    asked = pairs.primary.present
    gone = asked & ~pairs.shadow.present
    yield _graded(
        "missing shadows", int(gone.sum()), int(asked.sum()), 0.20, "four readings of them are under `missing`"
    )
    for name, labels, title in (
        ("day", pairs.day, _day),
        ("tier", pairs.tier, _tier),
        ("route", pairs.route, lambda code: pairs.routes[code] if code >= 0 else "no route"),
    ):
        if gone.any() and len(np.unique(labels[asked])) > 1:
            yield _uneven(name, labels[asked], gone[asked], title)


def _uneven(name: str, labels: Ints, gone: Bools, title: Callable[[Any], str]) -> Check:
    """Test whether shadows are missing alike at every level (chi-square of homogeneity)."""
    levels, codes = np.unique(labels, return_inverse=True)
    asked, lost = np.bincount(codes), np.bincount(codes, weights=gone.astype(float))
    rate = float(gone.mean())
    expected = asked * rate
    statistic = float(np.sum((lost - expected) ** 2 / np.maximum(expected * (1 - rate), 1e-300)))
    p = float(chdtrc(len(levels) - 1, statistic))
    worst = int(np.argmax(np.where(expected >= 5, lost / asked, 0.0)))  # noqa: PLR2004 -- the usual least count
    excess = float(lost[worst] / asked[worst]) - rate
    status: Standing = "pass"
    if p < MISMATCH_P and excess > 0.01:  # noqa: PLR2004 -- a point: less is no matter
        status = "fail" if excess > 0.05 else "warn"  # noqa: PLR2004 -- five points: something broke
    where = f"{title(levels[worst])} misses {lost[worst] / asked[worst]:.1%} against {rate:.1%} overall"
    return Check(f"missing shadows by {name}", status, f"p {p:.2g}; {where}", True)


def _graded(name: str, count: int, whole: int, limit: float, note: str) -> Check:
    """Return a check that warns of any case at all, and fails if their share is above a limit."""
    share = count / whole if whole else 0.0
    status: Standing = "fail" if share > limit else "warn" if share > 0.0 else "pass"
    detail = f"{count:,} of {whole:,} ({share:.2%})" + (f"; {note}" if count else "")
    return Check(name, status, detail, True)


def _clock(pairs: Pairs) -> Iterator[Check]:
    first, second = pairs.primary.at, pairs.shadow.at
    known = (first != UNKNOWN) & (second != UNKNOWN)
    if not known.any():
        yield Check("clock", "unknown", "no times in both arms", True)
        return
    lag = (second - first)[known]
    early = float(np.mean(lag < -5 * SECOND_US))
    middle = float(np.median(lag)) / SECOND_US
    status: Standing = "fail" if early > 0.10 else "warn" if early > 0.01 or middle > 3600 else "pass"  # noqa: PLR2004
    yield Check("clock", status, f"median lag {middle:,.1f} s; {early:.2%} of shadows start over 5 s early", True)


def _alike(pairs: Pairs) -> Iterator[Check]:
    for name, first, second, limit in (
        ("parameters", pairs.primary.params, pairs.shadow.params, 0.01),
        ("answered from a cache in one arm", pairs.primary.cached, pairs.shadow.cached, 0.05),
    ):
        known = (first >= 0) & (second >= 0)
        if not known.any():
            yield Check(name, "unknown", "not in the data", True)
            continue
        differ = int(np.count_nonzero(known & (first != second)))
        yield _graded(name, differ, int(known.sum()), limit, "the arms differ")


def _warm(pairs: Pairs) -> Iterator[Check]:
    first, second = pairs.primary.cache_share, pairs.shadow.cache_share
    known = ~np.isnan(first) & ~np.isnan(second)
    if not known.any():
        yield Check("warm prompt cache", "unknown", "no cache counts in both arms", False)
        return
    gain = float(np.mean(second[known] - first[known]))
    status: Standing = "warn" if abs(gain) > 0.05 else "pass"  # noqa: PLR2004 -- five points of the prompt
    detail = f"the shadow reads {gain:+.1%} more of its prompts from a cache than the primary"
    yield Check("warm prompt cache", status, detail, False)


def _clusters(pairs: Pairs) -> Iterator[Check]:
    count = int(np.count_nonzero(np.bincount(pairs.cluster)))
    status: Standing = "fail" if count < MIN_CLUSTERS else "warn" if count < WARN_CLUSTERS else "pass"
    yield Check("clusters", status, f"{count:,} clusters ({pairs.cluster_kind})", False)


def _judged(pairs: Pairs) -> tuple[Bools, Floats]:
    delta = pairs.shadow.score - pairs.primary.score
    return ~np.isnan(delta), delta


def _novelty(pairs: Pairs) -> Iterator[Check]:
    known, delta = _judged(pairs)
    known &= pairs.day >= 0
    yield _trend("novelty by day", known, pairs.day.astype(float), delta, pairs.cluster, "per day")


def _carry_over(pairs: Pairs) -> Iterator[Check]:
    known, delta = _judged(pairs)
    known &= ~np.isnan(pairs.turn)
    later = (pairs.turn > 0).astype(float)
    yield _trend("carry-over in conversations", known, later, delta, pairs.cluster, "in later turns")


def _trend(name: str, known: Bools, regressor: Floats, delta: Floats, codes: Ints, unit: str) -> Check:
    """Test whether the quality difference changes with something."""
    if np.count_nonzero(known) < 2 or np.ptp(regressor[known]) == 0:  # noqa: PLR2004
        return Check(name, "unknown", "the data do not say", False)
    fit = regression(regressor[known], delta[known], codes[known])
    detail = "too few clusters to test"
    if fit.p is not None:
        detail = f"difference changes by {fit.slope:+.4f} {unit}, p {fit.p:.2g}"
    return Check(name, "warn" if fit.is_suspect else "pass", detail, False)


class Line(NamedTuple):
    """A straight line through points.

    Attributes:
        slope: Change of y for one unit of x.
        p: Two-sided clustered p-value of a slope of 0; None below ten clusters.
        at_zero: The value of y at x = 0.
    """

    slope: float
    p: float | None
    at_zero: float

    @property
    def is_suspect(self) -> bool:
        """Whether the slope is hardly due to chance."""
        return self.p is not None and self.p < SUSPECT_P

    @property
    def p_text(self) -> str:
        """The p-value as the end of a sentence; empty if there is none."""
        return "" if self.p is None else f"p {self.p:.2g}"


def regression(x: Floats, y: Floats, codes: Ints) -> Line:
    """Return the least-squares line of y on x.

    Args:
        x: Shape (n,), not constant.
        y: Shape (n,).
        codes: Shape (n,): cluster of each point.
    """
    centred = x - x.mean()
    square = float(centred @ centred)
    slope = float(centred @ y) / square
    residual = y - y.mean() - slope * centred
    slope_spread = spread(centred * residual / square, codes)
    at_zero = float(y.mean() - slope * x.mean())
    if slope_spread.clusters < MIN_CLUSTERS or not slope_spread.se > 0:
        return Line(slope, None, at_zero)
    return Line(slope, float(2 * stdtr(slope_spread.df, -abs(slope) / slope_spread.se)), at_zero)


def _judge(pairs: Pairs) -> Iterator[Check]:
    known, delta = _judged(pairs)
    yield _order(pairs, known, delta)
    yield _length(pairs, known, delta)
    humans = ~np.isnan(pairs.primary.human) & ~np.isnan(pairs.shadow.human)
    if (humans & known).any():
        here = humans & known
        same = float(np.mean(np.sign(delta[here]) == np.sign((pairs.shadow.human - pairs.primary.human)[here])))
        status: Standing = "warn" if same < 0.7 else "pass"  # noqa: PLR2004 -- below it the judge is weak evidence
        yield Check("judge and humans", status, f"agree on {same:.0%} of {int(here.sum()):,} pairs", False)


def _order(pairs: Pairs, known: Bools, delta: Floats) -> Check:
    name = "judge's order"
    here = known & (pairs.shown_first >= 0)
    if not here.any():
        return Check(name, "unknown", "the data do not say in which order the judge saw the answers", False)
    first = pairs.shown_first[here].astype(float)
    if len(np.unique(first)) == 1:
        which = "shadow" if first[0] else "primary"
        return Check(
            name,
            "warn",
            f"the {which} was always shown first, so a bias for the first position cannot be excluded",
            False,
        )
    fit = regression(first, delta[here], pairs.cluster[here])
    detail = f"the shadow scores {fit.slope:+.4f} more when shown first" + (f", {fit.p_text}" if fit.p_text else "")
    return Check(name, "warn" if fit.is_suspect else "pass", detail, False)


def _length(pairs: Pairs, known: Bools, delta: Floats) -> Check:
    name = "judge's preference for length"
    first, second = pairs.primary.length, pairs.shadow.length
    here = known & (first > 0) & (second > 0)
    if np.count_nonzero(here) < 2:  # noqa: PLR2004
        return Check(name, "unknown", "the lengths of both answers are not known", False)
    longer = np.log(second[here] / first[here])
    if np.ptp(longer) == 0:
        return Check(name, "pass", "the ratio of the answers' lengths never varies", False)
    fit = regression(longer, delta[here], pairs.cluster[here])
    plain = float(delta[here].mean())
    detail = f"difference {plain:+.4f}, at equal length {fit.at_zero:+.4f}"
    detail += f"; slope {fit.p_text}" if fit.p_text else ""
    is_reversed = fit.is_suspect and plain * fit.at_zero < 0
    return Check(name, "warn" if is_reversed else "pass", detail, False)


CHECKS: tuple[Callable[[Pairs], Iterator[Check]], ...] = (
    _rows,
    _missing,
    _clock,
    _alike,
    _warm,
    _clusters,
    _novelty,
    _carry_over,
    _judge,
)
"""Everything that is checked from the pairs alone."""
