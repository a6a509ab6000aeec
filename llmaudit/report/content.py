"""What a section says, as plain frozen data; HTML and Markdown are two ways to write the same values.

A table cell holds a value, not its text. Rounding happens in `grid`, once for the whole column, so that the parts a
reader sees add up to the total below them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from llmaudit.report.charts import Figure

TOP = 12
"""Rows of a long breakdown that are shown; the rest is one row, `other (n)`, that adds up."""

Tone = Literal["plain", "good", "open", "bad", "none"]
"""good: settled in the reader's favour; open: not proven; bad: costs money; none: no data."""


class Kind(StrEnum):
    """What a column holds."""

    NAME = "name"
    """A stranger's name; None is `not attributed`."""

    TEXT = "text"
    """A sentence."""

    MARK = "mark"
    """A `Mark`."""

    MONEY = "money"
    """An amount that is part of the column's total."""

    UNIT = "unit"
    """An amount per request; never added up."""

    COUNT = "count"
    SHARE = "share"
    """Percent of the column's whole."""

    PERCENT = "percent"
    SIGNED = "signed"
    """A difference in percent, with its sign."""

    MILLISECONDS = "milliseconds"

    FIGURE = "figure"
    """A figure that is written already, such as `2.1`; it stands to the right, and is never added up."""


@dataclass(frozen=True)
class Mark:
    """A word of judgement, such as `proven`."""

    text: str
    tone: Tone


Value = str | int | float | Decimal | Mark | None
"""A cell; None is unknown, and text in a column of figures says why there is none."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: Its heading.
        kind: What its cells hold.
        adds: Whether its cells are parts of a whole; by default money, counts and shares are.
    """

    title: str
    kind: Kind
    adds: bool = True

    @property
    def summed(self) -> bool:
        """Whether the column has a total."""
        return self.adds and self.kind in {Kind.MONEY, Kind.COUNT, Kind.SHARE}

    @property
    def words(self) -> bool:
        """Whether cells are words, which stand to the left; figures stand to the right."""
        return self.kind in {Kind.NAME, Kind.TEXT, Kind.MARK}


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: What it shows.
        columns: Its columns.
        rows: Cells, one tuple per row, in the columns' order.
        total: Label of the row of sums; None for a table whose rows are no parts of a whole.
        limit: Rows shown before the rest is folded into `other (n)`; only tables with a total fold.
        collapsed: Whether it is folded away on the page until it is asked for.
        note: One sentence under it.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    total: str | None = "Total"
    limit: int = TOP
    collapsed: bool = False
    note: str = ""


@dataclass(frozen=True)
class Prose:
    """A paragraph; text between backticks is code."""

    text: str
    lead: bool = False


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    title: str
    items: tuple[str, ...]
    collapsed: bool = False


@dataclass(frozen=True)
class KeyFigure:
    """One number that a reader takes away."""

    label: str
    value: str
    note: str = ""
    mark: Mark | None = None


@dataclass(frozen=True)
class Figures:
    """Key figures side by side."""

    items: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Chart:
    """A chart: what is drawn, and what it says in words. A table beside it has the same numbers."""

    title: str
    figure: Figure
    alt: str


@dataclass(frozen=True)
class Part:
    """A part of a section under its own heading; a collapsed one is folded away on the page until it is asked for."""

    title: str
    blocks: tuple[Block, ...]
    mark: Mark | None = None
    collapsed: bool = False


@dataclass(frozen=True)
class Answer:
    """A reader's question, its answer in a sentence or two, and the section that has all of it."""

    question: str
    text: str
    section: str
    mark: Mark | None = None


@dataclass(frozen=True)
class Answers:
    """What a reader asks first, answered one under the other."""

    items: tuple[Answer, ...]


Block = Prose | Bullets | Figures | Answers | Table | Chart | Part


@dataclass(frozen=True)
class Command:
    """A command that shows more, and what it shows."""

    line: str
    shows: str


@dataclass(frozen=True)
class SectionContent:
    """What a section says.

    Attributes:
        blocks: In reading order.
        source: Where its numbers come from.
        caveat: What they cannot tell; may be empty.
        commands: How to check them.
    """

    blocks: tuple[Block, ...]
    source: str = ""
    caveat: str = ""
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        order: Its place: sections are shown in rising order.
        id: Its anchor.
        title: Its heading.
        finding: The part of the audit it is a function of; `audit` is all of it.
        build: From that part to what the section says.
        without: What it says where the audit has no such part; None for parts that every audit has.
        of_requests: Whether it tells of requests, and is left out where there is none: a page of zeros beside bills
            would read as a month that cost nothing.
        of_money: Whether it says nothing where the cost of no request is known, and is left out there.
    """

    order: int
    id: str
    title: str
    finding: str
    build: Callable[[Any], SectionContent]
    without: SectionContent | None = None
    of_requests: bool = True
    of_money: bool = False
