"""What each plan would have cost, and how much of its saving is proven."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from llmaudit.findings.savings import PlanRow, Savings
from llmaudit.money import shown
from llmaudit.phrases import counted
from llmaudit.report import charts
from llmaudit.report.content import (
    Chart,
    Column,
    Command,
    Figures,
    KeyFigure,
    Kind,
    Mark,
    Part,
    Prose,
    Section,
    SectionContent,
    Table,
)
from llmaudit.report.plan_part import plan_part, status
from llmaudit.report.wording import headline, signed


def build(savings: Savings) -> SectionContent:
    """Return every plan beside the present cost, then each plan's parts and assumptions."""
    actual = savings.actual_usd
    if actual is None or not savings.plans:
        figure = KeyFigure("Savings", "No data", "no plan was evaluated", Mark("no data", "none"))
        return SectionContent((Figures((figure,)),), caveat=savings.caveat)
    plans = sorted(savings.plans, key=lambda plan: (plan.savings_usd, plan.name))
    return SectionContent(
        blocks=(
            Prose(
                f"The same traffic, repriced under {counted(len(plans), 'plan')}. It costs {headline(actual)} now; "
                "each plan's cost is shown as expected, and as low and as high as its assumptions allow.",
                lead=True,
            ),
            chart(actual, plans, "Cost of each plan against the present cost"),
            _table(actual, plans),
            *_parts(actual, plans),
        ),
        source=(
            "Every request with a known cost is priced under each plan from its own tokens, at the list price of its "
            "own minute; the parts of a plan add up to its cost."
        ),
        caveat=savings.caveat,
        commands=(
            Command("llmaudit reprice --plan tiered", "one plan in full"),
            Command("llmaudit reprice --plan my-plan.yaml", "a plan of your own"),
        ),
    )


def chart(actual: Decimal, plans: Sequence[PlanRow], title: str) -> Chart:
    """Return each plan's cost as a bar with its range; what it saves completes the bar up to the present cost."""
    plans = sorted(plans, key=lambda plan: (plan.savings_usd, plan.name))
    cost = [_bar(i, plan) for i, plan in enumerate(plans)]
    saved = [_saved_bar(i, plan, actual) for i, plan in enumerate(plans) if plan.savings_usd > 0]
    moved = {i for i, plan in enumerate(plans) if plan.moved_requests}
    series = [
        charts.Series("saving, same answers", "green", [bar for bar in saved if bar.row not in moved]),
        charts.Series("saving, unproven", "orange", [bar for bar in saved if bar.row in moved], hatched=True),
    ]
    spans = [(charts.position(plan.low_usd), charts.position(plan.high_usd)) for plan in plans]
    series.insert(0, charts.Series("cost, with its low and high bound", "accent", cost, spans=spans))
    figures = [_figure(plan) for plan in plans]
    names = [plan.title for plan in plans]
    rule = charts.Rule(charts.position(actual), f"present cost {headline(actual)}")
    drawn = charts.rows(names, figures, [one for one in series if one.bars], rule=rule)
    alt = "; ".join(f"{text}: {figure}" for text, figure in zip(names, figures, strict=True))
    return Chart(title, drawn, f"Bar chart of what the same traffic would have cost. {alt}.")


def _bar(row: int, plan: PlanRow) -> charts.Bar:
    bounds = f"low {shown(plan.low_usd)}, high {shown(plan.high_usd)}"
    text = charts.hover(plan.title, f"expected {shown(plan.cost_usd)}", bounds)
    return charts.Bar(row, charts.position(plan.cost_usd), text)


def _saved_bar(row: int, plan: PlanRow, actual: Decimal) -> charts.Bar:
    text = charts.hover(plan.title, f"saves {shown(plan.savings_usd)} of {shown(actual)}")
    return charts.Bar(row, charts.position(plan.savings_usd), text, base=charts.position(plan.cost_usd))


def _figure(plan: PlanRow) -> str:
    if not plan.savings_usd or plan.savings_pct is None:
        return headline(plan.cost_usd)
    return f"{headline(plan.cost_usd)} ({signed(-plan.savings_pct, 1)})"


def _table(actual: Decimal, plans: list[PlanRow]) -> Table:
    return Table(
        "Plans: what the same traffic would have cost",
        (
            Column("Plan", Kind.NAME),
            Column("Low", Kind.MONEY, adds=False),
            Column("Expected", Kind.MONEY, adds=False),
            Column("High", Kind.MONEY, adds=False),
            Column("Saved", Kind.MONEY, adds=False),
            Column("Saved at worst", Kind.MONEY, adds=False),
            Column("Against now", Kind.SIGNED),
            Column("Status", Kind.MARK),
        ),
        tuple(
            (
                plan.name,
                plan.low_usd,
                plan.cost_usd,
                plan.high_usd,
                plan.savings_usd,
                plan.savings_low_usd,
                None if plan.savings_pct is None else -plan.savings_pct,
                status(plan),
            )
            for plan in plans
        ),
        total=None,
        note=f"Present cost {shown(actual)}. Low and high come from assumptions and unknown price conditions.",
    )


def _parts(actual: Decimal, plans: Sequence[PlanRow]) -> list[Part]:
    """Return a part for each plan that changes the cost; the one that saves most lies open."""
    changed = [plan for plan in reversed(plans) if plan.legs and plan.savings_usd]
    return [plan_part(actual, plan, folded=i > 0) for i, plan in enumerate(changed)]


SECTION = Section(50, "savings", "What other plans would cost", "savings", build, of_money=True)
