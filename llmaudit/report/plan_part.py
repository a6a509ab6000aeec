"""One plan as a part of the report: how its saving is made up, its legs, its assumptions and its constraints."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmaudit.findings.savings import Affected, Assumption, LegRow, PlanRow
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import Block, Bullets, Chart, Column, Kind, Mark, Part, Prose, Table, Value
from llmaudit.report.wording import between, headline, tier

KINDS = {
    "keep": "same model",
    "route": "another model",
    "retry": "failed attempts",
    "fallback": "next model of the chain",
    "cache": "cached tokens sent again",
    "verify": "verification pass",
}

FEW_SENTENCES = 3
"""Sentences of one kind of assumption in its row; the JSON has all of them."""

UNPROVEN = Mark("unproven", "open")

CERTIFIED = Mark("certified", "good")

SAME = Mark("no answer changes", "good")

UNCERTAIN = Mark("amount uncertain", "open")
"""No answer changes, but an unknown price condition at its high end may leave no saving."""


def status(plan: PlanRow) -> Mark:
    """Return whether a plan's saving rests on another model's answers."""
    if not plan.savings_usd and not plan.moved_requests:
        return Mark("present cost", "none")
    if plan.moved_requests and not plan.unproven_usd:
        return CERTIFIED
    if plan.moved_requests:
        return UNPROVEN
    return UNCERTAIN if plan.savings_usd > 0 > plan.savings_low_usd else SAME


def plan_part(actual: Decimal, plan: PlanRow, *, folded: bool) -> Part:
    """Return everything about one plan: its saving, legs, assumptions and constraints.

    Args:
        actual: What the same requests cost now.
        plan: The plan.
        folded: Whether it is folded away.
    """
    blocks: list[Block] = [_sum(actual, plan), _legs(plan)]
    if plan.cost_per_call_usd is not None and plan.cost_per_call_now_usd is not None:
        per_call = f"{shown(plan.cost_per_call_usd, 6)} instead of {shown(plan.cost_per_call_now_usd, 6)}"
        blocks.append(Prose(f"A call with a good answer costs {per_call}, failed attempts and fallbacks included."))
    if plan.assumption_table:
        blocks += [tornado(plan), _worth(plan)]
    banded = {said for row in plan.assumption_table for said in row.details}
    if notes := tuple(note for note in plan.assumptions if note not in banded):
        blocks.append(Bullets("Assumptions without a range", notes))
    blocks += [_affected(f"Requests {what}", rows) for what, rows in _requests_in_doubt(plan) if rows]
    if plan.constraints:
        blocks.append(_constraints(plan))
    if plan.unknown_requests:
        left_out = counted(plan.unknown_requests, "request")
        blocks.append(Prose(f"Left out on both sides: {left_out} whose cost is unknown."))
    return Part(f"{plan.title} ({plan.name})", tuple(blocks), status(plan), collapsed=folded)


def _requests_in_doubt(plan: PlanRow) -> tuple[tuple[str, Sequence[Affected]], ...]:
    return (
        (f"that a rule of {plan.name} would move but cannot", plan.refusals),
        (f"that {plan.name} moves without knowing whether the model can serve them", plan.doubts),
    )


def tornado(plan: PlanRow) -> Chart:
    """Return how far each assumption alone moves a plan's cost from what is expected, the widest first."""
    rows = plan.assumption_table
    names, figures = [row.name for row in rows], [headline(row.worth_usd) for row in rows]
    ranges = [
        (charts.position(row.low_usd - plan.cost_usd), charts.position(row.high_usd - plan.cost_usd)) for row in rows
    ]
    dots = [
        charts.Bar(i, 0.0, charts.hover(row.name, f"expected {shown(plan.cost_usd)}", _ends(row)))
        for i, row in enumerate(rows)
    ]
    series = [charts.Series("cost as expected", "accent", dots)]
    drawn = charts.spans(names, figures, ranges, series, rules=[charts.Rule(0.0)], unit="$")
    alt = "; ".join(f"{row.name}: {_ends(row)}" for row in rows)
    title = f"How far one assumption alone moves the cost of {plan.name}"
    return Chart(title, drawn, f"Chart of what each assumption is worth. {alt}.")


def _ends(row: Assumption) -> str:
    return f"{shown(row.low_usd)} to {shown(row.high_usd)}"


