"""The whole reading of a shadow test, in order: health, estimates, looks, verdicts, guardrails, decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import ceil

import msgspec
import numpy as np

from llmaudit.arrays import Floats, Ints
from llmaudit.shadow.guardrails import decide, guardrails
from llmaudit.shadow.health import Traffic, checks
from llmaudit.shadow.looks import ends_of_days
from llmaudit.shadow.metrics import HEAVY, Part, in_order_of_time, metrics
from llmaudit.shadow.missing_shadows import Strata, readings, scale, strata_of
from llmaudit.shadow.model import Analysis, Health, Metric, Plan, TierResult
from llmaudit.shadow.pairs import Pairs
from llmaudit.shadow.quality import Judged, cluster_warning, result

WEEK = 7
TIER_UNKNOWN = -1
SMALL_MARGIN = 0.005
"""Share of the scores' range below which a margin is likely to be meant for scores from 0 to 1."""


def analyze(pairs: Pairs, plan: Plan | None = None, traffic: Traffic | None = None) -> Analysis:
    """Return everything a shadow test says.

    Args:
        pairs: The pairs.
        plan: What was decided before the first look.
        traffic: Production requests of the period, for the sample-ratio check.

    Returns:
        The analysis; its `decision` is `blocked` where health failed, and `inconclusive` where the data do not decide.
    """
    plan = plan or Plan()
    health_checks = checks(pairs, traffic)
    ordered = _ordered(pairs)
    tiers, shares, mix_notes = _mix(ordered, plan)
    planned_days, plan_notes = _planned(ordered, plan)
    codes = np.searchsorted(tiers, ordered.tier)
    strata = strata_of(ordered, codes, shares)
    read = _read_all(Part(None, ordered, codes, shares), tiers, strata, plan, planned_days)
    pooled, by_tier = read.pooled, _holm(read.by_tier, plan.alpha)
    health = Health(
        ok=not any(check.status == "fail" and check.blocks for check in health_checks),
        checks=health_checks,
        missing=readings(ordered, codes, shares, strata),
    )
    if not health.ok:
        by_tier, pooled = [_blocked(tier_result) for tier_result in by_tier], _blocked(pooled)
    rails = guardrails(read.figures, by_tier, plan)
    decision, sentence = decide(pooled, by_tier, rails, health)
    models = [_only(ordered.models, arm.model[arm.present]) for arm in (ordered.primary, ordered.shadow)]
    return Analysis(
        name=plan.name,
        decision=decision,
        sentence=sentence,
        primary=models[0],
        shadow=models[1],
        score_kind=ordered.kind,
        cluster=ordered.cluster_kind,
        pairs=len(ordered),
        days=len(ends_of_days(ordered.day)),
        planned_days=planned_days,
        margin=plan.margin,
        metrics=[*read.figures, *read.tier_figures],
        by_tier=by_tier,
        pooled=pooled,
        guardrails=rails,
        health=health,
        warnings=[
            *ordered.notes,
            *mix_notes,
            *plan_notes,
            *_warnings(ordered, [pooled, *by_tier], read.figures, health, plan.margin),
        ],
    )


@dataclass(frozen=True)
class _Readings:
    """What the pairs say, before health and guardrails.

    Attributes:
        pooled: The verdict on all tiers together.
        by_tier: The verdict on each tier.
        figures: The pooled figures.
        tier_figures: Those of the tiers; none if there is only one.
    """

    pooled: TierResult
    by_tier: list[TierResult]
    figures: list[Metric]
    tier_figures: list[Metric]


def _read_all(whole: Part, tiers: Ints, strata: Strata, plan: Plan, planned_days: int) -> _Readings:
    """Read all pairs together and each tier by itself."""
    with ThreadPoolExecutor(
        2
    ) as pool:  # numpy releases Python's lock: the whole and its parts in parallel take half the time
        whole = replace(whole, ordered=in_order_of_time(whole, pool))
        pooled_future = pool.submit(_read, whole, strata, None, plan, planned_days)
        parts = [_read_tier(whole, int(tier), place, plan, planned_days) for place, tier in enumerate(tiers)]
        pooled, figures = pooled_future.result()
    return _Readings(
        pooled,
        by_tier=[verdict for verdict, _ in parts],
        figures=figures,
        tier_figures=[figure for _, tier_figures in parts for figure in tier_figures],
    )


def _read(
    part: Part, strata: Strata, share: float | None, plan: Plan, planned_days: int
) -> tuple[TierResult, list[Metric]]:
    """Return the verdict on a part and its figures."""
    quality = result(_judged(part, strata, share), plan, planned_days)
    return quality, metrics(part, quality, plan, planned_days)


def _read_tier(whole: Part, tier: int, place: int, plan: Plan, planned_days: int) -> tuple[TierResult, list[Metric]]:
    """Return the verdict on a tier and its figures; a tier that is alone has none: the pooled ones are the same."""
    alone = len(whole.targets) == 1
    pairs = whole.pairs if alone else whole.pairs.take(np.flatnonzero(whole.pairs.tier == tier))
    ordered = {name: one.only(place) for name, one in whole.ordered.items()}
    part = Part(_tier(tier), pairs, np.zeros(len(pairs), np.int64), np.ones(1), ordered)
    strata, share = strata_of(pairs, part.strata, part.targets), float(whole.targets[place])
    if alone:
        return result(_judged(part, strata, share), plan, planned_days), []
    return _read(part, strata, share, plan, planned_days)


def _ordered(pairs: Pairs) -> Pairs:
    """Return the pairs that have a primary, by rising day."""
    keep = pairs.primary.present
    if keep.all() and not np.any(np.diff(pairs.day) < 0):
        return pairs
    index = np.flatnonzero(keep)
    return pairs.take(index[np.argsort(pairs.day[index], kind="stable")])


