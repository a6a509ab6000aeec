"""The values of a table as text: limited in rows, and rounded by column so that the figures shown add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from llmaudit.money import ZERO, share_out, shown, total
from llmaudit.report import wording
from llmaudit.report.content import Column, Kind, Mark, Table, Value

SMALL, TINY = Decimal(1), Decimal("0.01")
UNIT_PLACES, LARGE_UNIT = 4, 100


@dataclass(frozen=True)
class Grid:
    """A table as text.

    Attributes:
        columns: Its columns.
        rows: Text or marks.
        foot: The row of sums; None where there is none.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Mark, ...], ...]
    foot: tuple[str, ...] | None


def grid(table: Table, limit: int | None = None) -> Grid:
    """Return a table as text.

    Args:
        table: The table.
        limit: Rows to show, if fewer than the table's own limit.
    """
    folded = fold(table, min(limit or table.limit, table.limit))
    by_column = [_column(column, [row[i] for row in folded.rows]) for i, column in enumerate(folded.columns)]
    rows = tuple(zip(*(cells for cells, _ in by_column), strict=True))
    sums = tuple(foot for _, foot in by_column)
    has_foot = table.total is not None and len(table.rows) > 1
    return Grid(table.columns, rows, (table.total or "", *sums[1:]) if has_foot else None)


def fold(table: Table, limit: int) -> Table:
    """Return a table with the rows past a limit as one row that adds up."""
    if table.total is None or len(table.rows) <= limit + 1:  # one row more is no longer than the row that says so
        return table
    rest = table.rows[limit:]
    merged = [_sum(column, [row[i] for row in rest]) if column.summed else "" for i, column in enumerate(table.columns)]
    return replace(table, rows=(*table.rows[:limit], (f"other ({len(rest):,})", *merged[1:])))


def _sum(column: Column, values: list[Value]) -> Value:
    """Return the sum of what is known; unknown where nothing is."""
    known = [value for value in values if isinstance(value, int | float | Decimal)]
    if not known:
        return None
    if column.kind is Kind.COUNT:
        return sum(int(value) for value in known)
    return total(_decimal(value) for value in known)


def _column(column: Column, values: list[Value]) -> tuple[list[str | Mark], str]:
    """Return the cells of a column as text, and its total."""
    if column.kind in {Kind.MONEY, Kind.SHARE} and column.summed:
        return _shared(column.kind, values)
    whole = _sum(column, values) if column.summed else ""
    return [_cell(column.kind, value) for value in values], str(_cell(column.kind, whole))


def _shared(kind: Kind, values: list[Value]) -> tuple[list[str | Mark], str]:
    """Round the parts of a whole so that they add up to it."""
    at = [i for i, value in enumerate(values) if isinstance(value, int | float | Decimal)]
    exact = [_decimal(values[i]) for i in at]
    places = _places(exact) if kind is Kind.MONEY else 1
    rounded = share_out(exact, places)
    cells: list[str | Mark] = [_cell(kind, value) for value in values]
    for i, amount, part in zip(at, exact, rounded, strict=True):
        cells[i] = _part(kind, amount, part, places)
    whole = total(exact)
    return cells, _part(kind, whole, total(rounded), places) if at else wording.UNKNOWN


def _places(amounts: list[Decimal]) -> int:
    """Cents, unless the whole column is below a dollar and would be mostly zeros."""
    largest = max((abs(amount) for amount in (*amounts, total(amounts))), default=ZERO)
    if not largest or largest >= SMALL:
        return 2
    return 4 if largest >= TINY else 6


def _part(kind: Kind, exact: Decimal, rounded: Decimal, places: int) -> str:
    """Return a rounded part; one that is not zero is not shown as zero, which would read as free."""
    unit = Decimal(1).scaleb(-places)
    if exact and not rounded:
        text = f"${unit}" if kind is Kind.MONEY else f"{unit}%"
        return f"<{text}" if exact > 0 else f">-{text}"
    return shown(rounded, places) if kind is Kind.MONEY else f"{rounded:.{places}f}%"


def _cell(kind: Kind, value: Value) -> str | Mark:
    if isinstance(value, Mark):
        return value
    if isinstance(value, str):
        return wording.name(value) if kind is Kind.NAME else value
    if value is None:
        return wording.NOT_ATTRIBUTED if kind is Kind.NAME else wording.UNKNOWN
    return _figure(kind, value)


def _figure(kind: Kind, value: int | float | Decimal) -> str:
    match kind:
        case Kind.MONEY:
            return shown(_decimal(value))
        case Kind.UNIT:
            return shown(_decimal(value), 2 if abs(_decimal(value)) >= LARGE_UNIT else UNIT_PLACES)
        case Kind.SHARE | Kind.PERCENT:
            return wording.percent(value)
        case Kind.SIGNED:
            return wording.signed(float(value))
        case _:
            return f"{value:,}"


def _decimal(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
