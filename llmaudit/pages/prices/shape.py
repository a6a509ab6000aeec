"""How a table of prices is laid out: where the models stand, what each column holds, what the prices are per."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.pages.lexicon.files import everywhere, lexicons
from llmaudit.pages.lexicon.language import simplified
from llmaudit.pages.model import Table
from llmaudit.pages.names import maker_of
from llmaudit.pages.sentence.figures import number
from llmaudit.pages.source.variables import unmarked

MILLION = Decimal(1_000_000)

_UNITS = ("cache_write", "cache_read", "input", "output")
"""What a price is for; the first that a header names counts before the next."""

_SCALES: tuple[tuple[Decimal, re.Pattern[str]], ...] = (
    (
        Decimal(1),
        re.compile(
            r"(?:/|per|pro|par|por)\s?(?:1\s?M\b|M\b|million|mtok|1,?000,?000)|million|mio\b|millón|millones|百万|100\s?万|/\s?1?M\b|MTok|\b1M\b",
            re.IGNORECASE,
        ),
    ),
    (
        Decimal(1_000),
        re.compile(r"(?:/|per|pro|par|por)\s?(?:1\s?K\b|K\b|thousand|1,?000\b)|/\s?1?K\b|千|\b1K\b", re.IGNORECASE),
    ),
    (MILLION, re.compile(r"(?:/|per) ?token\b", re.IGNORECASE)),
)

_MONEY = re.compile(
    r"(?P<sign>US\$|\$|€|£|¥|￥)?\s?(?P<n>\d[\d,]*(?:\.\d+)?|\.\d+)\s?(?P<after>€|元|円|ドル|美元|USD|\$)?"
)

_DOLLARS = {"US$", "$", "USD", "ドル", "美元", ""}

_COMMA = re.compile(r"(?<![\d.,])\d{1,3},(?:\d{1,2}|\d{4,})(?![\d,])|(?<!\d)0,\d")

_POINT = re.compile(r"\d\.\d{1,2}(?!\d)")
"""A decimal comma, and a decimal point; a table that has only the former is written with it throughout."""


@dataclass(frozen=True)
class Column:
    """What a column of prices holds: a unit (None where the row tells), and whether it is the provider's own list."""

    index: int
    units: tuple[str, ...]
    is_list: bool


@dataclass(frozen=True)
class Shape:
    """How a table is laid out."""

    model: int
    kind: int | None
    columns: tuple[Column, ...]
    scale: Decimal | None
    language: str = "en"


def is_price_table(table: Table) -> bool:
    """Say whether a table lists prices of models."""
    return shape_of(table) is not None


def shape_of(table: Table) -> Shape | None:
    """Return how a table of prices is laid out; None for a table that lists no prices of models."""
    header = [unmarked(cell) for cell in table.rows[0]]
    model = _model_column(table, header)
    if model is None or len(table.rows) < 2:  # noqa: PLR2004 -- a header and a row
        return None
    kind = next((i for i, cell in enumerate(header) if i != model and _heads_types(cell)), None)
    columns = _price_columns(table, header, {model, kind})
    columns = [column for column in columns if column.units or kind is not None or any(c.is_list for c in columns)]
    if not columns or (not any(column.units for column in columns) and kind is None and len(columns) < 2):  # noqa: PLR2004 -- two price columns
        return None
    scale = _scale(" ".join([*header, table.heading, table.before])) or _scale(" ".join(table.rows[1]))
    return Shape(model, kind, tuple(columns), scale, _language(table))


def _model_column(table: Table, header: Sequence[str]) -> int | None:
    """Return the column in which models stand: the one called so, else the first where half its cells name one."""
    called = next((i for i, cell in enumerate(header) if everywhere("column_model").search(cell)), None)
    if called is not None:
        return called
    known = sum(bool(row) and maker_of(row[0]) is not None for row in table.rows[1:])
    return 0 if 2 * known >= len(table.rows) else None


def _price_columns(table: Table, header: Sequence[str], others: Collection[int | None]) -> list[Column]:
    """Return the columns that hold prices, with what each is for."""
    found = []
    for index, cell in enumerate(header):
        if index in others or heads_factors(cell):
            continue
        units = units_in(cell)
        if "cache_read" in units or "cache_write" in units:
            units = units[:1]
        if (units or _heads_prices(cell)) and _has_prices(table, index):
            found.append(Column(index, units, bool(everywhere("column_list").search(cell))))
    return found


def units_in(text: str) -> tuple[str, ...]:
    """Return what the prices under a header, or in a row of such a type, are for."""
    return tuple(name for name in _UNITS if everywhere(f"column_{name}").search(text))


def _heads_prices(cell: str) -> bool:
    return "$" in cell or bool(everywhere("column_price").search(cell))


def heads_factors(cell: str) -> bool:
    """Say whether the figures under a header are factors and no prices: "Model ratio", 「補全倍率」."""
    return any(lexicon.terms["multiplier"].search(simplified(cell)) for lexicon in lexicons().values())


def _heads_types(cell: str) -> bool:
    """Say whether a column tells what each row's price is for: "Type", "Kind"."""
    return bool(everywhere("column_type").search(cell)) and not _heads_prices(cell)


def _language(table: Table) -> str:
    """Return a language that writes numbers as a table does: with decimal commas throughout, or with points."""
    cells = [cell for row in table.rows[1:] for cell in row]
    return "de" if any(map(_COMMA.search, cells)) and not any(map(_POINT.search, cells)) else "en"


def _has_prices(table: Table, index: int) -> bool:
    cells = [row[index] for row in table.rows[1:] if index < len(row)]
    return any(prices_in(cell) for cell in cells)


def _scale(text: str) -> Decimal | None:
    return next((factor for factor, pattern in _SCALES if pattern.search(text)), None)


def prices_in(cell: str, language: str = "en") -> list[tuple[Decimal, str]]:
    """Return the amounts in a cell with their currency; a percentage or a size is none."""
    found = []
    for match in _MONEY.finditer(cell):
        if re.match(r"\s?[%％xX×KkMB]", cell[match.end() :]):
            continue
        value = number(match["n"] if not match["n"].startswith(".") else f"0{match['n']}", language)
        sign = match["sign"] or match["after"] or ""
        if value is not None and (sign or re.fullmatch(r"[\s\d.,/|]+", cell)):
            found.append((value, "$" if sign in _DOLLARS else sign))
    return found
