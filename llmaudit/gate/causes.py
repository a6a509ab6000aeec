"""Which cause of a difference to name: the largest of those that chance does not explain."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import msgspec
from scipy.special import ndtri

from llmaudit.gate.decompose import CAUSES, DAY_HOURS, Decomposition, Part
from llmaudit.gate.model import Baseline, CallKey
from llmaudit.gate.noise import SAMPLED, Variances, deviation, variances
from llmaudit.gate.sentences import sentence, subject_of
from llmaudit.money import EXACT, ZERO

LEVEL = 0.01
"""Chance that any cause is named when nothing changed: shared among all that could be (Bonferroni, two-sided)."""

NOTICE = Decimal("0.001")
"""Less than this share of the baseline's cost is not worth a sentence."""

MOSTLY = Decimal("0.6")
"""A cause that comes to this share from one template is told as that template's."""

BY_USE = ("input", "cache", "output", "retries", "failures", "unpriced", "models", "conditions")


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause of the difference between two logs.

    Attributes:
        cause: One of `CAUSES`.
        subject: Template, feature, model or gateway it comes from; None is all of the log.
        usd: What it adds to the log's cost, exact.
        usd_per_month: The same for thirty days; None where the log is too short to be a period.
        z: Over its standard deviation by chance alone; None where chance does not move it.
        is_certain: Whether chance does not explain it, at 1% for all causes together.
        text: One sentence.
    """

    cause: str
    subject: str | None
    usd: Decimal
    usd_per_month: Decimal | None
    z: float | None
    is_certain: bool
    text: str


def causes_of(found: Decomposition, before: Baseline, after: Baseline) -> list[Cause]:
    """Return what is worth naming, the largest first: every cause as a whole, and single uses where they stand out."""
    noise = variances(found, before, after)
    candidates = list(_candidates(found, noise))
    limit = float(ndtri(1 - LEVEL / 2 / max(len(candidates), 1)))
    floor = EXACT.multiply(NOTICE, max(found.before_usd, found.after_usd))
    certain: list[tuple[str, CallKey | None, Decimal, float | None]] = []
    for cause, use, usd, sd in candidates:
        z = float(usd) / sd if sd else None
        if abs(usd) >= floor and usd and (z is None or abs(z) >= limit):
            certain.append((cause, use, usd, z))
    certain.sort(key=lambda one: (-abs(one[2]), CAUSES.index(one[0]), one[1] is not None))
    return [_cause(found, one, after) for one in _without_repeats(certain)]


def _candidates(found: Decomposition, noise: Variances) -> Iterator[tuple[str, CallKey | None, Decimal, float]]:
    """Yield every cause as a whole and by use, with its amount and its standard deviation."""
    for cause, usd in found.by_cause().items():
        sd = deviation(sum(value for (name, _), value in noise.items() if name == cause))
        if cause == "period":
            continue  # a longer log is no cause of anything
        yield cause, None, usd, sd if cause in SAMPLED else 0.0
    sums: dict[tuple[str, CallKey], Decimal] = {}
    for part in found.parts:
        if part.cause in BY_USE:
            key = (part.cause, (part.use[0], part.use[1], None))
            sums[key] = EXACT.add(sums.get(key, ZERO), part.usd)
    for (cause, use), usd in sums.items():
        sd = deviation(sum(value for (name, one), value in noise.items() if name == cause and one[:2] == use[:2]))
        yield cause, use, usd, sd


def _without_repeats(
    certain: list[tuple[str, CallKey | None, Decimal, float | None]],
) -> list[tuple[str, CallKey | None, Decimal, float | None]]:
    """Leave out a use that its cause tells already, and a cause that is one use's: the more telling one stays."""
    kept: list[tuple[str, CallKey | None, Decimal, float | None]] = []
    for cause, use, usd, z in certain:
        of_cause = [one for one in certain if one[0] == cause and one[1] is not None]
        if use is None:
            if any(one[2] * usd > 0 and abs(one[2]) >= MOSTLY * abs(usd) for one in of_cause):
                continue
        else:
            whole = next((one for one in certain if one[0] == cause and one[1] is None), None)
            if whole and not (usd * whole[2] > 0 and abs(usd) >= MOSTLY * abs(whole[2])):
                continue
        kept.append((cause, use, usd, z))
    return kept


def _cause(found: Decomposition, one: tuple[str, CallKey | None, Decimal, float | None], after: Baseline) -> Cause:
    cause, use, usd, z = one
    parts = [part for part in found.parts if part.cause == cause and _inside(part, use)]
    monthly = per_month(usd, after)
    return Cause(
        cause=cause,
        subject=subject_of(cause, use, parts),
        usd=usd,
        usd_per_month=monthly,
        z=z,
        is_certain=True,
        text=sentence(cause, use, parts, found, usd, monthly),
    )


def _inside(part: Part, use: CallKey | None) -> bool:
    return use is None or part.use[:2] == use[:2]


def per_month(usd: Decimal, log: Baseline) -> Decimal | None:
    """Return an amount of a log for thirty days; None where the log is too short to be a period."""
    if log.span.hours < DAY_HOURS:
        return None
    return EXACT.divide(EXACT.multiply(usd, Decimal(720)), Decimal(log.span.hours))
