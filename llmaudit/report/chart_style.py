"""How charts and the page look: one palette, one font, one layout."""

from __future__ import annotations

from typing import Any

PALETTE = {
    "ink": "#17212B",
    "muted": "#55616E",
    "line": "#DFE4EA",
    "accent": "#0A5A9C",
    "sky": "#7FB6DE",
    "orange": "#D9820F",
    "vermilion": "#C24A00",
    "green": "#00805E",
    "purple": "#A05195",
    "grey": "#98A3AF",
}
"""The one set of colours, page included; told apart by any of the common colour blindnesses (after Okabe and Ito)."""

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
HATCH = {"shape": "/", "size": 6, "solidity": 0.45, "fillmode": "replace"}
"""Not proven is hatched, not only coloured: it survives a black-and-white printer."""


def layout_of(height: int, *, legend: bool, top: int) -> dict[str, Any]:
    """Return the layout all charts share."""
    return {
        "height": height,
        "margin": {"l": 2, "r": 2, "t": top, "b": 4},
        "font": {"family": FONT, "size": 13, "color": PALETTE["ink"]},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "dragmode": False,
        "hovermode": "closest",
        "barmode": "overlay",
        "barcornerradius": 2,
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "y": 1, "yref": "container", "yanchor": "top", "font": {"size": 12}},
        "hoverlabel": {
            "align": "left",
            "bgcolor": "#FFFFFF",
            "bordercolor": PALETTE["grey"],
            "font": {"family": FONT, "color": PALETTE["ink"]},
        },
    }


def axis(**more: Any) -> dict[str, Any]:
    """Return an axis: it cannot be dragged, so that a finger on a phone scrolls the page."""
    base = {
        "fixedrange": True,
        "gridcolor": PALETTE["line"],
        "zeroline": False,
        "tickfont": {"size": 12, "color": PALETTE["muted"]},
        "automargin": True,
    }
    return base | more
