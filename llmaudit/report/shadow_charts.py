"""Charts of a shadow test: effects by tier against a margin, and a statistic day by day against its boundary."""

from __future__ import annotations

from collections.abc import Sequence

from llmaudit.report import charts
from llmaudit.report.chart_style import PALETTE, axis, layout_of

HEIGHT = 300


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
    lows, highs = [low for low, _, _ in intervals], [high for _, _, high in intervals]
    drawn = charts.spans(names, figures, lows, highs, series, zero=True, suffix=" pt")
    ends = [*lows, *highs, 0.0, -margin]
    room = (max(ends) - min(ends) or 1.0) * 0.05
    drawn["layout"]["xaxis"]["range"] = [min(ends) - room, max(ends) + room]
    drawn["layout"]["shapes"] = [_upright(-margin)]
    drawn["layout"]["annotations"].append(_label(-margin, "margin"))
    return drawn


def _upright(at: float) -> dict[str, object]:
    stroke = {"color": PALETTE["vermilion"], "width": 1.5, "dash": "dash"}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": stroke}


def _label(at: float, text: str) -> dict[str, object]:
    place = {"xref": "x", "x": at, "yref": "paper", "y": 0, "yanchor": "bottom", "xanchor": "left", "showarrow": False}
    return place | {"text": text, "font": {"size": 12, "color": PALETTE["vermilion"]}}


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
    top = max([*statistic, 3.5])
    shown = [min(value, top + 1) for value in boundary]  # early boundaries are far off: they would flatten the rest
    traces = [
        _trace("boundary", days, shown, "vermilion", {"dash": "dash", "shape": "linear"}, ["boundary"] * len(days)),
        _trace("statistic", days, list(statistic), "accent", {"width": 2}, list(hovers)),
    ]
    layout = layout_of(HEIGHT, legend=True, top=34)
    layout["margin"] |= {"b": 34, "l": 44}
    layout["xaxis"] = axis(type="category", showgrid=False)
    layout["yaxis"] = axis(nticks=6, zeroline=True, zerolinecolor=PALETTE["line"])
    return {"data": traces, "layout": layout}


def _trace(
    title: str, days: Sequence[str], values: Sequence[float], color: str, line: dict[str, object], hovers: Sequence[str]
) -> dict[str, object]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": title,
        "x": list(days),
        "y": list(values),
        "line": {"color": PALETTE[color]} | line,
        "marker": {"size": 7, "color": PALETTE[color]},
        "hovertext": list(hovers),
        "hoverinfo": "text",
    }
