"""The prices of a table, row by row: the page's own two columns, or its prices beside the catalog's list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.money import EXACT, percent
from llmaudit.pages.model import PriceRow, RowStatus, Table
from llmaudit.pages.prices.listprice import ListPrices, prompt_of
from llmaudit.pages.prices.shape import Column, Shape, prices_in, shape_of, units_in
from llmaudit.pages.source.variables import unmarked

TOLERANCE_PCT = 0.5
"""Published prices are rounded to the cent; half a percent is no difference."""

ABSURD = Decimal(50)
"""A page price this many times off the list is in another unit, not a markup."""

MAX_ROWS = 5_000


def compare(table: Table, prices: ListPrices) -> list[PriceRow]:
    """Return every price of a table beside its list price; above and below alike.

    A table that has the provider's price in a column of its own needs no catalog. Else the model must be one the
    catalog knows for certain, and the unit must be stated; what is not, is `unknown` with the reason.
    """
    shape = shape_of(table)
    if shape is None:
        return []
    found: list[PriceRow] = []
    model = kind = ""
    for row, line in list(zip(table.rows, table.lines, strict=True))[1:MAX_ROWS]:
        cells = [unmarked(cell) for cell in row] + [""] * (len(table.rows[0]) - len(row))
        model = cells[shape.model] or model
        kind = cells[shape.kind] if shape.kind is not None and cells[shape.kind] else kind
        quote = " | ".join(cell for cell in cells if cell)
        found += _of_row(_Row(model, kind, cells, line, quote), shape, prices)
    return found


@dataclass(frozen=True)
class _Row:
    model: str
    kind: str
    cells: list[str]
    line: int
    quote: str


def _of_row(row: _Row, shape: Shape, prices: ListPrices) -> Iterator[PriceRow]:
    listed: dict[str, tuple[Decimal, str]] = {}
    ours: dict[str, tuple[Decimal, str]] = {}
    two = any(column.is_list for column in shape.columns) and not all(column.is_list for column in shape.columns)
    for column in shape.columns:
        for unit, price in _of_cell(row, column, shape.language):
            (listed if two and column.is_list else ours).setdefault(unit, price)
    for unit, price in ours.items():
        if two and unit in listed:
            yield _by_page(row, unit, price, listed[unit])
        elif not two:
            yield _by_catalog(row, unit, price, shape.scale, prices)


def _of_cell(row: _Row, column: Column, language: str) -> Iterator[tuple[str, tuple[Decimal, str]]]:
    found = prices_in(row.cells[column.index], language)
    units = column.units or units_in(row.kind)[:1] or ("price",)
    if units == ("price",) and len(found) == 2:  # noqa: PLR2004 -- "$2.50 / $15.00"
        units = ("input", "output")
    if len(units) > 1 and len(found) == len(units):
        yield from zip(units, found, strict=True)
    elif found and len(units) == 1:
        yield units[0], found[0]


def _by_page(row: _Row, unit: str, price: tuple[Decimal, str], listed: tuple[Decimal, str]) -> PriceRow:
    same = price[1] == listed[1]
    over = percent(price[0] - listed[0], listed[0]) if same else None
    return PriceRow(
        model=row.model,
        unit=unit,
        line=row.line,
        quote=row.quote,
        page_usd=price[0] if price[1] == "$" else None,
        list_usd=listed[0] if listed[1] == "$" else None,
        pct=over,
        status=_status(over),
        basis="page",
        note=None if same else "the two columns are in different currencies",
    )


def _by_catalog(
    row: _Row, unit: str, price: tuple[Decimal, str], scale: Decimal | None, prices: ListPrices
) -> PriceRow:
    def result(
        status: RowStatus, note: str | None, listed: Decimal | None = None, over: float | None = None
    ) -> PriceRow:
        value = EXACT.multiply(price[0], scale or Decimal(1)) if price[1] == "$" else None
        return PriceRow(
            model=row.model, unit=unit, line=row.line, quote=row.quote, page_usd=value, list_usd=listed, pct=over,
            status=status, basis="catalog", note=note,
        )  # fmt: skip

    if price[1] != "$":
        return result("unknown", f"the price is in {price[1]}")
    offer = prices.offer(row.model)
    if offer is None or unit == "price":
        return result(
            "unknown", "the model is not in the catalog under this name" if offer is None else "the unit is not stated"
        )
    prompt = prompt_of(row.model)
    listed = prices.price(offer, unit, prompt)
    if listed is None or not listed:
        return result("unknown", f"the list has no {unit} price of {offer.sku.model} on that day")
    value = EXACT.multiply(price[0], scale or Decimal(1))
    if value and not listed / ABSURD < value < listed * ABSURD:
        return result("unknown", "the price is in another unit than a million tokens", listed)
    over = percent(value - listed, listed)
    status = _status(over)
    if status in {"above", "below"}:
        other = prices.explanation(offer, unit, value, prompt)
        if other:
            return result("explained", other.when, listed, over)
    note = None if scale else "the unit is not stated: read as a price per million tokens"
    return result("unknown" if scale is None and status == "above" else status, note, listed, over)


def _status(over: float | None) -> RowStatus:
    if over is None:
        return "unknown"
    return "equal" if abs(over) <= TOLERANCE_PCT else "above" if over > 0 else "below"
