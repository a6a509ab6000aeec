"""Charts as plain plotly figures (data and layout). Every function sorts before it draws and uses no clock or chance.

Labels are pseudo-HTML to plotly, so every name goes through `label`. Rows of horizontal charts carry their label above
the bar and their figure at the right edge: that is as readable on a phone as on a wall. Floats appear here only as
positions on a screen; the figures in hover texts and labels are exact amounts, rounded by the same function as tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Any

from llmaudit.errors import printable
from llmaudit.report.chart_style import HATCH, PALETTE, axis, layout_of

LABEL_LIMIT = 64
HOVER_LIMIT = 200
ROW_PX = 48
DAY_MS = 86_400_000
FEW_DAYS, TICKS = 9, 6
BAR = 0.3
"""Thickness of a bar, of its row; the rest is its label and the space before the next."""

Figure = dict[str, Any]


@dataclass(frozen=True)
class Bar:
    """One bar or piece of a bar.

    Attributes:
        row: Index of its row.
        value: Its length.
        hover: What it says when pointed at.
        base: Where it begins.
    """

    row: int
    value: float
    hover: str
    base: float = 0.0


@dataclass(frozen=True)
class Series:
    """Bars of one meaning.

    Attributes:
        title: Its name in the legend; empty for a chart that needs none.
        color: From `PALETTE`.
        bars: The bars.
        hatched: For what is not proven.
        offset: Shift inside the row, for two bars in one row.
        spans: Low and high end of each bar's uncertainty, or nothing.
    """

    title: str
    color: str
    bars: Sequence[Bar]
    hatched: bool = False
    offset: float = 0.0
    spans: Sequence[tuple[float, float]] = field(default=())


def label(text: str) -> str:
    """Return a stranger's text as a plotly label: visible characters only, `<` and `&` escaped, not too long."""
    return _escaped(text, LABEL_LIMIT)


def hover(*lines: str) -> str:
    """Return lines of a hover text; strangers' text in them is escaped."""
    return "<br>".join(_escaped(line, HOVER_LIMIT) for line in lines)


def _escaped(text: str, limit: int) -> str:
    """Escape the pseudo-HTML, and the dollar: plotly takes what stands between two of them for a formula."""
    return escape(printable(text, limit), quote=False).replace("$", "&#36;")


def rows(
    names: Sequence[str],
    figures: Sequence[str],
    series: Sequence[Series],
    *,
    line_at: tuple[float, str] | None = None,
    row_px: int = ROW_PX,
) -> Figure:
    """Return horizontal bars, one row per name, its label above and its figure at the right.

    Args:
        names: Labels of the rows, top to bottom.
        figures: The figure of each row, as text.
        series: The bars.
        line_at: A dashed vertical line with its label.
        row_px: Height of a row.
    """
    legend = any(one.title for one in series)
    top = (34 if legend else 8) + (18 if line_at else 0)
    layout = layout_of(len(names) * row_px + top + 12, legend=legend, top=top)
    layout["xaxis"] = axis(visible=False, range=_range(series, line_at))
    layout["yaxis"] = _row_axis(len(names))
    layout["annotations"] = [*_row_labels(names, figures, above=BAR / 2), *_line_label(line_at)]
    layout["shapes"] = [_line(line_at[0], "dash")] if line_at else []
    return {"data": [_bars(one) for one in series], "layout": layout}


def columns(days: Sequence[str], bars: Sequence[tuple[float, str]]) -> Figure:
    """Return vertical bars over dates.

    Args:
        days: ISO dates, rising.
        bars: Height and hover text of each.
    """
    trace = {
        "type": "bar",
        "x": list(days),
        "y": [value for value, _ in bars],
        "hovertext": [text for _, text in bars],
        "hoverinfo": "text",
        "width": [DAY_MS * 0.75] * len(bars),
        "marker": {"color": PALETTE["accent"]},
    }
    layout = layout_of(260, legend=False, top=8)
    layout["margin"] |= {"b": 34, "l": 50}
    layout["xaxis"] = axis(type="date", showgrid=False, tickformat="%-d %b\n%Y") | _days(days[0], days[-1])
    layout["yaxis"] = axis(tickprefix="$", separatethousands=True, nticks=5, rangemode="tozero")
    return {"data": [trace], "layout": layout}


