"""Charts as SVG shapes, which `charts.html.j2` writes.

Places across are percentages: a drawing fits any width without a script, its text keeps its size, and its colours are
the page's, dark or light.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from llmaudit.report.axes import Tick
from llmaudit.report.charts import Bar, Line, Plane, Rows, Series

BAR_PX, LANE_PX, DOT_PX = 13, 17, 18
PLANE_PX = 230
RADIUS_PX = 5.5
CAP_PX = 4
THINNEST = 0.15
"""Percent of the width that a bar takes at least: one that is not zero must be seen."""

COLUMN = 0.75
"""Width of a column, of its day."""

EDGE = 5
"""A mark nearer to an edge than this many percent has its text turned inwards."""


@dataclass(frozen=True)
class Shape:
    """One SVG element: its tag, its classes, where it is, what it says."""

    tag: Literal["rect", "line", "circle", "text"]
    look: str
    place: dict[str, str]
    hover: str = ""
    text: str = ""


@dataclass(frozen=True)
class Key:
    """One entry of a legend."""

    title: str
    shape: Shape


@dataclass(frozen=True)
class Strip:
    """A row of `Rows`: its label, its figure, its drawing."""

    name: str
    figure: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Drawing:
    """A chart ready to be written.

    Attributes:
        legend: What the colours mean.
        height: Of each strip, or of the whole, in pixels.
        strips: The rows; none for a plane.
        axis: Marks under the strips.
        shapes: What a plane draws.
        gutter: Characters that the marks to the left of a plane take.
        x_title: What stands under a plane.
    """

    legend: tuple[Key, ...]
    height: int
    strips: tuple[Strip, ...] = ()
    axis: tuple[Shape, ...] = ()
    shapes: tuple[Shape, ...] = field(default=())
    gutter: int = 0
    x_title: str = ""


def draw(figure: Rows | Plane) -> Drawing:
    """Return a chart as shapes."""
    return _plane(figure) if isinstance(figure, Plane) else _rows(figure)


def _percent(place: float) -> str:
    return f"{100 * place:.2f}%"


def _rows(figure: Rows) -> Drawing:
    lanes = 1 + max((one.lane for one in figure.series), default=0)
    height = DOT_PX if figure.ranges else BAR_PX + LANE_PX * (lanes - 1)
    named = enumerate(zip(figure.names, figure.figures, strict=True))
    strips = [Strip(name, said, tuple(_strip(figure, row, height))) for row, (name, said) in named]
    return Drawing(_row_legend(figure), height, tuple(strips), tuple(_below(figure)))


def _strip(figure: Rows, row: int, height: int) -> Iterator[Shape]:
    """Yield what is drawn in a row, from the back to the front."""
    for tick in figure.ticks:
        yield _upright(figure, tick.at, "grid", height)
    if figure.ranges:
        low, high = figure.ranges[row]
        yield Shape("line", "band", _level(figure, low, high, height / 2))
    for series in figure.series:
        for number, bar in enumerate(series.bars):
            if bar.row == row:
                yield _dot(figure, series, bar, height) if figure.ranges else _bar(figure, series, bar)
                if series.spans:
                    yield from _whisker(figure, *series.spans[number])
    for rule in figure.rules:
        yield _upright(figure, rule.at, f"rule {rule.color}" if rule.title else "zero", height)


def _level(figure: Rows, low: float, high: float, y: float) -> dict[str, str]:
    ends = (_percent(figure.scale.at(x)) for x in (low, high))
    return dict(zip(("x1", "x2"), ends, strict=True)) | {"y1": f"{y:g}", "y2": f"{y:g}"}


def _upright(figure: Rows, at: float, look: str, height: float, top: float = 0.0) -> Shape:
    x = _percent(figure.scale.at(at))
    return Shape("line", look, {"x1": x, "x2": x, "y1": f"{top:g}", "y2": f"{height:g}"})


def _bar(figure: Rows, series: Series, bar: Bar) -> Shape:
    begin, end = sorted(100 * figure.scale.at(x) for x in (bar.base, bar.base + bar.value))
    width = max(end - begin, THINNEST) if bar.value else 0.0
    place = {
        "x": f"{min(begin, 100 - width):.2f}%",
        "width": f"{width:.2f}%",
        "y": f"{series.lane * LANE_PX}",
        "height": f"{BAR_PX}",
        "rx": "2",
    }
    return _filled(series, place, bar.hover)


def _filled(series: Series, place: dict[str, str], hover: str = "") -> Shape:
    """Return a bar; what is not proven is hatched, not only coloured: that survives a black-and-white printer."""
    hatch = {"fill": f"url(#hatch-{series.color})"} if series.hatched else {}
    return Shape("rect", _look(series), place | hatch, hover)


def _whisker(figure: Rows, low: float, high: float) -> Iterator[Shape]:
    """Yield a line from low to high with a cap at each end."""
    middle = BAR_PX / 2
    yield Shape("line", "whisker", _level(figure, low, high, middle))
    for end in (low, high):
        yield _upright(figure, end, "whisker", middle + CAP_PX, middle - CAP_PX)


def _dot(figure: Rows, series: Series, bar: Bar, height: int) -> Shape:
    place = {"cx": _percent(figure.scale.at(bar.value)), "cy": f"{height / 2:g}", "r": f"{RADIUS_PX}"}
    return Shape("circle", f"dot {_look(series)}", place, bar.hover)


def _look(series: Series) -> str:
    return f"{series.color} hatched" if series.hatched else series.color


def _row_legend(figure: Rows) -> tuple[Key, ...]:
    keys = []
    for one in figure.series:
        if one.title:
            bar = _filled(one, {"x": "1", "y": "1", "width": "12", "height": "10", "rx": "2"})
            dot = Shape("circle", f"dot {_look(one)}", {"cx": "7", "cy": "6", "r": "5"})
            keys.append(Key(one.title, dot if figure.ranges else bar))
    dashes = {"x1": "0", "x2": "14", "y1": "6", "y2": "6"}
    keys += [Key(rule.title, Shape("line", f"rule {rule.color}", dashes)) for rule in figure.rules if rule.title]
    return tuple(keys)


def _below(figure: Rows) -> Iterator[Shape]:
    for tick in figure.ticks:
        yield _mark(tick, 100 * figure.scale.at(tick.at), 13)


def _mark(tick: Tick, place: float, y: float, edge: float = EDGE) -> Shape:
    """Return the text of a mark under an axis."""
    anchor = "start" if place < edge else "end" if place > 100 - EDGE else "middle"
    return Shape("text", "tick", {"x": f"{place:.2f}%", "y": f"{y:g}", "text-anchor": anchor}, text=tick.text)


def _plane(figure: Plane) -> Drawing:
    shapes = [*_frame(figure), *_columns(figure)]
    for line in figure.lines:
        shapes += _line(figure, line)
    dashes = {"x1": "0", "x2": "14", "y1": "6", "y2": "6"}
    legend = [Key(one.title, Shape("line", _stroke(one), dashes)) for one in figure.lines if one.title]
    gutter = max((len(tick.text) for tick in figure.y_ticks), default=0)
    return Drawing(tuple(legend), PLANE_PX, shapes=tuple(shapes), gutter=gutter, x_title=figure.x_title)


def _height(figure: Plane, y: float) -> float:
    return PLANE_PX * (1 - figure.upward.at(y))


def _frame(figure: Plane) -> Iterator[Shape]:
    for tick in figure.y_ticks:
        y = f"{_height(figure, tick.at):.1f}"
        yield Shape("line", "grid", {"x1": "0", "x2": "100%", "y1": y, "y2": y})
        yield Shape("text", "tick", {"x": "-8", "y": y, "dy": "0.35em", "text-anchor": "end"}, text=tick.text)
    for tick in figure.x_ticks:
        yield _mark(tick, 100 * figure.across.at(tick.at), PLANE_PX + 18, edge=0)  # the gutter has room


def _columns(figure: Plane) -> Iterator[Shape]:
    ground = _height(figure, 0.0)
    for one in figure.columns:
        begin, end = (100 * figure.across.at(one.x + side) for side in (-COLUMN / 2, COLUMN / 2))
        top = _height(figure, one.y)
        tall = max(ground - top, 1.0) if one.y else 0.0
        place = {
            "x": f"{begin:.2f}%",
            "width": f"{end - begin:.2f}%",
            "y": f"{ground - tall:.1f}",
            "height": f"{tall:.1f}",
        }
        yield Shape("rect", "accent", place, one.hover)


def _stroke(line: Line) -> str:
    return f"stroke {line.color}{' dashed' if line.dashed else ''}"


def _line(figure: Plane, line: Line) -> Iterator[Shape]:
    spots = [(_percent(figure.across.at(one.x)), f"{_height(figure, one.y):.1f}") for one in line.points]
    for (x1, y1), (x2, y2) in pairwise(spots):
        yield Shape("line", _stroke(line), {"x1": x1, "y1": y1, "x2": x2, "y2": y2})
    for (x, y), one in zip(spots, line.points, strict=True):
        yield Shape("circle", f"dot {line.color}", {"cx": x, "cy": y, "r": "4"}, one.hover)
