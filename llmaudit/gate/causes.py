"""Which cause of a difference to name: the largest of those that chance does not explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import msgspec
from scipy.special import ndtri

from llmaudit.gate.compare import MIN_REQUESTS
from llmaudit.gate.decompose import CAUSES, DAY_HOURS, Decomposition
from llmaudit.gate.model import Baseline, CallKey
from llmaudit.gate.noise import SAMPLED, Variances, deviation, variances
from llmaudit.gate.sentences import Scope, inside, sentence, subject_of
from llmaudit.money import EXACT, ZERO

LEVEL = 0.01
"""Chance that any cause is named when nothing changed: shared among all that could be (Bonferroni, two-sided)."""

NOTICE = Decimal("0.0005")
"""Less than this share of the baseline's cost is not worth a sentence."""

MOSTLY, HALF = Decimal("0.75"), Decimal("0.5")
MAY_BE_CHANCE = 2.5
"""A cause of which one template has this share is told as that template's; so is one of which it has half, where the
rest is within so many standard deviations."""

BY_USE = ("input", "cache", "output", "retries", "failures", "unpriced", "models", "conditions")


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of the difference between two logs.

    Attributes:
        cause: One of `CAUSES`.
        subject: Template, feature, model or gateway it comes from; None is all of the log.
        usd: What it adds to the log's cost, exact.
        usd_per_month: The same for thirty days; None where the log is too short to be a period.
        z: Over its standard deviation by chance alone; None where chance does not move it.
        text: One sentence.
    """

    cause: str
    subject: str | None
    usd: Decimal
    usd_per_month: Decimal | None
    z: float | None
    text: str


@dataclass(frozen=True)
class _Candidate:
    """A cause in a scope, with its amount and its standard deviation by chance."""

    cause: str
    scope: Scope
    usd: Decimal
    sd: float

    @property
    def z(self) -> float | None:
        """The amount over its standard deviation; None where chance does not move it."""
        return float(self.usd) / self.sd if self.sd else None


def causes_of(found: Decomposition, before: Baseline, after: Baseline) -> list[Cause]:
    """Return what is worth naming, the largest first: every cause as a whole, in one feature, or in one template."""
    noise = variances(found, before, after)
    candidates = list(_candidates(found, noise))
    limit = float(ndtri(1 - LEVEL / 2 / max(len(candidates), 1)))
    floor = EXACT.multiply(NOTICE, max(found.before_usd, found.after_usd))
    certain = [
        one for one in candidates if one.usd and abs(one.usd) >= floor and (one.z is None or abs(one.z) >= limit)
    ]
    certain.sort(key=lambda one: (-abs(one.usd), CAUSES.index(one.cause), len(one.scope), str(one.scope)))
    told = [one for cause in dict.fromkeys(one.cause for one in certain) for one in _told(cause, certain)]
    told.sort(key=lambda one: (-abs(one.usd), CAUSES.index(one.cause)))
    return [_cause(found, one, after) for one in told]


def _candidates(found: Decomposition, noise: Variances) -> Iterator[_Candidate]:
    """Yield every cause in every scope that it can be attributed to."""
    for cause, usd in found.by_cause().items():
        if cause == "period":
            continue  # a longer log is no cause of anything
        sd = deviation(sum(value for (name, _), value in noise.items() if name == cause))
        yield _Candidate(cause, (), usd, sd if cause in SAMPLED else 0.0)
    sums: dict[tuple[str, Scope], Decimal] = {}
    spread: dict[tuple[str, Scope], float] = {}
    for part in found.parts:
        if part.cause in BY_USE:
            for scope in _scopes(part.use):
                sums[part.cause, scope] = EXACT.add(sums.get((part.cause, scope), ZERO), part.usd)
    for (cause, use), variance in noise.items():
        for scope in _scopes(use):
            spread[cause, scope] = spread.get((cause, scope), 0.0) + variance
    small = _small_scopes(found)
    for (cause, scope), usd in sums.items():
        if scope in small:
            continue
        yield _Candidate(cause, scope, usd, deviation(spread.get((cause, scope), 0.0)))


def _small_scopes(found: Decomposition) -> set[Scope]:
    """Return scopes that one of the logs has a little of: too little for a mean to be normal."""
    counts: list[dict[Scope, int]] = [{}, {}]
    for side, uses in zip(counts, (found.before, found.after), strict=True):
        for key, use in uses.items():
            for scope in _scopes(key):
                side[scope] = side.get(scope, 0) + use.attempts
    return {scope for side in counts for scope, count in side.items() if 0 < count < MIN_REQUESTS}


def _scopes(use: CallKey) -> Iterator[Scope]:
    """Yield the scopes inside the whole that a use is in."""
    if use.feature is not None:
        yield (use.feature,)
    if use.template is not None:
        yield (use.feature, use.template)


def _told(cause: str, certain: list[_Candidate]) -> Iterator[_Candidate]:
    """Yield how one cause is reported: by the narrowest scope with most of it, else for each scope that stands out.

    A template's growth is told as that template's, although the whole log's input grew by it too; a cache that stopped
    in all templates of a feature is told as the feature's.
    """
    of_cause = [one for one in certain if one.cause == cause]
    widest = min(of_cause, key=lambda one: len(one.scope))
    if widest.scope:
        narrow = {one.scope: one for one in of_cause}
        for one in of_cause:
            inner = [
                other for other in of_cause if len(other.scope) > len(one.scope) and other.scope[0] == one.scope[0]
            ]
            outer = narrow.get(one.scope[:1]) if len(one.scope) > 1 else None
            if not any(_holds(other, one) for other in inner) and not (outer and not _holds(one, outer)):
                yield one
        return
    best = widest
    for one in sorted(of_cause, key=lambda one: len(one.scope)):
        if one.scope[: len(best.scope)] == best.scope and _holds(one, best):
            best = one
    yield best


def _holds(one: _Candidate, whole: _Candidate) -> bool:
    """Say whether one scope has most of what a wider one has, or half of it with a rest that may be chance."""
    if one.usd * whole.usd <= 0:
        return False
    if abs(one.usd) >= MOSTLY * abs(whole.usd):
        return True
    rest = float(whole.usd - one.usd)
    spread = deviation(whole.sd**2 - one.sd**2)
    return abs(one.usd) >= HALF * abs(whole.usd) and abs(rest) <= MAY_BE_CHANCE * spread


def _cause(found: Decomposition, one: _Candidate, after: Baseline) -> Cause:
    parts = [part for part in found.parts if part.cause == one.cause and inside(part.use, one.scope)]
    monthly = per_month(one.usd, after)
    return Cause(
        cause=one.cause,
        subject=subject_of(one.cause, one.scope, parts),
        usd=one.usd,
        usd_per_month=monthly,
        z=one.z,
        text=sentence(one.cause, one.scope, parts, found, one.usd, monthly),
    )


def per_month(usd: Decimal, log: Baseline) -> Decimal | None:
    """Return an amount of a log for thirty days; None where the log is too short to be a period."""
    if log.span.hours < DAY_HOURS:
        return None
    return EXACT.divide(EXACT.multiply(usd, Decimal(720)), Decimal(log.span.hours))
