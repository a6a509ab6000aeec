"""Charts as plain plotly figures (data and layout), deterministic: in the given order, without clock or chance.

Labels are pseudo-HTML to plotly, so every name goes through `label`. Rows have their label above the bar and their
figure at the right edge, which is readable on a phone as well as on a wall. Floats appear only as positions on the
screen; figures in hover texts and labels are exact amounts, rounded by the same function as those in tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any

from llmaudit.errors import printable
from llmaudit.report.chart_style import HATCH, axis, color, layout_of, numbers, powers

LABEL_LIMIT = 64
HOVER_LIMIT = 200
LABEL_PX, LANE_PX, BAR_PX, GAP_PX = 24, 17, 13, 8
"""A row from top to bottom: its label, one lane or more with a bar in it, the space before the next row."""

AXIS_PX = 34
"""Under a chart, for the marks of its axis."""

Figure = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar, piece of a bar, or dot.

    Attributes:
        row: Index of its row.
        value: Its length; of a dot, its place.
        hover: What it says when pointed at.
        base: Where it begins.
    """

    row: int
    value: float
    hover: str
    base: float = 0.0


@dataclass(frozen=True)
class Series:
    """Bars or dots of one meaning.

    Attributes:
        title: Its name in the legend; empty for a chart that needs none.
        color: A name in `colors`.
        bars: The bars.
        hatched: For what is not proven; a dot is an open circle.
        lane: Which of the bars of a row it is, 0 on top.
        spans: Low and high end of each bar's uncertainty, or nothing.
    """

    title: str
    color: str
    bars: Sequence[Bar]
    hatched: bool = False
    lane: int = 0
    spans: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Rule:
    """A line across a chart at a value; one with a name is dashed and in the legend."""

    at: float
    title: str = ""
    color: str = "muted"


def label(text: str) -> str:
    """Return a stranger's text as a plotly label: visible characters only, `<` and `&` escaped, not too long."""
    return _escaped(text, LABEL_LIMIT)


def hover(*lines: str) -> str:
    """Return lines of a hover text; strangers' text in them is escaped."""
    return "<br>".join(_escaped(line, HOVER_LIMIT) for line in lines)


def _escaped(text: str, limit: int) -> str:
    """Escape the pseudo-HTML, and the dollar: plotly takes what stands between two of them for a formula."""
    return escape(printable(text, limit), quote=False).replace("$", "&#36;")


def rows(names: Sequence[str], figures: Sequence[str], series: Sequence[Series], *, rule: Rule | None = None) -> Figure:
    """Return horizontal bars, one row per name.

    Args:
        names: Labels of the rows, top to bottom.
        figures: The figure of each row, as text.
        series: The bars.
        rule: A line across them.
    """
    ends = [0.0, *([rule.at] if rule else [])]
    for one in series:
        ends += [end for bar in one.bars for end in (bar.base, bar.base + bar.value)]
        ends += [end for span in one.spans for end in span]
    lanes = 1 + max((one.lane for one in series), default=0)
    rules = [*([rule] if rule else []), *([Rule(0.0)] if min(ends) < 0 else [])]
    layout = _row_layout(names, figures, lanes, rules, legend=any(one.title for one in series))
    low, high = _range(ends, room=0.02)
    layout["xaxis"] = axis(visible=False, range=[low if min(ends) < 0 else 0.0, high])
    return {"data": [_bars(one, lanes) for one in series], "layout": layout}


def spans(
    names: Sequence[str],
    figures: Sequence[str],
    ranges: Sequence[tuple[float, float]],
    dots: Sequence[Series],
    *,
    log: bool = False,
    rules: Sequence[Rule] = (),
    unit: str = "",
) -> Figure:
    """Return a band from low to high in each row, with dots on it, over an axis.

    Args:
        names: Labels of the rows.
        figures: The figure of each row.
        ranges: Low and high end of each row.
        dots: Dots, by meaning.
        log: Whether the axis is logarithmic; every value must be above 0.
        rules: Lines across the rows, such as at zero.
        unit: Of the axis: `$` stands before the number, anything else behind it.
    """
    ends = [end for ends in ranges for end in ends]
    ends += [bar.value for one in dots for bar in one.bars] + [rule.at for rule in rules]
    layout = _row_layout(names, figures, 1, rules, legend=True)
    layout["height"] += AXIS_PX
    layout["margin"]["b"] = AXIS_PX
    low, high = _range([math.log10(end) for end in ends] if log else ends, room=0.03)
    marks = powers(10**low, 10**high, unit) if log else numbers(unit)
    layout["xaxis"] = axis(**marks, range=[low, high])
    bands = {
        "type": "scatter",
        "mode": "lines",
        "x": [x for low, high in ranges for x in (low, high, None)],
        "y": [y for row in range(len(names)) for y in (row, row, None)],
        "line": {"color": color("sky"), "width": 5},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    return {"data": [bands, *(_dots(one) for one in dots)], "layout": layout}


def _dots(series: Series) -> dict[str, Any]:
    hue = color(series.color)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": label(series.title),
        "x": [bar.value for bar in series.bars],
        "y": [bar.row for bar in series.bars],
        "hovertext": [bar.hover for bar in series.bars],
        "hoverinfo": "text",
        "marker": {
            "symbol": "circle-open" if series.hatched else "circle",
            "color": hue,
            "size": 11,
            "line": {"color": hue, "width": 2},
        },
        "cliponaxis": False,
    }


