"""Evaluates the rules of a budget against a log and its baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import msgspec

from llmaudit.gate.budget import (
    Acknowledgement,
    Budget,
    CostLimit,
    FloorLimit,
    LatencyLimit,
    Limit,
    ModelLimit,
    ShareLimit,
    TotalLimit,
    matches_any,
)
from llmaudit.gate.causes import per_month
from llmaudit.gate.compare import LEVEL, Increase, Mix, Per, Question, Value, compare, paired
from llmaudit.gate.latency_quantiles import latency_increase, latency_of
from llmaudit.gate.mix import mix_of
from llmaudit.gate.model import Baseline
from llmaudit.gate.results import Asked, Figure, RuleResult, against, from_increase
from llmaudit.gate.shares import Share, shares
from llmaudit.money import as_json, percent, shown


@dataclass(frozen=True)
class Context:
    """What rules are evaluated on.

    Attributes:
        before: The baseline.
        after: The log.
        value: Costs at the frozen prices, or as spent.
        mix: The grouping whose mix is held at the baseline's when the cost of the whole log is compared.
        classes: flagship, mid or budget, by model; None if unknown.
    """

    before: Baseline
    after: Baseline
    value: Value
    mix: str
    classes: Mapping[str, str | None]


def evaluate(budget: Budget, context: Context, today: date) -> list[RuleResult]:
    """Return the result of every rule for every group, in the order of the budget."""
    limits = budget.limits()
    tests = sum(len(list(_groups(limit, context))) for _, limit in limits if _is_test(limit))
    alpha = LEVEL / max(tests, 1)
    results = [result for name, limit in limits for result in _results(name, limit, context, alpha)]
    return [_acknowledged(result, budget.acknowledge, today) for result in results]


def _is_test(limit: Limit) -> bool:
    return (getattr(limit, "max_increase_pct", None) is not None and not isinstance(limit, TotalLimit)) or getattr(
        limit, "max_increase_points", None
    ) is not None


def _groups(limit: Limit, context: Context) -> Iterator[str | None]:
    """Yield the names of the groups that a rule is about."""
    by = getattr(limit, "by", "all")
    if by in {"all", "case"} or isinstance(limit, ModelLimit):
        yield None
        return
    if isinstance(limit, CostLimit):
        names: Iterable[str | None] = context.after.moments_by(by)
    elif isinstance(limit, LatencyLimit):
        names = [one.name for one in context.after.latency if one.by == by]
    else:
        names = shares(context.after, by)
    yield from sorted(
        (name for name in names if name is not None and (not limit.only or name in limit.only)),
    )


def _results(name: str, limit: Limit, context: Context, alpha: float) -> Iterator[RuleResult]:
    """Yield the results of one rule; `alpha` is the level of each of its tests."""
    if isinstance(limit, ModelLimit):
        yield from _models(name, limit, context)
        return
    for group in _groups(limit, context):
        asked = Asked(name, limit.by, group, limit.level)
        if isinstance(limit, CostLimit):
            yield from _cost(asked, limit, context, alpha)
        elif isinstance(limit, TotalLimit):
            yield from _total(asked, limit, context)
        elif isinstance(limit, LatencyLimit):
            yield from _latency(asked, limit, context, alpha)
        else:
            yield from _share(asked, limit, context, alpha)


def _cost(asked: Asked, limit: CostLimit, context: Context, alpha: float) -> Iterator[RuleResult]:
    per: Per = "request" if asked.name == "cost_per_request" else "success"
    if limit.max_usd is not None:
        moments = context.after.moments_by("all" if limit.by == "case" else limit.by).get(asked.group)
        units = (moments.requests if per == "request" else moments.successes) if moments else 0
        whole = (moments.usd if context.value == "usd" else moments.spend_usd) if moments else None
        usd = whole / units if whole is not None and units else None
        yield against(asked, Figure(value=usd, unit="usd", n_after=units), limit.max_usd)
    if limit.max_increase_pct is not None:
        question = Question(context.value, per, alpha, limit.max_increase_pct)
        yield from_increase(asked, _increase(asked, question, context), limit.max_increase_pct)


def _increase(asked: Asked, question: Question, context: Context) -> Increase | str:
    before, after = context.before, context.after
    if asked.by == "case" or (asked.by == "all" and _repeats(before, after)):
        return paired(before.cases, after.cases, question)
    old, new = (side.moments_by(asked.by).get(asked.group) for side in (before, after))
    mix = mix_of(before, after, context.mix, context.value, question.per) if asked.by == "all" else Mix()
    return compare(old, new, question, mix)


def _repeats(before: Baseline, after: Baseline) -> bool:
    """Say whether most of both logs are the same cases."""
    old = {case.case for case in before.cases}
    common = [case for case in after.cases if case.case in old]
    names = {case.case for case in common}
    shares_of = (
        (sum(case.requests for case in before.cases if case.case in names), before.requests),
        (sum(case.requests for case in common), after.requests),
    )
    return all(whole and 2 * count >= whole for count, whole in shares_of)


def _total(asked: Asked, limit: TotalLimit, context: Context) -> Iterator[RuleResult]:
    sums = [shares(side, limit.by).get(asked.group, Share()).usd for side in (context.before, context.after)]
    amounts: list[Decimal | None] = list(sums)
    if limit.per == "month":
        amounts = [per_month(usd, side) for usd, side in zip(sums, (context.before, context.after), strict=True)]
    before, after = amounts
    if limit.max is not None:
        month = Figure(value=after, unit="usd", why_unknown="the log is too short to project a month")
        yield against(asked, month, limit.max)
    if limit.max_increase_pct is not None:
        pct = percent(None if before is None or after is None else after - before, before)
        rise = Figure(value=pct, unit="pct", before=as_json(before), after=as_json(after), is_rise=True)
        yield against(asked, rise, limit.max_increase_pct)


def _share(asked: Asked, limit: ShareLimit | FloorLimit, context: Context, alpha: float) -> Iterator[RuleResult]:
    name = asked.name
    before, after = (
        shares(side, limit.by, context.classes).get(asked.group, Share()) for side in (context.before, context.after)
    )
    figure = Figure(value=after.pct(name), unit="pct", n_before=before.base(name), n_after=after.base(name))
    if isinstance(limit, FloorLimit):
        yield against(asked, figure, limit.min, at_least=True)
        return
    if limit.max is not None:
        yield against(asked, figure, limit.max)
    if limit.max_increase_points is not None:
        yield _points(asked, limit.max_increase_points, before, after, alpha)


def _points(asked: Asked, bound: float, before: Share, after: Share, alpha: float) -> RuleResult:
    name = asked.name
    found = after.rise(before, name, alpha)
    if isinstance(found, str):
        return asked.undecided(bound, "points", found)
    rise, low, high = found
    failed = low > bound
    pct_before, pct_after = before.pct(name), after.pct(name)
    return RuleResult(
        name=name, by=asked.by, group=asked.group, passed=not failed, status=asked.status(failed=failed),
        value=rise, limit=bound, unit="points", low=low, high=high, before=pct_before, after=pct_after,
        n_before=before.base(name), n_after=after.base(name), method="two proportions (Newcombe)",
        reason=f"{asked.title} went from {pct_before:.2f}% to {pct_after:.2f}% (at least {low:+.2f} points):"
        f" {'more than' if failed else 'within'} the {bound:g} points allowed",
    )  # fmt: skip


def _latency(asked: Asked, limit: LatencyLimit, context: Context, alpha: float) -> Iterator[RuleResult]:
    share = 0.5 if "p50" in asked.name else 0.95
    before, after = (latency_of(side, limit.by, asked.group) for side in (context.before, context.after))
    if limit.max is not None:
        value, requests = (after.quantile(share), after.requests) if after else (None, 0)
        yield against(asked, Figure(value=value, unit="ms", n_after=requests), limit.max)
    if limit.max_increase_pct is not None:
        yield from_increase(asked, latency_increase(before, after, share, alpha), limit.max_increase_pct)


def _models(name: str, limit: ModelLimit, context: Context) -> Iterator[RuleResult]:
    """Yield one result for each model that is not on the list; a single one that passed if there is no such model."""
    counts = shares(context.after, "model")
    strangers = [model for model in counts if model is not None and not matches_any(model, limit.allow)]
    if limit.only:
        strangers = [model for model in strangers if model in limit.only]
    for model in sorted(strangers):
        share = counts[model]
        asked = Asked(name, "model", model, limit.level)
        yield RuleResult(
            name=name, by=asked.by, group=model, passed=False, status=asked.status(failed=True),
            value=float(share.requests), limit=0.0, unit="requests", n_after=share.requests,
            reason=f"model {model} is not on the list: {share.requests:,} requests, {shown(share.usd)}",
        )  # fmt: skip
    if not strangers:
        yield RuleResult(
            name=name, by="model", group=None, passed=True, status="passed", value=0.0, limit=0.0, unit="requests",
            reason="every model is on the list",
        )  # fmt: skip


def _acknowledged(one: RuleResult, known: Sequence[Acknowledgement], today: date) -> RuleResult:
    """Return a failure that somebody has accepted as acknowledged; if that no longer holds, say so in its reason."""
    if one.status not in {"failed", "warned"}:
        return one
    for ack in known:
        if ack.rule != one.name or (ack.name is not None and ack.name != one.group):
            continue
        if ack.until < today:
            note = f"{one.reason} (accepted until {ack.until}, which has passed: {ack.reason})"
            return msgspec.structs.replace(one, reason=note)
        if ack.max is not None and one.value is not None and Decimal(str(one.value)) > ack.max:
            note = f"{one.reason} (accepted up to {ack.max}: {ack.reason})"
            return msgspec.structs.replace(one, reason=note)
        note = f"{one.reason} (accepted until {ack.until}: {ack.reason})"
        return msgspec.structs.replace(one, passed=True, status="acknowledged", reason=note)
    return one
