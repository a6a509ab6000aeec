"""How charts look: colours by name, one layout, axes with plotly's own round tick marks.

A figure names its colours as the page's style sheet does (`var(--ink)`). The page's script reads their values when it
draws, so the same figure works in light mode, in dark mode and on paper.
"""

from __future__ import annotations

import math
from typing import Any

from llmaudit.report.colors import FONT, LIGHT

HATCH = {"shape": "/", "size": 6, "solidity": 0.45, "fillmode": "replace"}
"""Not proven is hatched, not only coloured: it survives a black-and-white printer."""

CLEAR = "rgba(0,0,0,0)"
LEGEND_PX = 34
LEGEND = {
    "orientation": "h",
    "x": 0,
    "y": 1,
    "yref": "container",
    "yanchor": "top",
    "font": {"size": 12},
    "maxheight": 400,  # or plotly gives it half of a small chart, and a scroll bar
}
MOST_MARKS = 6
PLAIN_NUMBER = ",.9~f"
"""Marks as plain numbers of any size: plotly's default would write four millionths of a dollar as `$4\u03bc`."""


def color(name: str) -> str:
    """Return a colour of the page, by its name in `colors`, for a figure.

    Raises:
        KeyError: No colour has this name.
    """
    LIGHT[name]
    return f"var(--{name})"


def layout_of(height: int, *, legend: bool) -> dict[str, Any]:
    """Return the layout all charts share.

    Args:
        height: Of what is drawn, in pixels; a legend comes on top of it.
        legend: Whether there is one.
    """
    top = LEGEND_PX if legend else 8
    return {
        "height": height + top,
        "margin": {"l": 2, "r": 2, "t": top, "b": 4},
        "font": {"family": FONT, "size": 13, "color": color("ink")},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "dragmode": False,
        "hovermode": "closest",
        "barmode": "overlay",
        "barcornerradius": 2,
        "showlegend": legend,
        "legend": LEGEND,
        "hoverlabel": {
            "align": "left",
            "bgcolor": color("paper"),
            "bordercolor": color("grey"),
            "font": {"family": FONT, "color": color("ink")},
        },
    }


def axis(**more: Any) -> dict[str, Any]:
    """Return an axis: it cannot be dragged, so that a finger on a phone scrolls the page."""
    base = {
        "fixedrange": True,
        "gridcolor": color("line"),
        "zeroline": False,
        "tickfont": {"size": 12, "color": color("muted")},
        "ticklabelstandoff": 4,
        "automargin": True,
    }
    return base | more


def numbers(unit: str = "") -> dict[str, Any]:
    """Return what an axis of numbers needs: few marks, at round values, with their unit.

    Args:
        unit: `$` stands before the number and behind its sign, anything else behind the number.
    """
    shown = {"tickformat": f"${PLAIN_NUMBER}"} if unit == "$" else {"tickformat": PLAIN_NUMBER, "ticksuffix": unit}
    return shown | {"nticks": MOST_MARKS}


def powers(low: float, high: float, unit: str) -> dict[str, Any]:
    """Return what a logarithmic axis needs: marks at powers of ten, with 2 and 5 between them where they are few.

    plotly's own marks are 1 to 9 over one power of ten, and have a unit at the powers alone.

    Args:
        low: Its lower end, above 0.
        high: Its upper end.
        unit: Stands behind each number.
    """
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 2, 5)):
        marks = [step * 10.0**exponent for exponent in exponents for step in steps]
        inside = [mark for mark in marks if low <= mark <= high]
        if len(inside) > 2:  # noqa: PLR2004 -- two marks do not show that an axis is logarithmic
            break
    return {"type": "log", "tickvals": inside, "ticktext": [f"{mark:,g}{unit}" for mark in inside]}


def title(text: str) -> dict[str, Any]:
    """Return the title of an axis; the text is escaped already."""
    return {"text": text, "font": {"size": 12, "color": color("muted")}, "standoff": 6}
