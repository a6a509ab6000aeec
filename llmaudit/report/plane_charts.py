"""Charts of values along an axis: one column per day, and lines through points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from llmaudit.report.chart_style import axis, color, layout_of, numbers, title
from llmaudit.report.charts import AXIS_PX, Figure, label
from llmaudit.report.wording import MONTHS

HEIGHT_PX = 252
DAY_MS = 86_400_000
FEWEST_DAYS, MOST_DAYS = 9, 5
"""A chart of fewer days is as wide as one of so many, or a single day would be as wide as the page; marked days."""


@dataclass(frozen=True)
class Line:
    """Points of one meaning, joined, with what each says; `dashed` for what is a limit and no measurement."""

    title: str
    color: str
    points: Sequence[tuple[float | str, float, str]]
    dashed: bool = False


def columns(days: Sequence[date], bars: Sequence[tuple[float, str]]) -> Figure:
    """Return one column a day.

    Args:
        days: The days that have one, rising.
        bars: Height in US dollars and hover text of each.
    """
    trace = {
        "type": "bar",
        "x": [day.isoformat() for day in days],
        "y": [value for value, _ in bars],
        "hovertext": [text for _, text in bars],
        "hoverinfo": "text",
        "width": [DAY_MS * 0.75] * len(bars),
        "marker": {"color": color("accent")},
    }
    layout = _plane_layout("$", legend=False)
    layout["xaxis"] = axis(type="date", showgrid=False) | _days(days[0], days[-1])
    return {"data": [trace], "layout": layout}


def lines(drawn: Sequence[Line], *, x_title: str = "", unit: str = "") -> Figure:
    """Return lines through points.

    Args:
        drawn: The lines; their points stand at numbers, or each at a name of its own.
        x_title: What x is; empty where its marks say so.
        unit: Of y.
    """
    layout = _plane_layout(unit, legend=any(one.title for one in drawn))
    named = any(isinstance(x, str) for one in drawn for x, _, _ in one.points)
    kind = {"type": "category", "showgrid": False, "nticks": 8} if named else numbers() | {"rangemode": "tozero"}
    layout["xaxis"] = axis(**kind, title=title(label(x_title)))
    return {"data": [_line(one) for one in drawn], "layout": layout}


def _line(one: Line) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(one.title),
        "showlegend": bool(one.title),
        "x": [label(x) if isinstance(x, str) else x for x, _, _ in one.points],
        "y": [y for _, y, _ in one.points],
        "hovertext": [text for _, _, text in one.points],
        "hoverinfo": "text",
        "line": {"color": color(one.color), "width": 2, "dash": "dash" if one.dashed else "solid"},
        "marker": {"color": color(one.color), "size": 8},
        "cliponaxis": False,
    }


def _days(first: date, last: date) -> dict[str, Any]:
    """Return the range and the marks of an axis of days: whole days, the year where it is new; one is not all wide."""
    count = (last - first).days + 1
    room = timedelta(hours=14 + 12 * max(0, FEWEST_DAYS - count))
    begin, end = (datetime(day.year, day.month, day.day) for day in (first, last))  # noqa: DTZ001 -- a place, no instant
    marks = [first + timedelta(days=day) for day in range(0, count, -(-count // MOST_DAYS))]
    told = [None, *(mark.year for mark in marks)]
    return {
        "range": [(begin - room).isoformat(sep=" "), (end + room).isoformat(sep=" ")],
        "tickvals": [mark.isoformat() for mark in marks],
        "ticktext": [_day(mark, new=mark.year != year) for mark, year in zip(marks, told, strict=False)],
    }


def _day(mark: date, *, new: bool) -> str:
    return f"{mark.day} {MONTHS[mark.month - 1][:3]}" + (f"<br>{mark.year}" if new else "")


def _plane_layout(unit: str, *, legend: bool) -> dict[str, Any]:
    layout = layout_of(HEIGHT_PX, legend=legend)
    layout["margin"] |= {"b": AXIS_PX, "l": AXIS_PX}
    layout["yaxis"] = axis(**numbers(unit), rangemode="tozero")
    return layout
