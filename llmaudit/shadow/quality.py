"""Quality by tier and pooled: the paired difference, its looks, and what can be concluded from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, isfinite
from typing import NamedTuple

from llmaudit.arrays import Floats, Ints
from llmaudit.shadow import sequential
from llmaudit.shadow.clusters import MIN_CLUSTERS, WARN_CLUSTERS
from llmaudit.shadow.looks import Schedule, Step, anytime, mean_steps, needed_information, schedule
from llmaudit.shadow.model import Look, Plan, TierResult, Verdict

EPOCH = date(1970, 1, 1)
DIFFERENCE_ALPHA = 0.05
"""Two-sided level at which a difference, in either direction, is certain."""


@dataclass(frozen=True)
class Judged:
    """Judged pairs of one tier or of all, by rising day.

    Attributes:
        tier: The tier; None is all.
        share: Share of production; None for the whole.
        pairs: Pairs, judged or not.
        delta: Shape (n,): shadow minus primary.
        codes: Clusters.
        strata: Strata.
        targets: Share of each stratum.
        days: Days since 1970, rising.
        spread_of_scores: Range of the score.
    """

    tier: int | None
    share: float | None
    pairs: int
    delta: Floats
    codes: Ints
    strata: Ints
    targets: Floats
    days: Ints
    spread_of_scores: float


@dataclass(frozen=True)
class LookSequence:
    """The looks at one slice, with everything a verdict needs.

    Attributes:
        steps: Every look.
        plan: Those within the plan, and their share of the planned information.
        above: What the statistic of non-inferiority has to reach at each look of the plan.
        apart: What the statistic of a difference has to reach, on either side.
    """

    steps: list[Step]
    plan: Schedule
    above: Floats
    apart: Floats

    def noninferior_at(self, margin: float) -> int | None:
        """Return the index of the first look that shows the loss to be below the margin."""
        return _first([step.z(-margin) >= bound for step, bound in zip(self.plan.steps, self.above, strict=True)])

    def loss_at(self) -> int | None:
        """Return the index of the first look that shows some loss."""
        return _first([step.z(0.0) <= -bound for step, bound in zip(self.plan.steps, self.apart, strict=True)])


def looks_of(judged: Judged, plan: Plan, planned_days: int) -> LookSequence:
    """Return the looks at a slice and their boundaries."""
    steps = mean_steps(judged.delta, judged.codes, judged.strata, judged.targets, judged.days, judged.spread_of_scores)
    planned = schedule(steps, planned_days, plan.looks)
    return LookSequence(
        steps,
        planned,
        above=planned.boundary(plan.alpha, two_sided=False),
        apart=planned.boundary(DIFFERENCE_ALPHA, two_sided=True),
    )


def result(judged: Judged, plan: Plan, planned_days: int) -> TierResult:
    """Return the verdict on a slice, before Holm's correction and before health."""
    looked = looks_of(judged, plan, planned_days)
    looks = [_look(step, looked, plan.margin, plan.alpha) for step in looked.steps]
    passed, lost = looked.noninferior_at(plan.margin), looked.loss_at()
    last = looks[-1] if looks else None
    step = looked.steps[-1] if looked.steps else None
    verdict: Verdict = "inconclusive" if passed is None and lost is None else "inferior"
    if passed is not None:
        verdict = "non-inferior"
    decided = passed if passed is not None else lost
    more = _more(judged, looked, plan) if verdict == "inconclusive" else More()
    reached = _latest(looks)
    return TierResult(
        tier=judged.tier,
        verdict=verdict,
        sentence=_sentence(verdict, last, plan, lost=lost is not None, more=more),
        share=judged.share,
        pairs=judged.pairs,
        judged_pairs=len(judged.delta),
        clusters=last.clusters if last else 0,
        delta=last.delta if last else None,
        bound=reached.bound if reached else None,
        low=reached.low if reached else None,
        high=reached.high if reached else None,
        design_effect=step.spread.deff if step and isfinite(step.spread.deff) else None,
        p_noninferior=looked.plan.p_value(-plan.margin, two_sided=False),
        p_holm=None,
        may_move=verdict == "non-inferior",
        loss_proven=lost is not None,
        decided_on=_date(looked.plan.steps[decided].day) if decided is not None else None,
        fell_back=_fell_back(looked, plan.margin, verdict),
        more_pairs=more.pairs,
        more_days=more.days,
        more_pairs_as_seen=more.pairs_as_seen,
        anytime=_anytime_verdict(looks, plan.margin),
        looks=looks,
    )


def _first(hits: list[bool]) -> int | None:
    return next((index for index, hit in enumerate(hits) if hit), None)


def _date(day: int) -> date | None:
    return EPOCH + timedelta(days=day) if day >= 0 else None


def _latest(looks: list[Look]) -> Look | None:
    """Return the last look within the plan, whose interval the plan covers; else the last look."""
    inside = [look for look in looks if look.bound is not None]
    return inside[-1] if inside else None


