"""The result of a rule, with the sentence that states it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isclose
from typing import Literal

import msgspec

from llmaudit.gate.budget import Level
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


@dataclass(frozen=True)
class Asked:
    """One rule for one group.

    Attributes:
        name: The rule, as the budget names it.
        by: What it is grouped by.
        group: The group; None is all of the log.
        level: Whether a broken rule fails the check, or warns.
    """

    name: str
    by: str
    group: str | None
    level: Level

    @property
    def title(self) -> str:
        """What the rule is about, in words."""
        where = f" of {self.by} {self.group}" if self.group is not None else ""
        return f"{TITLES[self.name]}{where or (' over paired cases' if self.by == 'case' else '')}"

    def status(self, *, failed: bool) -> Status:
        """Return failed or warned for a broken rule, by its level; else passed."""
        if not failed:
            return "passed"
        return "failed" if self.level == "fail" else "warned"

    def undecided(self, limit: Decimal | float, unit: str, why: str) -> RuleResult:
        """Return the result of a rule that cannot be decided, with the reason."""
        return RuleResult(
            name=self.name, by=self.by, group=self.group, passed=None, status="undecided", value=None, limit=limit,
            unit=unit, reason=f"{self.title}: not decided, {why}",
        )  # fmt: skip


def from_increase(asked: Asked, increase: Increase | str, bound: float) -> RuleResult:
    """Return the result of an estimated increase: it fails if its low end is above the limit.

    Args:
        asked: The rule.
        increase: The estimate, or why there is none.
        bound: The increase that is allowed, in percent.
    """
    if isinstance(increase, str):
        return asked.undecided(bound, "pct", increase)
    failed = increase.low_pct > bound
    compared = increase.before * (1 + increase.pct / 100)  # the percentage is at the baseline's mix, so is the amount
    is_plain = asked.name.startswith("latency") or isclose(compared, increase.after, rel_tol=1e-9)
    before, after = (
        _figure(asked.name, value) for value in (increase.before, increase.after if is_plain else compared)
    )
    where = "" if is_plain else " at the baseline's mix"
    sure = f"({increase.pct:+.1f}%, at least {increase.low_pct:+.1f}%)"
    verdict = f"more than the {bound:g}% allowed" if failed else f"within the {bound:g}% allowed"
    if not failed and increase.pct > bound:
        verdict = f"above the {bound:g}% allowed, but that may be chance"
    return RuleResult(
        name=asked.name, by=asked.by, group=asked.group, passed=not failed, status=asked.status(failed=failed),
        value=increase.pct, limit=bound, unit="pct", low=increase.low_pct, high=increase.high_pct,
        before=increase.before, after=increase.after, n_before=increase.n_before, n_after=increase.n_after,
        detectable_pct=increase.detectable_pct, power=increase.power, method=increase.method,
        reason=f"{asked.title} {_moved(increase.pct)} from {before} to {after}{where} {sure}: {verdict}",
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
        is_rise: Whether it is the rise of an amount.
    """

    value: Decimal | float | None
    unit: str
    before: str | None = None
    after: str | None = None
    n_before: int | None = None
    n_after: int | None = None
    why_unknown: str = "the log has no data for it"
    is_rise: bool = False


def against(asked: Asked, figure: Figure, bound: Decimal | float, *, at_least: bool = False) -> RuleResult:
    """Return the result of a figure against its bound, the most that is allowed or the least."""
    value, unit = figure.value, figure.unit
    if value is None:
        return asked.undecided(bound, unit, figure.why_unknown)
    failed = value < bound if at_least else value > bound
    words = ("below", "at least") if at_least else ("above", "within")
    comparison = f"{words[0] if failed else words[1]} the limit of {_written(bound, unit)}"
    return RuleResult(
        name=asked.name, by=asked.by, group=asked.group, passed=not failed, status=asked.status(failed=failed),
        value=value, limit=bound, unit=unit, before=figure.before, after=figure.after, n_before=figure.n_before,
        n_after=figure.n_after,
        reason=f"{asked.title}: {'rose by ' if figure.is_rise else ''}{_written(value, unit)}, {comparison}",
    )  # fmt: skip


def _written(value: Decimal | float, unit: str) -> str:
    if unit == "usd":
        return shown(Decimal(value), 2 if abs(Decimal(value)) >= 1 else 6)
    if unit == "ms":
        return f"{value:,.0f} ms"
    return f"{value:.2f}%"