def _tier(tier: int) -> int | None:
    return None if tier == TIER_UNKNOWN else int(tier)


def _named(tier: int) -> str:
    return "requests of unknown tier have" if tier == TIER_UNKNOWN else f"tier {tier} has"


def _mix(pairs: Pairs, plan: Plan) -> tuple[Ints, Floats, list[str]]:
    """Return the tiers in the data with their share of production."""
    counts_of_all = np.bincount(pairs.tier - TIER_UNKNOWN)
    tiers = np.flatnonzero(counts_of_all) + TIER_UNKNOWN
    counts = counts_of_all[tiers - TIER_UNKNOWN]
    if plan.mix is None:
        note = ["the pooled figure has the sample's own tier mix: the production mix is unknown"] * (len(tiers) > 1)
        return tiers, counts / max(counts.sum(), 1), note
    named = {(TIER_UNKNOWN if key == "unknown" else int(key)): value for key, value in plan.mix.items()}
    shares = np.array([named.get(int(tier), 0.0) for tier in tiers])
    unseen = sorted(tier for tier, share in named.items() if share > 0 and tier not in tiers)
    notes = [f"{_named(tier)} {named[tier]:.1%} of production but no pairs" for tier in unseen]
    if not shares.sum() > 0:
        return (
            tiers,
            counts / max(counts.sum(), 1),
            [*notes, "no tier of the mix has pairs, so the sample's own mix is used"],
        )
    return tiers, shares / shares.sum(), notes


def _planned(pairs: Pairs, plan: Plan) -> tuple[int, list[str]]:
    seen = int(pairs.day[-1] - pairs.day[0]) + 1 if len(pairs) else 1
    if plan.days is None:
        days = WEEK * max(ceil(seen / WEEK), 1)
        return days, [f"the planned length of the test was not given: {days} days are assumed (set it with --days)"]
    late = f"{seen - plan.days} days are past the plan of {plan.days}: only the confidence sequence uses them"
    return plan.days, [late] if seen > plan.days else []


def _judged(part: Part, strata: Strata, share: float | None) -> Judged:
    pairs = part.pairs
    delta = pairs.shadow.score - pairs.primary.score
    both = ~np.isnan(delta)
    low, high = scale(pairs)
    return Judged(
        tier=part.tier,
        share=share,
        pairs=len(pairs),
        delta=delta[both],
        codes=pairs.cluster[both],
        strata=strata.codes[both],
        targets=strata.targets,
        days=pairs.day[both],
        spread_of_scores=high - low,
    )


def _holm(results: list[TierResult], alpha: float) -> list[TierResult]:
    """Return the tiers with Holm's p-values: which may move, at one level for all of them together."""
    known = sorted(
        (result.p_noninferior, index) for index, result in enumerate(results) if result.p_noninferior is not None
    )
    adjusted: dict[int, float] = {}
    highest = 0.0
    for rank, (p_value, index) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p_value))
        adjusted[index] = highest
    return [
        msgspec.structs.replace(
            result,
            p_holm=adjusted.get(index),
            may_move=result.verdict == "non-inferior" and adjusted.get(index, 1.0) <= alpha,
        )
        for index, result in enumerate(results)
    ]


def _blocked(result: TierResult) -> TierResult:
    return msgspec.structs.replace(
        result,
        verdict="blocked",
        may_move=False,
        sentence=f"no verdict: a health check failed. Without it: {result.sentence}",
    )


def _only(models: tuple[str, ...], codes: Ints) -> str | None:
    seen = np.unique(codes)
    return models[int(seen[0])] if len(seen) == 1 and len(models) > seen[0] >= 0 else None


def _odd_margin(pairs: Pairs, margin: float) -> str | None:
    """Return what a reader must know of a margin that was meant for another kind of score."""
    low, high = scale(pairs)
    if pairs.kind != "graded" or margin >= SMALL_MARGIN * (high - low):
        return None
    return (
        f"scores reach from {low:g} to {high:g}, so a margin of {margin:g} is {margin / (high - low):.2%} of that: "
        "--margin is in the score's own unit"
    )


def _warnings(
    pairs: Pairs, results: Sequence[TierResult], figures: Sequence[Metric], health: Health, margin: float
) -> Iterator[str]:
    """Yield what a reader must know; of the results, the first is the pooled one."""
    pooled = results[0]
    if pooled.judged_pairs and (few_clusters := cluster_warning(pooled.clusters, pairs.cluster_kind)):
        yield few_clusters
    if health.missing and health.missing.missing and health.missing.post_stratified is None:
        yield "missing shadows could not be weighted by prompt size, which is not in the data"
    if np.any(pairs.turn > 0):
        yield "later turns answer a history that the primary wrote, so the estimate is for single turns"
    timeless = int(np.count_nonzero(pairs.day < 0))
    if timeless:
        yield (
            f"{timeless:,} pairs have no time: they count as one day before all others, so what is known day by day is "
            "not as it was (where the test is over, --looks once reads it at its end)"
        )
    if any(figure.method.endswith(HEAVY) for figure in figures):
        yield (
            "a few requests make the bill (costs have a very heavy tail): 95% intervals of cost ratios hold in 90% to "
            "94% of such samples; more pairs help"
        )
    if margin_note := _odd_margin(pairs, margin):
        yield margin_note
    decided = [result.decided_on for result in results if result.fell_back and result.decided_on]
    if decided:
        yield f"a verdict reached on {min(decided)} holds, but the figures have moved back since"
