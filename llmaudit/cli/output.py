"""What commands print: the answer on stdout, everything else on stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from llmaudit.errors import NotEnoughError, printable
from llmaudit.settings import Settings

if TYPE_CHECKING:
    from llmaudit.report.content import Table

TERMINAL_ROWS = 500
"""More rows than this are written plainly on a terminal as well: laying out tens of thousands takes minutes."""

MOST_NAMED = 40
"""Of more files only those are named that need a look; --json names every one."""

SENTENCE = 1000
"""Characters of a sentence that are printed: it may hold names from strangers."""

TERMINAL_WIDTH = 60
"""No sentence is broken to less than this, however narrow the terminal says it is."""

LABEL = re.compile(r"\s*\S[^:]{0,12}?\s{2,}(?=\S)")
"""A word or two and at least two spaces: what follows is in a column."""

PART_ENDS = re.compile(r"(?<=[/_-])|(?=\.[a-z])")
"""Where a name may be broken: not before a digit, which belongs to a version (`gpt-5.6`)."""

WORDS = (30, 20, 14, 10, 8)
"""Letters of a word that a column is given room for, the first that fits; where none does, rows become records."""

FIGURE = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*s?")
"""An amount, a share, a count, seconds: broken in two it would be read as another."""

GAP = 2
"""Spaces between columns on a terminal."""


@contextmanager
def while_read() -> Iterator[None]:
    """Discard what is printed in this block once nobody reads it (`| head`).

    The command goes on to its own exit code: a closed pipe is no failure, and must not hide that a gate failed.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        forget_reader()


