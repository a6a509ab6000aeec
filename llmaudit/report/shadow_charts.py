"""Charts of a shadow test: effects by tier against a margin, and a statistic day by day against its boundary."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.report import charts, plane_charts

TALLEST = 3.5
"""Boundaries of the first days are far off: they would flatten the rest."""


def forest(
    names: Sequence[str],
    figures: Sequence[str],
    intervals: Sequence[tuple[float, float, float]],
    margin: float,
    hovers: Sequence[str],
) -> charts.Figure:
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
    rules = [charts.Rule(0.0), charts.Rule(-margin, "margin", "vermilion")]
    return charts.spans(names, figures, [(low, high) for low, _, high in intervals], series, rules=rules, unit=" pt")


def sequence(
    days: Sequence[str], statistic: Sequence[float], boundary: Sequence[float], hovers: Sequence[str]
) -> charts.Figure:
    """Return a statistic by day and the boundary that it has to reach.

    Args:
        days: Labels of the days, rising.
        statistic: On the normal scale.
        boundary: On the same scale.
        hovers: What each day says when pointed at.
    """
    top = max([*statistic, TALLEST]) + 1
    limits = [(day, min(value, top), f"boundary {value:.2f}") for day, value in zip(days, boundary, strict=True)]
    return plane_charts.lines(
        [
            plane_charts.Line("boundary", "vermilion", limits, dashed=True),
            plane_charts.Line("statistic", "accent", list(zip(days, statistic, hovers, strict=True))),
        ]
    )