def _look(step: Step, looked: LookSequence, margin: float, alpha: float) -> Look:
    final = looked.plan.final
    index = _first([planned is step for planned in looked.plan.steps])
    z_above = above = z_apart = apart = bound = low = high = any_low = any_high = None
    fraction = 0.0
    if step.usable and final:
        one_sided, two_sided = anytime(step, final, alpha)
        any_low, any_high = step.value - one_sided, step.value + two_sided
        fraction = 1.0 / step.spread.se**2 / final
    if index is not None:
        above, apart = float(looked.above[index]), float(looked.apart[index])
        one_sided, two_sided = (
            sequential.from_normal(boundary, step.spread.df) * step.spread.se for boundary in (above, apart)
        )
        bound, low, high = step.value - one_sided, step.value - two_sided, step.value + two_sided
        z_above, z_apart, fraction = step.z(-margin), step.z(0.0), float(looked.plan.fractions[index])
    return Look(
        day=_date(step.day),
        pairs=step.spread.pairs,
        clusters=step.spread.clusters,
        fraction=min(fraction, 1.0),
        delta=step.value,
        se=step.spread.se if isfinite(step.spread.se) else None,
        z_noninferior=z_above,
        boundary_noninferior=above,
        z_difference=z_apart,
        boundary_difference=apart,
        bound=bound,
        low=low,
        high=high,
        anytime_bound=any_low,
        anytime_high=any_high,
    )


def _fell_back(found: LookSequence, margin: float, verdict: Verdict) -> bool:
    if not found.plan.steps or verdict == "inconclusive":
        return False
    last = found.plan.steps[-1]
    if verdict == "non-inferior":
        return last.z(-margin) < float(found.above[-1])
    return last.z(0.0) > -float(found.apart[-1])


def _anytime_verdict(looks: list[Look], margin: float) -> Verdict:
    bounds = [look.anytime_bound for look in looks if look.anytime_bound is not None]
    highs = [look.anytime_high for look in looks if look.anytime_high is not None]
    if bounds and max(bounds) > -margin:
        return "non-inferior"
    return "inferior" if highs and min(highs) < 0 else "inconclusive"


class More(NamedTuple):
    """What an undecided test still needs; None if no number would do.

    Attributes:
        pairs: Judged pairs if the models are equal; if that many are there already, pairs if the loss is as seen.
        days: Days that takes at the present rate; None also if pairs have no time.
        pairs_as_seen: Judged pairs if the loss is as seen.
    """

    pairs: int | None = None
    days: int | None = None
    pairs_as_seen: int | None = None


def _more(judged: Judged, found: LookSequence, plan: Plan) -> More:
    if not found.steps or not found.steps[-1].usable:
        return More()
    step = found.steps[-1]
    pairs, information = len(judged.delta), 1.0 / step.spread.se**2
    looks = len(found.plan.steps) + 1 if plan.looks == "daily" else 1

    def still_needed(distance: float) -> int | None:
        needed = needed_information(distance, plan.alpha, plan.power, looks)
        return max(ceil(pairs * (needed / information - 1.0)), 1) if isfinite(needed) else None

    if_equal, as_seen = still_needed(plan.margin), still_needed(plan.margin + step.value)
    # 1 is "enough already": then it is the loss seen that prevents a verdict
    more = as_seen if if_equal == 1 else if_equal
    pairs_per_day = pairs / step.number
    return More(more, None if more is None or step.day < 0 else ceil(more / pairs_per_day), as_seen)


def points(value: float | None) -> str:
    """Return a difference of scores for people, in points (hundredths of a score)."""
    return "unknown" if value is None else f"{value * 100:+.2f} points"


def _sentence(verdict: Verdict, last: Look | None, plan: Plan, *, lost: bool, more: More) -> str:
    if last is None:
        return "no pair has a score on both sides, so quality is unknown"
    if last.clusters < MIN_CLUSTERS:
        return f"only {_clusters(last.clusters)}: below {MIN_CLUSTERS} no test can be trusted, so more users are needed"
    margin = f"{plan.margin * 100:g} points"
    seen = f"seen {points(last.delta)} on {last.pairs:,} judged pairs"
    if verdict == "non-inferior":
        extra = "; some loss is certain, but it is smaller than that" if lost else ""
        return f"the loss is shown to be below {margin} ({seen}){extra}"
    if verdict == "inferior":
        return f"a loss is certain, and it is not shown to be below {margin} ({seen})"
    need = ""
    if more.pairs is not None:
        need = f"; about {more.pairs:,} more judged pairs"
        need += f" ({more.days:,} more days at this rate)" if more.days is not None else ""
        need += " would show it if the two are equal, or if the loss stays as seen where that is more"
    return f"neither a loss nor its absence is certain at {margin} ({seen}){need}"


def _clusters(count: int) -> str:
    return f"{count} cluster" if count == 1 else f"{count} clusters"


def cluster_warning(clusters: int, kind: str) -> str | None:
    """Return what a reader must know of few clusters."""
    if MIN_CLUSTERS <= clusters < WARN_CLUSTERS:
        return f"only {clusters} clusters ({kind}): tests with fewer than {WARN_CLUSTERS} reject somewhat too often"
    if clusters < MIN_CLUSTERS:
        return f"only {_clusters(clusters)} ({kind}): no p-value and no verdict is given below {MIN_CLUSTERS}"
    return None