def forget_reader() -> None:
    """Discard everything that is still to be printed; the interpreter would fail on it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def answer(settings: Settings, document: Any, for_people: Callable[[], None]) -> None:
    """Print the answer: one JSON document with --json, else whatever `for_people` prints."""
    with while_read():
        if settings.json:
            from llmaudit.jsonform import to_text

            sys.stdout.write(to_text(document))
        else:
            for_people()


@contextmanager
def or_unanswered(settings: Settings, schema: str, parts: Sequence[str], **known: Any) -> Iterator[None]:
    """Answer with the document of a command in which nothing stands where a block finds too little data (code 4).

    A program that reads the answer finds the keys that it knows: null, with the reason in `warnings`.

    Args:
        settings: Only with --json is anything printed.
        schema: Of the document.
        parts: Keys for which there is no data.
        known: Keys of which the value is known all the same.
    """
    try:
        yield
    except NotEnoughError as error:
        document = {"schema": schema, **known, **dict.fromkeys(parts), "warnings": [error.what]}
        answer(settings, document, lambda: None)
        raise


def table(
    settings: Settings, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], left: Sequence[int] = (0,)
) -> None:
    """Print a table. Cells are text, never markup: names in them come from strangers.

    On a terminal long cells are folded to its width. In a pipe or file every row is one line, as wide as it needs to
    be, so that `grep` and `sort` work on it.

    Args:
        settings: For colours.
        title: One line above it.
        columns: Headings.
        rows: Cells; None is shown as `unknown`.
        left: Columns that are words; the others are figures, aligned to the right.
    """
    cells = [["unknown" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty() or len(cells) > TERMINAL_ROWS:
        _plain_table(title, columns, cells, left)
        return
    from rich.console import Console
    from rich.table import Table as Columns
    from rich.text import Text

    console = Console(file=sys.stdout, no_color=bool(settings.values["no_color"]), highlight=False)
    widths = _widths([columns, *cells], console.width - GAP * (len(columns) - 1))
    if widths is None:
        _records(title, columns, cells)
        return
    grid = Columns(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False, header_style="dim")
    for index, name in enumerate(columns):
        justify: Literal["left", "right"] = "left" if index in left else "right"
        grid.add_column(Text(name), justify=justify, overflow="fold", width=widths[index])
    for row in cells:
        grid.add_row(*(Text(_broken(cell, width)) for cell, width in zip(row, widths, strict=True)))
    console.print(grid)
    console.print()


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the width of each column, so that amounts and short words stay whole; None if there is no room for all.

    Every column has room for its longest word, of long names for a part, and for every figure whole; what is left goes
    to those that want more.
    """
    from rich.cells import cell_len

    columns = list(zip(*rows, strict=True))
    wanted = [max(map(cell_len, texts)) for texts in columns]
    words = [[word for text in texts for word in text.split()] for texts in columns]
    longest = [max(map(cell_len, found), default=0) for found in words]
    figures = [max((cell_len(word) for word in found if FIGURE.fullmatch(word)), default=0) for found in words]
    for most in WORDS:
        least = [max(min(most, width), figure) for width, figure in zip(longest, figures, strict=True)]
        if sum(least) <= room:
            break
    else:
        return None
    more, spare = sum(wanted) - sum(least), room - sum(least)
    if more <= spare:
        return wanted
    return [low + (high - low) * spare // more for low, high in zip(least, wanted, strict=True)]


def _broken(cell: str, width: int) -> str:
    """Return a name that is too long for its column, broken between its parts (`anthropic/`, `claude-`)."""
    if len(cell) <= width or " " in cell:
        return cell
    lines = [""]
    for part in PART_ENDS.split(cell):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def shaped(settings: Settings, found: Table) -> None:
    """Print a table of the report, folded and rounded as it is there: the same amount must not differ by a cent."""
    from llmaudit.report.content import Mark
    from llmaudit.report.grid import grid

    shape = grid(found)
    rows = [[cell.text if isinstance(cell, Mark) else cell for cell in row] for row in shape.rows]
    words = [place for place, column in enumerate(shape.columns) if column.words]
    heads = [column.title.lower() for column in shape.columns]
    table(settings, found.caption, heads, [*rows, list(shape.foot)] if shape.foot else rows, left=words)


def bullets(sentences: Sequence[str]) -> None:
    """Print sentences, one a line, and an empty line after them."""
    for sentence in sentences:
        line(f"  {printable(sentence, SENTENCE)}")
    if sentences:
        line()


def _plain_table(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]], left: Sequence[int]) -> None:
    """Write one line a row, columns under each other, nothing folded."""
    from rich.cells import cell_len

    grid = [list(columns), *cells]
    widths = [max(cell_len(row[index]) for row in grid) for index in range(len(columns))]
    if title:
        line(title)
    for row in grid:
        spaces = [" " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)]
        padded = (
            text + space if index in left else space + text
            for index, (text, space) in enumerate(zip(row, spaces, strict=True))
        )
        _put("  ".join(padded).rstrip())
    line()


def _records(title: str, columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """Write each row as lines of `column  value`: for more columns than the terminal has room for."""
    width = max(map(len, columns))
    if title:
        line(title)
    for number, row in enumerate(cells, start=1):
        line(f"row {number:,}")
        for name, cell in zip(columns, row, strict=True):
            if name or cell:
                line(f"  {name:{width}}  {cell}".rstrip())
    line()


def line(text: str = "") -> None:
    """Print one line of the answer; on a terminal a long sentence is broken between words, under where it began."""
    if len(text) <= TERMINAL_WIDTH or "\n" in text or not sys.stdout.isatty():
        _put(text)
        return
    from shutil import get_terminal_size
    from textwrap import wrap

    width = max(get_terminal_size().columns, TERMINAL_WIDTH)
    hanging = " " * (found.end() if (found := LABEL.match(text)) else len(text) - len(text.lstrip()) + 2)
    for part in wrap(text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False):
        _put(part)


def _put(text: str) -> None:
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
    """Return a percentage for people; one that is not zero is never shown as zero."""
    if value is None:
        return "unknown"
    text = f"{value:.1f}%"
    if value and not float(text[:-1]):
        return "<0.1%" if value > 0 else ">-0.1%"
    return text
