"""Charts of a shadow test: effects by tier against a margin, and a statistic day by day against its boundary."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.report import charts
from llmaudit.report.axes import Scale, Tick, scale_of, ticks_of

TALLEST = 3.5
"""Boundaries of the first days are far off: they would flatten the rest."""


def forest(
    names: Sequence[str],
    figures: Sequence[str],
    intervals: Sequence[tuple[float, float, float]],
    margin: float,
    hovers: Sequence[str],
) -> charts.Rows:
    """Return effects with their intervals, one row each, with lines at no effect and at the margin.

    Args:
        names: Labels of the rows.
        figures: The figure of each row, as text.
        intervals: Low end, effect and high end of each row, in points.
        margin: The acceptable loss, in points.
        hovers: What each row says when pointed at.
    """
    dots = [charts.Bar(row, middle, hovers[row]) for row, (_, middle, _) in enumerate(intervals)]
    series = [charts.Series("shadow minus primary", "accent", dots)]
    rules = [charts.Rule(0.0, ""), charts.Rule(-margin, "margin", "vermilion")]
    return charts.spans(names, figures, [(low, high) for low, _, high in intervals], series, rules=rules, unit=" pt")


def sequence(
    days: Sequence[str], statistic: Sequence[float], boundary: Sequence[float], hovers: Sequence[str]
) -> charts.Plane:
    """Return a statistic by day and the boundary that it has to reach.

    Args:
        days: Labels of the days, rising.
        statistic: On the normal scale.
        boundary: On the same scale.
        hovers: What each day says when pointed at.
    """
    top = max([*statistic, TALLEST]) + 1
    limits = [charts.Point(x, min(value, top), f"boundary {value:.2f}") for x, value in enumerate(boundary)]
    reached = [charts.Point(x, value, hovers[x]) for x, value in enumerate(statistic)]
    upward = scale_of([0.0, *(one.y for one in (*limits, *reached))], room=0.05)
    step = -(-len(days) // 8)
    return charts.Plane(
        Scale(-0.5, len(days) - 0.5),
        upward,
        tuple(Tick(x, days[x]) for x in range(0, len(days), step)),
        ticks_of(upward),
        lines=(
            charts.Line("boundary", "vermilion", tuple(limits), dashed=True),
            charts.Line("statistic", "accent", tuple(reached)),
        ),
    )
