"""What a launch needs besides pooled quality, and the decision on everything together."""

from __future__ import annotations

from typing import Literal

from llmaudit.shadow.clusters import MIN_CLUSTERS
from llmaudit.shadow.model import Guardrail, Health, Metric, Plan, TierResult, Verdict

BY_TIER = "tier by tier"
"""The guardrail whose detail is a sentence of its own."""

Status = Literal["pass", "fail", "open"]


def guardrails(figures: list[Metric], by_tier: list[TierResult], plan: Plan) -> list[Guardrail]:
    """Return the guardrails; all must hold, so their levels need no correction for their number.

    Args:
        figures: The pooled figures.
        by_tier: The verdicts on the tiers.
        plan: Sets the limits.
    """
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
    status: Status = "pass" if figure.high < limit else "fail" if figure.low > limit else "open"
    return Guardrail(name, status, f"{seen}; the limit is {limit * 100:+.2f}")


def _tier_rail(by_tier: list[TierResult]) -> Guardrail:
    losing = [result for result in by_tier if result.loss_proven and result.verdict != "non-inferior"]
    if not losing:
        return Guardrail(BY_TIER, "pass", "no tier has a certain loss above the margin")
    names = ", ".join("unknown" if result.tier is None else str(result.tier) for result in losing)
    return Guardrail(BY_TIER, "fail", f"a loss is certain in tier {names}")


def _budget_rail(name: str, limit: float, figure: Metric | None) -> Guardrail:
    """Judge the shadow's own quantile: its figure with the uncertainty of the difference."""
    title = f"{name} of at most {limit:,.0f} ms"
    if figure is None or figure.arm_b is None or figure.low is None or figure.high is None or figure.delta is None:
        return Guardrail(title, "open", "not enough timed pairs")
    arm = float(figure.arm_b)
    low, high = arm - (figure.delta - figure.low), arm + (figure.high - figure.delta)
    status = _status(low, high, limit)
    return Guardrail(title, status, f"the shadow has {arm:,.0f} ms ({low:,.0f} to {high:,.0f})")


def _cost_rail(figure: Metric | None, limit: float) -> Guardrail:
    title = f"cost of at most {limit:g} times the primary's"
    if figure is None or figure.high is None or figure.low is None or figure.delta is None:
        return Guardrail(title, "open", "no costs in both arms")
    status = _status(figure.low, figure.high, limit)
    return Guardrail(title, status, f"{figure.delta:.3f} ({figure.low:.3f} to {figure.high:.3f})")


def _status(low: float, high: float, limit: float) -> Status:
    """Return whether a figure with an interval keeps an upper limit."""
    return "pass" if high <= limit else "fail" if low > limit else "open"


def decide(
    pooled: TierResult, by_tier: list[TierResult], rails: list[Guardrail], health: Health
) -> tuple[Verdict, str]:
    """Return the decision and its sentence: everything must hold at once, so no level needs a correction."""
    if not health.ok:
        failed = ", ".join(check.check for check in health.checks if check.status == "fail" and check.blocks)
        return "blocked", f"No verdict: {failed} failed. Fix the test before reading its result."
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