def _worth(plan: PlanRow) -> Table:
    return Table(
        f"What the assumptions of {plan.name} are worth",
        (
            Column("Assumption", Kind.NAME),
            Column("Cost at its low end", Kind.MONEY, adds=False),
            Column("At its high end", Kind.MONEY, adds=False),
            Column("Worth", Kind.MONEY, adds=False),
            Column("What is assumed", Kind.TEXT),
        ),
        tuple((row.name, row.low_usd, row.high_usd, row.worth_usd, _said(row)) for row in plan.assumption_table),
        total=None,
        note=(
            "Each assumption varies on its own, with everything else as expected. The plan's low and high cost combine "
            "all of them, so these ranges do not add up to it."
        ),
    )


def _said(row: Assumption) -> str:
    more = len(row.details) - FEW_SENTENCES
    return "; ".join(row.details[:FEW_SENTENCES]) + (f"; and {more} more" if more > 0 else "")


def _constraints(plan: PlanRow) -> Table:
    marks = {"pass": Mark("held", "good"), "fail": Mark("not held", "bad"), "unknown": Mark("unknown", "none")}
    return Table(
        f"Constraints of {plan.name}",
        (
            Column("Constraint", Kind.NAME),
            Column("Of", Kind.NAME),
            Column("Limit", Kind.TEXT),
            Column("Found", Kind.TEXT),
            Column("Status", Kind.MARK),
            Column("Why", Kind.TEXT),
        ),
        tuple(
            (one.name, one.subject, one.limit, one.value or "unknown", marks[one.verdict], one.reason)
            for one in plan.constraints
        ),
    )


def _sum(actual: Decimal, plan: PlanRow) -> Table:
    """How the saving is made up; the lines add up to it."""
    moved = counted(plan.moved_requests, "request") if plan.moved_requests else "No request"
    return Table(
        f"How the saving of {plan.name} is made up",
        (Column("Part of the saving", Kind.TEXT), Column("Amount", Kind.MONEY), Column("Status", Kind.MARK)),
        (
            ("from other models' answers", plan.unproven_usd, UNPROVEN),
            *_certified(plan),
            ("without changing an answer", plan.no_risk_usd, SAME),
            ("minus verification passes", -plan.verification_usd, ""),
        ),
        total="Saved",
        note=(
            f"{moved} would be answered by another model. The saving is "
            f"{between(plan.savings_low_usd, actual - plan.low_usd)} depending on the plan's assumptions."
        ),
    )


def _certified(plan: PlanRow) -> tuple[tuple[Value, ...], ...]:
    if not plan.certified_usd:
        return ()
    return (("from other models' answers, shown to hold by a shadow test", plan.certified_usd, CERTIFIED),)


def _legs(plan: PlanRow) -> Table:
    rows = sorted(plan.legs, key=_by_cost)
    return Table(
        f"Parts of the plan {plan.name}, largest first",
        (
            Column("What happens", Kind.TEXT),
            Column("Tier", Kind.TEXT),
            Column("Model now", Kind.NAME),
            Column("Model in the plan", Kind.NAME),
            Column("Requests", Kind.COUNT, adds=False),
            Column("Cost now", Kind.MONEY),
            Column("Cost in the plan", Kind.MONEY),
        ),
        tuple(
            (
                KINDS.get(leg.kind, leg.kind),
                tier(leg.tier),
                leg.model_before or "several",
                leg.model or "by a ratio",
                leg.requests,
                "none" if leg.before_usd is None else leg.before_usd,
                leg.cost_usd,
            )
            for leg in rows
        ),
        collapsed=not plan.moved_requests,
        note="Retries, fallbacks and passes count requests of other rows again, so the requests are not added up.",
    )


def _by_cost(leg: LegRow) -> tuple[Decimal, str, str, str, str]:
    highest = max(leg.cost_usd, leg.before_usd or leg.cost_usd)
    return (-highest, leg.kind, str(leg.tier), str(leg.model_before), str(leg.model))


def _affected(title: str, rows: Sequence[Affected]) -> Table:
    ordered = sorted(rows, key=lambda row: (-row.requests, row.sentence))
    columns = (Column("Why", Kind.TEXT), Column("Requests", Kind.COUNT), Column("Cost now", Kind.MONEY))
    return Table(title, columns, tuple((row.sentence, row.requests, row.spend_usd) for row in ordered))
