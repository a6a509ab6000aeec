"""The values of a table as text: limited in rows, and rounded by column so that the figures shown add up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from llmaudit.money import ZERO, round_to, share_out, shown, total
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

    Amounts are rounded at the table's own limit, whatever is shown: a chart of six bars, the page's twelve rows and
    the Markdown's ten say the same cent of the same row.

    Args:
        table: The table.
        limit: Rows to show, if fewer than the table's own limit.
    """
    whole, folded = fold(table, table.limit), fold(table, min(limit or table.limit, table.limit))
    by_column = [
        _column(column, [row[i] for row in folded.rows], [row[i] for row in whole.rows])
        for i, column in enumerate(table.columns)
    ]
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


def _column(column: Column, values: list[Value], own: list[Value]) -> tuple[list[str | Mark], str]:
    """Return the cells of a column as text, and its total; `own` are its values at the table's own limit."""
    if column.kind in {Kind.MONEY, Kind.SHARE} and column.summed:
        return _shared(column.kind, values, own)
    if column.kind is Kind.MONEY:
        return _apart(values), ""
    whole = _sum(column, values) if column.summed else ""
    return [_cell(column.kind, value) for value in values], str(_cell(column.kind, whole))


def _apart(values: list[Value]) -> list[str | Mark]:
    """Return amounts that are no parts of a whole; beside dollars, less than half a cent has no digits of its own."""
    exact = {i: _decimal(value) for i, value in enumerate(values) if isinstance(value, int | float | Decimal)}
    cells: list[str | Mark] = [_cell(Kind.MONEY, value) for value in values]
    if any(abs(amount) >= SMALL for amount in exact.values()):
        for i, amount in exact.items():
            cells[i] = _part(Kind.MONEY, amount, round_to(amount, 2), 2)
    return cells


def _shared(kind: Kind, values: list[Value], own: list[Value]) -> tuple[list[str | Mark], str]:
    """Round the parts of a whole so that they add up to it; the last of fewer rows is the sum of the others."""
    exact = {i: _decimal(value) for i, value in enumerate(own) if isinstance(value, int | float | Decimal)}
    places = _places(list(exact.values())) if kind is Kind.MONEY else 1
    rounded = dict(zip(exact, share_out(list(exact.values()), places), strict=True))
    cells: list[str | Mark] = [_cell(kind, value) for value in values]
    for i, value in enumerate(values):
        if isinstance(value, int | float | Decimal):
            ends = len(own) if i == len(values) - 1 else i + 1
            part = total(rounded[k] for k in range(i, ends) if k in rounded)
            cells[i] = _part(kind, _decimal(value), part, places)
    foot = _part(kind, total(exact.values()), total(rounded.values()), places) if exact else wording.UNKNOWN
    return cells, foot


def _places(amounts: list[Decimal]) -> int:
    """Cents, unless the whole column is below a dollar and would be mostly zeros."""
    largest = max((abs(amount) for amount in (*amounts, total(amounts))), default=ZERO)
    if not largest or largest >= SMALL:
        return 2
    return 4 if largest >= TINY else 6


def _part(kind: Kind, exact: Decimal, rounded: Decimal, places: int) -> str:
    """Return a rounded part; one that is not zero is not shown as zero, which would read as free."""
    unit = Decimal(1).scaleb(-places)
    if kind is Kind.MONEY and not exact:
        return shown(ZERO)  # nothing is $0.00 in a column of tenths of cents as well
    if exact and not rounded:
        text = f"${unit}" if kind is Kind.MONEY else f"{unit}%"
        return f"<{text}" if exact > 0 else f">-{text}"
    return shown(rounded, places) if kind is Kind.MONEY else f"{rounded:.{places}f}%"


def _cell(kind: Kind, value: Value) -> str | Mark:
    if isinstance(value, Mark):
        return value
    if isinstance(value, str):
        return wording.name(value) if value and kind is Kind.NAME else value
    if value is None:
        return wording.NOT_ATTRIBUTED if kind is Kind.NAME else wording.UNKNOWN
    return _figure(kind, value)


def _figure(kind: Kind, value: int | float | Decimal) -> str:
    match kind:
        case Kind.MONEY:
            return shown(_decimal(value))
        case Kind.UNIT:
            return shown(_decimal(value), 2 if not value or abs(_decimal(value)) >= LARGE_UNIT else UNIT_PLACES)
        case Kind.SHARE | Kind.PERCENT:
            return wording.percent(value)
        case Kind.SIGNED:
            return wording.signed(float(value))
        case _:
            return f"{value:,}"


def _decimal(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