def _days(first: str, last: str) -> dict[str, Any]:
    """Return the range and the ticks of an axis of days: whole days only, and one day is not as wide as the page."""
    begin, end = (datetime.fromisoformat(day) for day in (first, last))
    count = (end - begin).days + 1
    room = timedelta(hours=14 + 12 * max(0, FEW_DAYS - count))
    ticks = [begin + timedelta(days=day) for day in range(0, count, -(-count // TICKS))]
    return {"range": [_instant(begin - room), _instant(end + room)], "tickvals": [_instant(tick) for tick in ticks]}


def _instant(value: datetime) -> str:
    return value.isoformat(sep=" ")


def spans(
    names: Sequence[str],
    figures: Sequence[str],
    lows: Sequence[float],
    highs: Sequence[float],
    points: Sequence[Series],
    *,
    log: bool = False,
    zero: bool = False,
    suffix: str = "",
    dollars: bool = False,
) -> Figure:
    """Return a line from low to high in each row, with dots on it.

    Args:
        names: Labels of the rows.
        figures: The figure of each row.
        lows: Low ends.
        highs: High ends.
        points: Dots, by meaning.
        log: Whether the axis is logarithmic.
        zero: Whether zero is marked.
        suffix: Unit on the axis.
        dollars: Whether the axis is in US dollars.
    """
    lines = {
        "type": "scatter",
        "mode": "lines",
        "x": [x for low, high in zip(lows, highs, strict=True) for x in (low, high, None)],
        "y": [y for row in range(len(names)) for y in (row, row, None)],
        "line": {"color": PALETTE["sky"], "width": 5},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    layout = layout_of(len(names) * ROW_PX + 34 + 40, legend=True, top=34)
    layout["margin"]["b"] = 30
    layout["xaxis"] = axis(
        ticksuffix=suffix, nticks=6, separatethousands=True, zeroline=zero, zerolinecolor=PALETTE["ink"]
    )
    if dollars:
        layout["xaxis"]["tickformat"] = "$,.4~f"
    if log:
        layout["xaxis"] |= {"type": "log", "dtick": 1, "minor": {"showgrid": False}}
    layout["yaxis"] = _row_axis(len(names))
    layout["annotations"] = _row_labels(names, figures)
    return {"data": [lines, *(_dots(one) for one in points)], "layout": layout}


def _dots(series: Series) -> dict[str, Any]:
    marker: dict[str, Any] = {
        "color": PALETTE[series.color],
        "size": 11,
        "line": {"color": PALETTE[series.color], "width": 2},
    }
    if series.hatched:
        marker["symbol"] = "circle-open"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": label(series.title),
        "x": [bar.value for bar in series.bars],
        "y": [bar.row for bar in series.bars],
        "hovertext": [bar.hover for bar in series.bars],
        "hoverinfo": "text",
        "marker": marker,
        "cliponaxis": False,
    }


def _bars(series: Series) -> dict[str, Any]:
    color = PALETTE[series.color]
    trace: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "name": label(series.title),
        "showlegend": bool(series.title),
        "x": [bar.value for bar in series.bars],
        "y": [bar.row + series.offset for bar in series.bars],
        "base": [bar.base for bar in series.bars],
        "width": BAR * 0.6 if series.offset else BAR,
        "hovertext": [bar.hover for bar in series.bars],
        "hoverinfo": "text",
        "marker": {"color": color, "line": {"width": 0}},
    }
    if series.hatched:
        trace["marker"] = {"color": color, "pattern": HATCH | {"fgcolor": color}, "line": {"width": 1, "color": color}}
    if series.spans:
        ends = [bar.base + bar.value for bar in series.bars]
        trace["error_x"] = {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, high - end) for end, (_, high) in zip(ends, series.spans, strict=True)],
            "arrayminus": [max(0.0, end - low) for end, (low, _) in zip(ends, series.spans, strict=True)],
            "color": PALETTE["ink"],
            "thickness": 1.5,
            "width": 5,
        }
    return trace


def _range(series: Sequence[Series], line_at: tuple[float, str] | None) -> list[float]:
    ends = [0.0, *([line_at[0]] if line_at else [])]
    for one in series:
        ends += [end for bar in one.bars for end in (bar.base, bar.base + bar.value)]
        ends += [end for span in one.spans for end in span]
    low, high = min(ends), max(ends)
    room = (high - low or 1.0) * 0.02
    return [low - (room if low < 0 else 0), high + room]


def _row_axis(count: int) -> dict[str, Any]:
    return axis(visible=False, range=[count - 0.68, -0.64])


def _row_labels(names: Sequence[str], figures: Sequence[str], above: float = 0.18) -> list[dict[str, Any]]:
    """Labels on the left and figures on the right of each row, above its bar."""
    shared = {
        "xref": "paper",
        "yref": "y",
        "yanchor": "bottom",
        "showarrow": False,
        "bgcolor": "#FFFFFF",
        "yshift": 2,
    }
    found = []
    for row, (name, figure) in enumerate(zip(names, figures, strict=True)):
        at = shared | {"y": row - above}
        found.append(at | {"x": 0, "xanchor": "left", "align": "left", "text": label(name)})
        found.append(at | {"x": 1, "xanchor": "right", "align": "right", "text": f"<b>{label(figure)}</b>"})
    return found


def _line(at: float, dash: str) -> dict[str, Any]:
    stroke = {"color": PALETTE["muted"], "width": 1.5, "dash": dash}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": stroke}


def _line_label(line_at: tuple[float, str] | None) -> list[dict[str, Any]]:
    if line_at is None:
        return []
    at, text = line_at
    font = {"size": 12, "color": PALETTE["muted"]}
    place = {"xref": "x", "x": at, "yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "right", "showarrow": False}
    return [place | {"text": label(text), "font": font}]


def position(amount: object) -> float:
    """Return an amount as a position on the screen; the one place where money becomes a float."""
    return float(amount) if isinstance(amount, Decimal) else 0.0
