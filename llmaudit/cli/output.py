"""What commands print: the answer on stdout, everything else on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from llmaudit.errors import printable
from llmaudit.settings import Settings

PIPE_WIDTH = 200
"""Columns of a table that is not printed to a terminal: wide enough that nothing is cut."""


def answer(settings: Settings, document: Any, for_people: Callable[[], None]) -> None:
    """Print the answer: one JSON document with --json, else whatever `for_people` prints."""
    if settings.json:
        from llmaudit.jsonform import to_text

        sys.stdout.write(to_text(document))
    else:
        for_people()


def table(
    settings: Settings, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], left: Sequence[int] = (0,)
) -> None:
    """Print a table. Cells are text, never markup: names in them come from strangers.

    Args:
        settings: For colours.
        title: One line above it.
        columns: Headings.
        rows: Cells; None is shown as `unknown`.
        left: Columns that are words; the others are figures and stand to the right.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(
        file=sys.stdout,
        no_color=bool(settings.values["no_color"]),
        highlight=False,
        width=None if sys.stdout.isatty() else PIPE_WIDTH,
    )
    grid = Table(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False, header_style="dim")
    for index, name in enumerate(columns):
        grid.add_column(Text(name), justify="left" if index in left else "right", overflow="fold")
    for row in rows:
        grid.add_row(*(Text("unknown" if cell is None else printable(str(cell))) for cell in row))
    console.print(grid)
    console.print()


def line(text: str = "") -> None:
    """Print one line of the answer."""
    sys.stdout.write(text + "\n")


def notice(settings: Settings, text: str) -> None:
    """Print a line that is not the answer."""
    if not settings.quiet:
        sys.stderr.write(text + "\n")


def warn(settings: Settings, warnings: Sequence[str]) -> None:
    """Print warnings to stderr."""
    for warning in warnings:
        notice(settings, f"warning: {printable(warning, 500)}")


def percent(value: float | None) -> str:
    """Return a percentage for people."""
    return "unknown" if value is None else f"{value:.1f}%"
