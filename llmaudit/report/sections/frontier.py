"""Cost against quality: what could be saved at which loss, as far as outcomes prove it."""

from __future__ import annotations

from llmaudit.findings.frontier import Frontier
from llmaudit.money import shown
from llmaudit.plans.frontier_points import Point
from llmaudit.report import charts, plane_charts
from llmaudit.report.content import (
    Chart,
    Column,
    Command,
    Kind,
    Mark,
    Prose,
    Section,
    SectionContent,
    Table,
    Value,
)
from llmaudit.report.wording import count, percent, quoted


def build(found: Frontier) -> SectionContent:
    """Return the curve, the same numbers as a table, and which cohorts move at the margin."""
    chosen = next((point for point in found.points if point.margin == found.margin), None)
    lead = (
        f"Within a loss of {found.margin:g} of {quoted(found.metric)} over all traffic, "
        f"{shown(chosen.savings_usd)} ({percent(chosen.savings_pct)}) is saved by moves that outcomes certify."
        if chosen
        else "No plan stays within the margin."
    )
    return SectionContent(
        blocks=(
            Prose(lead, lead=True),
            _chart(found),
            _table(found),
            *((_cohorts(chosen),) if chosen and chosen.cohorts else ()),
        ),
        source=(
            f"{count(found.cases)} cases with scored answers of two models, cohorts by "
            f"{' and '.join(found.cohorts_by) or 'nothing'}; the cheapest plan at each margin, its loss by a bound."
        ),
        caveat=found.caveat,
        commands=(
            Command("llmaudit plan frontier", "every point with the model of every cohort"),
            Command("llmaudit plan optimize --margin 0.01", "the plan of a margin, as a file"),
        ),
    )


def _chart(found: Frontier) -> Chart:
    points = [(point.bound, charts.position(point.savings_usd), charts.hover(_said(point))) for point in found.points]
    drawn = plane_charts.lines(
        [plane_charts.Line("", "accent", points)], x_title="largest loss, by its bound", unit="$"
    )
    alt = "; ".join(_said(point) for point in found.points)
    return Chart("Saving against the largest loss of quality", drawn, f"Line chart. {alt}.")


def _said(point: Point) -> str:
    return f"at most {point.bound:.4f} lost: {shown(point.savings_usd)} saved ({percent(point.savings_pct)})"


def _table(found: Frontier) -> Table:
    return Table(
        "The cheapest plan at each margin",
        (
            Column("Margin", Kind.FIGURE),
            Column("Status", Kind.MARK),
            Column("Loss expected", Kind.FIGURE),
            Column("At most", Kind.FIGURE),
            Column("On the half not seen", Kind.FIGURE),
            Column("Cost", Kind.MONEY, adds=False),
            Column("Saves", Kind.MONEY, adds=False),
            Column("Of spend", Kind.PERCENT),
            Column("Requests moved", Kind.PERCENT),
        ),
        tuple(_row(point, found.margin) for point in found.points),
        total=None,
    )


def _row(point: Point, margin: float) -> tuple[Value, ...]:
    within = point.margin <= margin
    return (
        f"{point.margin:.4f}",
        Mark("certified", "good") if within else Mark("wider than the margin", "open"),
        f"{point.loss:+.4f}",
        f"{point.bound:+.4f}",
        "not known" if point.cross_fitted is None else f"{point.cross_fitted:+.4f}",
        point.cost_usd,
        point.savings_usd,
        point.savings_pct,
        100 * point.moved_share,
    )


def _cohorts(point: Point) -> Table:
    return Table(
        "Which cohorts move within the margin",
        (
            Column("Cohort", Kind.NAME),
            Column("From", Kind.NAME),
            Column("To", Kind.NAME),
            Column("Saves", Kind.MONEY, adds=False),
        ),
        tuple((one.cohort, one.model_before, one.model, one.savings_usd) for one in point.cohorts),
        total=None,
        collapsed=True,
    )


SECTION = Section(57, "frontier", "Cost against quality", "frontier", build, without=SectionContent(()), of_money=True)