def _bars(series: Series, lanes: int) -> dict[str, Any]:
    hue, height = color(series.color), _row_px(lanes)
    pattern = {"pattern": HATCH | {"fgcolor": hue}} if series.hatched else {}
    # A line around it, or a bar of a thousandth of the longest could not be seen; none around a zero.
    outline = {"width": [1 if bar.value else 0 for bar in series.bars], "color": hue}
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "name": label(series.title),
        "showlegend": bool(series.title),
        "x": [bar.value for bar in series.bars],
        "y": [bar.row + (series.lane - (lanes - 1) / 2) * LANE_PX / height for bar in series.bars],
        "base": [bar.base for bar in series.bars],
        "width": BAR_PX / height,
        "hovertext": [bar.hover for bar in series.bars],
        "hoverinfo": "text",
        "marker": {"color": hue, "line": outline} | pattern,
    }
    return trace | ({"error_x": _whiskers(series)} if series.spans else {})


def _whiskers(series: Series) -> dict[str, Any]:
    ends = [bar.base + bar.value for bar in series.bars]
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, high - end) for end, (_, high) in zip(ends, series.spans, strict=True)],
        "arrayminus": [max(0.0, end - low) for end, (low, _) in zip(ends, series.spans, strict=True)],
        "color": color("ink"),
        "thickness": 1.5,
        "width": 5,
    }


def _range(ends: Sequence[float], *, room: float) -> list[float]:
    """Return a range that holds all values, with a share of it as room on both sides."""
    low, high = min(ends), max(ends)
    free = (high - low or 1.0) * room
    return [low - free, high + free]


def _row_px(lanes: int) -> int:
    return LABEL_PX + LANE_PX * lanes + GAP_PX


def _row_layout(
    names: Sequence[str], figures: Sequence[str], lanes: int, rules: Sequence[Rule], *, legend: bool
) -> dict[str, Any]:
    """Return the layout of rows: their bars stand around the whole numbers of an axis that is not seen."""
    height, half = _row_px(lanes), LANE_PX * lanes / 2
    layout = layout_of(len(names) * height, legend=legend or any(rule.title for rule in rules))
    top, bottom = (half + LABEL_PX) / height, (half + GAP_PX) / height
    layout["yaxis"] = axis(visible=False, range=[len(names) - 1 + bottom, -top])
    layout["annotations"] = _row_labels(names, figures, half / height)
    layout["shapes"] = [_upright(rule) for rule in rules]
    return layout


def _row_labels(names: Sequence[str], figures: Sequence[str], above: float) -> list[dict[str, Any]]:
    """Labels on the left and figures on the right of each row, above its bar; the page shortens them on a phone."""
    shared = {"xref": "paper", "yref": "y", "yanchor": "bottom", "showarrow": False, "bgcolor": color("paper")}
    found = []
    for row, (name, figure) in enumerate(zip(names, figures, strict=True)):
        at = shared | {"y": row - above}
        found.append(at | {"x": 0, "xanchor": "left", "align": "left", "text": label(name)})
        found.append(at | {"x": 1, "xanchor": "right", "align": "right", "text": f"<b>{label(figure)}</b>"})
    return found


def _upright(rule: Rule) -> dict[str, Any]:
    stroke = {
        "color": color(rule.color if rule.title else "ink"),
        "width": 1.5,
        "dash": "dash" if rule.title else "solid",
    }
    place = {"type": "line", "xref": "x", "yref": "paper", "x0": rule.at, "x1": rule.at, "y0": 0, "y1": 1}
    return place | {"line": stroke, "name": label(rule.title), "showlegend": bool(rule.title)}


def position(amount: object) -> float:
    """Return an amount as a position on the screen; the one place where money becomes a float."""
    return float(amount) if isinstance(amount, Decimal) else 0.0
