"""The whole reading of a shadow test, in order: health, estimates, looks, verdicts, guardrails, decision."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import chain
from math import ceil

import msgspec
import numpy as np

from llmaudit.shadow.clusters import MIN_CLUSTERS, Floats, Ints
from llmaudit.shadow.health import Traffic, checks
from llmaudit.shadow.looks import ends_of_days
from llmaudit.shadow.metrics import HEAVY, Part, in_order_of_time, metrics
from llmaudit.shadow.missing_shadows import readings, scale, strata_of
from llmaudit.shadow.model import Analysis, Guardrail, Health, Metric, Plan, TierResult, Verdict
from llmaudit.shadow.pairs import Pairs
from llmaudit.shadow.quality import Judged, cluster_warning, result

WEEK = 7
TIER_UNKNOWN = -1
SMALL_MARGIN = 0.005
BY_TIER = "tier by tier"
"""The guardrail whose detail is a sentence of its own."""
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
    tiers, shares, notes = _mix(ordered, plan)
    planned_days, plan_note = _planned(ordered, plan)
    codes = np.searchsorted(tiers, ordered.tier)
    strata = strata_of(ordered, codes, shares)
    everything = Part(None, ordered, codes, shares)
    with ThreadPoolExecutor(2) as pool:  # numpy leaves Python's lock: the whole beside its parts is half the time
        everything = replace(everything, ordered=in_order_of_time(everything, pool))
        pooled_future = pool.submit(_read, everything, strata[:2], None, plan, planned_days)
        parts = [_read_tier(everything, int(tier), place, plan, planned_days) for place, tier in enumerate(tiers)]
        pooled, overall = pooled_future.result()
    by_tier, figures = [quality for quality, _ in parts], [tier_figures for _, tier_figures in parts]
    by_tier = _holm(by_tier, plan.alpha)
    health = Health(
        ok=not any(check.status == "fail" and check.blocks for check in health_checks),
        checks=health_checks,
        missing=readings(ordered, codes, shares, strata),
    )
    if not health.ok:
        by_tier, pooled = [_blocked(tier_result) for tier_result in by_tier], _blocked(pooled)
    rails = guardrails(overall, by_tier, plan)
    decision, sentence = decide(pooled, by_tier, rails, health)
    names = [_only(ordered.models, arm.model[arm.present]) for arm in (ordered.primary, ordered.shadow)]
    warnings = [*ordered.notes, *notes, *plan_note, *_warnings(pooled, by_tier, overall, health, ordered, plan.margin)]
    return Analysis(
        name=plan.name,
        decision=decision,
        sentence=sentence,
        primary=names[0],
        shadow=names[1],
        score_kind=ordered.kind,
        cluster=ordered.cluster_kind,
        pairs=len(ordered),
        days=len(ends_of_days(ordered.day)),
        planned_days=planned_days,
        margin=plan.margin,
        metrics=[*overall, *chain.from_iterable(figures)],
        by_tier=by_tier,
        pooled=pooled,
        guardrails=rails,
        health=health,
        warnings=warnings,
    )


def _read(
    part: Part, strata: tuple[Ints, Floats], share: float | None, plan: Plan, planned_days: int
) -> tuple[TierResult, list[Metric]]:
    """Return the verdict on a part and its figures."""
    quality = result(_judged(part, strata, share), plan, planned_days)
    return quality, metrics(part, quality, plan, planned_days)


def _read_tier(whole: Part, tier: int, place: int, plan: Plan, planned_days: int) -> tuple[TierResult, list[Metric]]:
    """Return the verdict on a tier and its figures; where it is the only one, its figures are the pooled ones."""
    alone = len(whole.targets) == 1
    pairs = whole.pairs if alone else whole.pairs.take(np.flatnonzero(whole.pairs.tier == tier))
    ordered = {name: one.only(place) for name, one in whole.ordered.items()}
    part = Part(_tier(tier), pairs, np.zeros(len(pairs), np.int64), np.ones(1), ordered)
    strata, share = strata_of(pairs, part.strata, part.targets)[:2], float(whole.targets[place])
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
        note = ["the pooled figure has the sample's own tier mix: the production mix is not known"] * (len(tiers) > 1)
        return tiers, counts / max(counts.sum(), 1), note
    named = {(TIER_UNKNOWN if key == "unknown" else int(key)): value for key, value in plan.mix.items()}
    shares = np.array([named.get(int(tier), 0.0) for tier in tiers])
    unseen = sorted(tier for tier, share in named.items() if share > 0 and tier not in tiers)
    notes = [f"{_named(tier)} {named[tier]:.1%} of production and no pair" for tier in unseen]
    if not shares.sum() > 0:
        return (
            tiers,
            counts / max(counts.sum(), 1),
            [*notes, "no tier of the mix has a pair: the sample's own mix is used"],
        )
    return tiers, shares / shares.sum(), notes


def _planned(pairs: Pairs, plan: Plan) -> tuple[int, list[str]]:
    seen = int(pairs.day[-1] - pairs.day[0]) + 1 if len(pairs) else 1
    if plan.days is None:
        days = WEEK * max(ceil(seen / WEEK), 1)
        return days, [f"nobody declared how long the test runs: {days} days were assumed (--days says it)"]
    late = f"{seen - plan.days} days lie past the plan of {plan.days}: only the confidence sequence reads them"
    return plan.days, [late] if seen > plan.days else []


def _judged(part: Part, strata: tuple[Ints, Floats], share: float | None) -> Judged:
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
        strata=strata[0][both],
        targets=strata[1],
        days=pairs.day[both],
        spread_of_scores=high - low,
    )


def _holm(results: list[TierResult], alpha: float) -> list[TierResult]:
    """Return the tiers with Holm's p-values: which may move, at one level for all of them together."""
    known = sorted((result.p_noninferior, i) for i, result in enumerate(results) if result.p_noninferior is not None)
    adjusted: dict[int, float] = {}
    highest = 0.0
    for rank, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        adjusted[i] = highest
    return [
        msgspec.structs.replace(
            result, p_holm=adjusted.get(i), may_move=result.verdict == "non-inferior" and adjusted.get(i, 1.0) <= alpha
        )
        for i, result in enumerate(results)
    ]


