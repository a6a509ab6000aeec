"""Charts as frozen data: rows of bars or dots, and points over an axis. `drawing` turns them into SVG.

Rows carry their label above the bar and their figure at the right edge: that is as readable on a phone as on a wall.
Floats appear here only as positions on a screen; the figures in hover texts and labels are exact amounts, rounded by
the same function as tables. Every function keeps the order it is given and uses no clock or chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from llmaudit.errors import printable
from llmaudit.report.axes import Scale, Tick, day_ticks, scale_of, ticks_of

LABEL_LIMIT = 64
HOVER_LIMIT = 200
DAY_ROOM = 0.7
"""Free space beside the first and the last day, in days: half a column and a little air."""

FEWEST_DAYS = 9
"""A chart of fewer days is as wide as one of so many, or a single day would be as wide as the page."""


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
    """A line across a chart at a value, with its name."""

    at: float
    title: str
    color: str = "muted"


@dataclass(frozen=True)
class Rows:
    """One row per name, its label above and its figure at the right.

    Attributes:
        names: Labels, top to bottom.
        figures: The figure of each row.
        series: Bars or dots.
        scale: From values to places.
        ranges: Low and high end of a band behind the dots of each row; empty for bars.
        rules: Lines at a value.
        ticks: Marks of the axis under the rows; empty for none.
    """

    names: tuple[str, ...]
    figures: tuple[str, ...]
    series: tuple[Series, ...]
    scale: Scale
    ranges: tuple[tuple[float, float], ...] = ()
    rules: tuple[Rule, ...] = ()
    ticks: tuple[Tick, ...] = ()


@dataclass(frozen=True)
class Point:
    """A point or column over an axis."""

    x: float
    y: float
    hover: str


@dataclass(frozen=True)
class Line:
    """Points of one meaning, joined; `dashed` for what is a limit and no measurement."""

    title: str
    color: str
    points: tuple[Point, ...]
    dashed: bool = False


@dataclass(frozen=True)
class Plane:
    """Values over an axis: columns, or lines through points.

    Attributes:
        across: From x to places.
        upward: From y to places.
        x_ticks: Marks under it.
        y_ticks: Marks to its left.
        columns: Columns from zero, each one unit of x wide at most.
        lines: Lines.
        x_title: What x is; empty where its marks say so.
    """

    across: Scale
    upward: Scale
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    columns: tuple[Point, ...] = ()
    lines: tuple[Line, ...] = ()
    x_title: str = ""


Figure = Rows | Plane


def label(text: str) -> str:
    """Return a stranger's text as a label: visible characters only, not too long."""
    return printable(text, LABEL_LIMIT)


def hover(*lines: str) -> str:
    """Return lines of a text that is shown where something is pointed at."""
    return "\n".join(printable(line, HOVER_LIMIT) for line in lines)


def rows(names: Sequence[str], figures: Sequence[str], series: Sequence[Series], *, rule: Rule | None = None) -> Rows:
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
    return Rows(
        tuple(map(label, names)),
        tuple(map(label, figures)),
        tuple(series),
        scale_of(ends),
        rules=(*([rule] if rule else []), *([Rule(0.0, "")] if min(ends) < 0 else [])),
    )


def spans(
    names: Sequence[str],
    figures: Sequence[str],
    ranges: Sequence[tuple[float, float]],
    dots: Sequence[Series],
    *,
    log: bool = False,
    rules: Sequence[Rule] = (),
    unit: str = "",
) -> Rows:
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
    scale = scale_of(ends, log=log, room=0.03)
    return Rows(
        tuple(map(label, names)),
        tuple(map(label, figures)),
        tuple(dots),
        scale,
        tuple(ranges),
        tuple(rules),
        ticks_of(scale, unit),
    )


def columns(days: Sequence[date], bars: Sequence[tuple[float, str]]) -> Plane:
    """Return one column a day.

    Args:
        days: The days that have one, rising.
        bars: Height in US dollars and hover text of each.
    """
    first, last = days[0].toordinal(), days[-1].toordinal()
    room = DAY_ROOM + max(0, FEWEST_DAYS - (last - first + 1)) / 2
    upward = scale_of([0.0, *(value for value, _ in bars)])
    return Plane(
        Scale(first - room, last + room),
        upward,
        day_ticks(days[0], days[-1]),
        ticks_of(upward, "$"),
        columns=tuple(Point(day.toordinal(), *bar) for day, bar in zip(days, bars, strict=True)),
    )


def position(amount: object) -> float:
    """Return an amount as a position on the screen; the one place where money becomes a float."""
    return float(amount) if isinstance(amount, Decimal) else 0.0
