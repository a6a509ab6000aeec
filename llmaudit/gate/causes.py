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
from llmaudit.gate.sentences import Change, Scope, inside, sentence, subject_of
from llmaudit.money import EXACT, ZERO

LEVEL = 0.01
"""Chance that any cause is named when nothing changed: shared among all that could be (Bonferroni, two-sided)."""

NOTICE = Decimal("0.0005")
"""Less than this share of the baseline's cost is not worth a sentence."""

MOSTLY, HALF = Decimal("0.75"), Decimal("0.5")
MAY_BE_CHANCE = 2.5
"""A cause is reported as a template's own if the template has this share of it, or if it has half of it and the rest is
within this many standard deviations."""

BY_USE = ("input", "cache", "output", "retries", "failures", "unpriced", "models", "conditions")


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of the difference between two logs.

    Attributes:
        cause: One of `CAUSES`.
        subject: Template, feature, model or gateway it comes from; None is all of the log.
        usd: What it adds to the log's cost, exact.
        usd_per_month: The same for thirty days; None if the log is too short to be a period.
        z: Over its standard deviation by chance alone; None if chance does not move it.
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
        """The amount over its standard deviation; None if chance does not move it."""
        return float(self.usd) / self.sd if self.sd else None


def causes_of(decomposition: Decomposition, before: Baseline, after: Baseline) -> list[Cause]:
    """Return what is worth naming, the largest first: every cause as a whole, in one feature, or in one template."""
    noise = variances(decomposition, before, after)
    candidates = list(_candidates(decomposition, noise))
    limit = float(ndtri(1 - LEVEL / 2 / max(len(candidates), 1)))
    floor = EXACT.multiply(NOTICE, max(decomposition.before_usd, decomposition.after_usd))
    certain = [
        candidate
        for candidate in candidates
        if candidate.usd and abs(candidate.usd) >= floor and (candidate.z is None or abs(candidate.z) >= limit)
    ]
    certain.sort(
        key=lambda candidate: (
            -abs(candidate.usd),
            CAUSES.index(candidate.cause),
            len(candidate.scope),
            str(candidate.scope),
        )
    )
    reported = [
        candidate
        for cause in dict.fromkeys(candidate.cause for candidate in certain)
        for candidate in _narrowest(cause, certain)
    ]
    reported.sort(key=lambda candidate: (-abs(candidate.usd), CAUSES.index(candidate.cause)))
    return [_cause(decomposition, candidate, after) for candidate in reported]


def _candidates(decomposition: Decomposition, noise: Variances) -> Iterator[_Candidate]:
    """Yield every cause in every scope that it can be attributed to."""
    for cause, usd in decomposition.by_cause().items():
        if cause == "period":
            continue  # a longer log is no cause of anything
        sd = deviation(sum(value for (name, _), value in noise.items() if name == cause))
        yield _Candidate(cause, (), usd, sd if cause in SAMPLED else 0.0)
    sums: dict[tuple[str, Scope], Decimal] = {}
    spread: dict[tuple[str, Scope], float] = {}
    for part in decomposition.parts:
        if part.cause in BY_USE:
            for scope in _scopes(part.use):
                sums[part.cause, scope] = EXACT.add(sums.get((part.cause, scope), ZERO), part.usd)
    for (cause, use), variance in noise.items():
        for scope in _scopes(use):
            spread[cause, scope] = spread.get((cause, scope), 0.0) + variance
    small_scopes = _small_scopes(decomposition)
    for (cause, scope), usd in sums.items():
        if scope in small_scopes:
            continue
        yield _Candidate(cause, scope, usd, deviation(spread.get((cause, scope), 0.0)))


def _small_scopes(decomposition: Decomposition) -> set[Scope]:
    """Return scopes that one of the logs has a little of: too little for a mean to be normal."""
    counts: list[dict[Scope, int]] = [{}, {}]
    for side, uses in zip(counts, (decomposition.before, decomposition.after), strict=True):
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


def _narrowest(cause: str, certain: list[_Candidate]) -> Iterator[_Candidate]:
    """Yield how one cause is reported: by the narrowest scope with most of it, else for each scope that stands out.

    The growth of one template is reported as the template's, although the input of the whole log grew by it too; a
    cache that stopped in all templates of a feature is reported as the feature's.
    """
    of_cause = [candidate for candidate in certain if candidate.cause == cause]
    widest = min(of_cause, key=lambda candidate: len(candidate.scope))
    if widest.scope:
        by_scope = {candidate.scope: candidate for candidate in of_cause}
        for candidate in of_cause:
            inner = [
                other
                for other in of_cause
                if len(other.scope) > len(candidate.scope) and other.scope[0] == candidate.scope[0]
            ]
            outer = by_scope.get(candidate.scope[:1]) if len(candidate.scope) > 1 else None
            if not any(_holds(other, candidate) for other in inner) and not (outer and not _holds(candidate, outer)):
                yield candidate
        return
    best = widest
    for candidate in sorted(of_cause, key=lambda candidate: len(candidate.scope)):
        if candidate.scope[: len(best.scope)] == best.scope and _holds(candidate, best):
            best = candidate
    yield best


def _holds(narrow: _Candidate, whole: _Candidate) -> bool:
    """Say whether one scope has most of what a wider one has, or half of it with a rest that may be chance."""
    if narrow.usd * whole.usd <= 0:
        return False
    if abs(narrow.usd) >= MOSTLY * abs(whole.usd):
        return True
    rest_usd = float(whole.usd - narrow.usd)
    spread = deviation(whole.sd**2 - narrow.sd**2)
    return abs(narrow.usd) >= HALF * abs(whole.usd) and abs(rest_usd) <= MAY_BE_CHANCE * spread


def _cause(decomposition: Decomposition, candidate: _Candidate, after: Baseline) -> Cause:
    parts = [
        part for part in decomposition.parts if part.cause == candidate.cause and inside(part.use, candidate.scope)
    ]
    monthly = per_month(candidate.usd, after)
    return Cause(
        cause=candidate.cause,
        subject=subject_of(candidate.cause, candidate.scope, parts),
        usd=candidate.usd,
        usd_per_month=monthly,
        z=candidate.z,
        text=sentence(candidate.cause, Change(decomposition, candidate.scope, parts), candidate.usd, monthly),
    )


def per_month(usd: Decimal, log: Baseline) -> Decimal | None:
    """Return an amount of a log for thirty days; None if the log is too short to be a period."""
    if log.span.hours < DAY_HOURS:
        return None
    return EXACT.divide(EXACT.multiply(usd, Decimal(720)), Decimal(log.span.hours))