def _blocked(result: TierResult) -> TierResult:
    return msgspec.structs.replace(
        result,
        verdict="blocked",
        may_move=False,
        sentence=f"no verdict: a health check failed. Without it: {result.sentence}",
    )


def guardrails(figures: list[Metric], by_tier: list[TierResult], plan: Plan) -> list[Guardrail]:
    """Return what a launch needs besides pooled quality; all must hold, so none is corrected for the others."""
    by_name = {figure.metric: figure for figure in figures}
    rails = [_error_rail(by_name.get("error_rate"), plan), _tier_rail(by_tier)]
    for name, limit in plan.budgets.items():
        rails.append(_budget_rail(name, limit, by_name.get(name)))
    if plan.max_cost_ratio is not None:
        rails.append(
            _cost_rail(by_name.get("cost_per_success_ratio") or by_name.get("cost_ratio"), plan.max_cost_ratio)
        )
    return rails


def _error_rail(figure: Metric | None, plan: Plan) -> Guardrail:
    name, limit = "error rate", plan.error_margin
    if figure is None or figure.delta is None:
        return Guardrail(name, "open", "no pair has a primary")
    if figure.high is None or figure.low is None:
        return Guardrail(name, "open", f"{figure.delta * 100:+.2f} points; too few clusters to judge")
    seen = f"{figure.delta * 100:+.2f} points ({figure.low * 100:+.2f} to {figure.high * 100:+.2f})"
    if figure.clusters < MIN_CLUSTERS:
        return Guardrail(name, "open", f"{seen}; too few clusters to judge")
    status = "pass" if figure.high < limit else "fail" if figure.low > limit else "open"
    return Guardrail(name, status, f"{seen}; allowed is {limit * 100:+.2f}")  # type: ignore[arg-type]


def _tier_rail(by_tier: list[TierResult]) -> Guardrail:
    losing = [result for result in by_tier if result.loss_proven and result.verdict != "non-inferior"]
    if not losing:
        return Guardrail(BY_TIER, "pass", "in no tier is a loss above the margin certain")
    names = ", ".join("unknown" if result.tier is None else str(result.tier) for result in losing)
    return Guardrail(BY_TIER, "fail", f"a loss is certain in tier {names}")


