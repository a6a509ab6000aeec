"""The result of a rule, with the sentence that states it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import msgspec

from llmaudit.gate.budget import CostLimit, LatencyLimit, Limit, TotalLimit
from llmaudit.gate.compare import Increase
from llmaudit.money import shown

Status = Literal["passed", "failed", "warned", "acknowledged", "undecided"]


class RuleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one rule for one group.

    Attributes:
        name: The rule, as the budget names it.
        by: What it is grouped by.
        group: The group; None is all of the log.
        passed: True, False, or None if nothing could be decided.
        status: passed, failed, warned, acknowledged or undecided.
        value: What was found, in the rule's unit; None if unknown.
        limit: What is allowed.
        unit: usd, pct, points or ms.
        low: Lower end of the value's interval; None if the value is no estimate.
        high: Upper end.
        before: The baseline's figure.
        after: The log's.
        n_before: Requests (or cases' requests) behind the baseline's figure.
        n_after: The same of the log.
        detectable_pct: The true increase that would be caught four times in five, or None.
        power: Chance to catch a true increase of ten points beyond the limit.
        method: How the interval was made.
        reason: One sentence.
    """

    name: str
    by: str
    group: str | None
    passed: bool | None
    status: Status
    value: Decimal | float | None
    limit: Decimal | float | None
    unit: str
    low: float | None = None
    high: float | None = None
    before: str | float | None = None
    after: str | float | None = None
    n_before: int | None = None
    n_after: int | None = None
    detectable_pct: float | None = None
    power: float | None = None
    method: str | None = None
    reason: str


TITLES = {
    "cost_per_request": "cost per request",
    "cost_per_success": "cost per successful request",
    "total_usd": "cost",
    "tier01_on_flagship_pct": "tier 0 and 1 requests on flagships",
    "unpriced_pct": "requests whose cost is unknown",
    "error_rate_pct": "failed requests",
    "retry_rate_pct": "attempts that were tried again",
    "cache_hit_pct": "input tokens read from a cache",
    "latency_p50_ms": "median latency",
    "latency_p95_ms": "latency p95",
    "models": "models",
}


def undecided(name: str, by: str, group: str | None, limit: Decimal | float, unit: str, why: str) -> RuleResult:
    """Return the result of a rule that cannot be decided, with the reason."""
    return RuleResult(
        name=name, by=by, group=group, passed=None, status="undecided", value=None, limit=limit, unit=unit,
        reason=f"{titled(name, by, group)}: not decided, {why}",
    )  # fmt: skip


def titled(name: str, by: str, group: str | None) -> str:
    """Return what a rule is about, in words."""
    return f"{TITLES[name]}{_of(by, group)}"


def from_increase(
    name: str, limit: CostLimit | LatencyLimit, group: str | None, increase: Increase | str, bound: float
) -> RuleResult:
    """Return the result of an estimated increase: it fails if its low end is above the limit."""
    if isinstance(increase, str):
        return undecided(name, limit.by, group, bound, "pct", increase)
    what = titled(name, limit.by, group)
    failed = increase.low_pct > bound
    figures = (_figure(name, increase.before), _figure(name, increase.after))
    moved = f"{what} {_moved(increase.pct)} from {figures[0]} to {figures[1]}"
    sure = f"({increase.pct:+.1f}%, at least {increase.low_pct:+.1f}%)"
    verdict = f"more than the {bound:g}% allowed" if failed else f"within the {bound:g}% allowed"
    if not failed and increase.pct > bound:
        verdict = f"above the {bound:g}% allowed, but that may be chance"
    return RuleResult(
        name=name, by=limit.by, group=group, passed=not failed, status=status_of(limit.level, failed=failed),
        value=increase.pct, limit=bound, unit="pct", low=increase.low_pct, high=increase.high_pct,
        before=increase.before, after=increase.after, n_before=increase.n_before, n_after=increase.n_after,
        detectable_pct=increase.detectable_pct, power=increase.power, method=increase.method,
        reason=f"{moved} {sure}: {verdict}",
    )  # fmt: skip


def _figure(name: str, value: float) -> str:
    return f"{value:,.0f} ms" if name.startswith("latency") else shown(Decimal(repr(value)), 6)


def _moved(pct: float) -> str:
    return "rose" if pct > 0 else "fell" if pct < 0 else "stayed, "


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of the log itself, compared with a limit: not an estimate, so without an interval.

    Attributes:
        value: The figure; None if it is unknown.
        unit: usd, pct or ms.
        before: The baseline's amount, as JSON text.
        after: The log's.
        n_before: Requests behind the baseline's figure.
        n_after: The same of the log.
        why_unknown: Why it is unknown.
    """

    value: Decimal | float | None
    unit: str
    before: str | None = None
    after: str | None = None
    n_before: int | None = None
    n_after: int | None = None
    why_unknown: str = "the log has nothing to tell it from"


def against(
    name: str, limit: Limit, group: str | None, figure: Figure, bound: Decimal | float, *, at_least: bool = False
) -> RuleResult:
    """Return the result of a figure against its bound, the most that is allowed or the least."""
    by, value, unit = getattr(limit, "by", "all"), figure.value, figure.unit
    if value is None:
        return undecided(name, by, group, bound, unit, figure.why_unknown)
    failed = value < bound if at_least else value > bound
    words = ("below", "at least") if at_least else ("above", "within")
    moved = "rose by " if isinstance(limit, TotalLimit) and bound is limit.max_increase_pct else ""
    sentence = (
        f"{moved}{_written(value, unit)}, {words[0] if failed else words[1]} the limit of {_written(bound, unit)}"
    )
    return RuleResult(
        name=name, by=by, group=group, passed=not failed, status=status_of(limit.level, failed=failed), value=value,
        limit=bound, unit=unit, before=figure.before, after=figure.after, n_before=figure.n_before,
        n_after=figure.n_after, reason=f"{titled(name, by, group)}: {sentence}",
    )  # fmt: skip


def _written(value: Decimal | float, unit: str) -> str:
    if unit == "usd":
        return shown(Decimal(value), 2 if abs(Decimal(value)) >= 1 else 6)
    if unit == "ms":
        return f"{value:,.0f} ms"
    return f"{value:.2f}%"


def _of(by: str, group: str | None) -> str:
    return f" of {by} {group}" if group is not None else " over paired cases" if by == "case" else ""


def status_of(level: str, *, failed: bool) -> Status:
    """Return failed or warned for a broken rule, by its level; else passed."""
    if not failed:
        return "passed"
    return "failed" if level == "fail" else "warned"