def _budget_rail(name: str, limit: float, figure: Metric | None) -> Guardrail:
    """Judge the shadow's own quantile: its figure with the uncertainty of the difference."""
    title = f"{name} of at most {limit:,.0f} ms"
    if figure is None or figure.arm_b is None or figure.low is None or figure.high is None or figure.delta is None:
        return Guardrail(title, "open", "not enough timed pairs")
    arm = float(figure.arm_b)
    low, high = arm - (figure.delta - figure.low), arm + (figure.high - figure.delta)
    status = "pass" if high <= limit else "fail" if low > limit else "open"
    return Guardrail(title, status, f"the shadow has {arm:,.0f} ms ({low:,.0f} to {high:,.0f})")  # type: ignore[arg-type]


def _cost_rail(figure: Metric | None, limit: float) -> Guardrail:
    title = f"cost of at most {limit:g} of the primary's"
    if figure is None or figure.high is None or figure.low is None or figure.delta is None:
        return Guardrail(title, "open", "no costs in both arms")
    status = "pass" if figure.high <= limit else "fail" if figure.low > limit else "open"
    return Guardrail(title, status, f"{figure.delta:.3f} ({figure.low:.3f} to {figure.high:.3f})")  # type: ignore[arg-type]


def decide(
    pooled: TierResult, by_tier: list[TierResult], rails: list[Guardrail], health: Health
) -> tuple[Verdict, str]:
    """Return the decision on everything at once: an intersection, so that nothing has to be corrected for."""
    if not health.ok:
        failed = ", ".join(check.check for check in health.checks if check.status == "fail" and check.blocks)
        return "blocked", f"No verdict: {failed} failed. Mend the test before reading its result."
    failed_rails = [rail for rail in rails if rail.status == "fail"]
    movable = [
        str(tier_result.tier) for tier_result in by_tier if tier_result.may_move and tier_result.tier is not None
    ]
    movable_text = f" Tiers that may move by themselves: {', '.join(movable)}." if movable and len(by_tier) > 1 else ""
    if pooled.verdict == "inferior" or failed_rails:
        reasons = [pooled.sentence] if pooled.verdict == "inferior" else []
        reasons += [rail.detail if rail.name == BY_TIER else f"{rail.name}: {rail.detail}" for rail in failed_rails]
        return "inferior", f"Do not move everything: {'; '.join(reasons)}.{movable_text}"
    open_rails = [rail for rail in rails if rail.status == "open"]
    if pooled.verdict == "non-inferior" and not open_rails:
        return (
            "non-inferior",
            f"The traffic as a whole may move: {pooled.sentence}, and every guardrail holds.{movable_text}",
        )
    reasons = [pooled.sentence] if pooled.verdict != "non-inferior" else []
    reasons += [f"{rail.name} is open: {rail.detail}" for rail in open_rails]
    return "inconclusive", f"Not decided: {'; '.join(reasons)}.{movable_text}"


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
    pooled: TierResult,
    by_tier: list[TierResult],
    figures: list[Metric],
    health: Health,
    pairs: Pairs,
    margin: float,
) -> list[str]:
    warnings = []
    if pooled.judged_pairs and (few_clusters := cluster_warning(pooled.clusters, pairs.cluster_kind)):
        warnings.append(few_clusters)
    if health.missing and health.missing.missing and health.missing.post_stratified is None:
        warnings.append("missing shadows could not be weighted by prompt size: sizes are not in the data")
    if np.any(pairs.turn > 0):
        warnings.append("later turns answer a history that the primary wrote: the estimate is of single turns")
    timeless = int(np.count_nonzero(pairs.day < 0))
    if timeless:
        warnings.append(
            f"{timeless:,} pairs have no time: they count as one day before all others, so what is known day by day is "
            "not as it was (where the test is over, --looks once reads it at its end)"
        )
    if any(figure.method.endswith(HEAVY) for figure in figures):
        warnings.append(
            "a few requests make the bill (costs have a very heavy tail): 95% intervals of cost ratios hold in 90% to "
            "94% of such samples; more pairs help"
        )
    if margin_note := _odd_margin(pairs, margin):
        warnings.append(margin_note)
    decided: list[date] = [result.decided_on for result in [pooled, *by_tier] if result.fell_back and result.decided_on]
    if decided:
        warnings.append(f"a verdict reached on {min(decided)} holds, but the figures have moved back since")
    return warnings
