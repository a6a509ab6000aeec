"""Price tables on a page, row by row: the page's own two columns, or its prices beside the catalog's list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from llmaudit.money import EXACT, percent
from llmaudit.pages.model import PriceRow, RowStatus, Table
from llmaudit.pages.names import maker_of
from llmaudit.pages.prices.listprice import ListPrices, prompt_of
from llmaudit.pages.sentence.figures import number
from llmaudit.pages.source.variables import unmarked

MILLION = Decimal(1_000_000)
TOLERANCE_PCT = 0.5
"""Published prices are rounded to the cent; half a percent is no difference."""

ABSURD = Decimal(50)
"""A page price this many times off the list is in another unit, not a markup."""

MAX_ROWS = 5_000
_MODEL = re.compile(r"\b(?:models?|modell|modèles?|modelo|name|engine)\b|模型|モデル", re.IGNORECASE)
_LIST = re.compile(
    r"\b(?:provider|vendor|official|list|direct|market|original|retail|upstream|base|public|anbieter\w*|liste\w*|hersteller\w*|fournisseur|officiel|catalogue|"
    r"proveedor|oficial|lista|openai|anthropic|google)\b|官方|原价|官网|原厂|公式|定価|提供元",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"\b(?:price|prices|pricing|rate|rates|cost|preis\w*|prix|tarif\w*|precio\w*|tarifa\w*)\b|preis|价|費|费|価格|料金|単価|\$",
    re.IGNORECASE,
)
_UNITS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "cache_write",
        re.compile(
            r"cache\w*[\s-]+(?:\w+[\s-]+)?(?:writ|creat|stor)|缓存(?:写|创建)|キャッシュ書|écriture", re.IGNORECASE
        ),
    ),
    ("cache_read", re.compile(r"cache|缓存|緩存|キャッシュ|zwischengespeichert", re.IGNORECASE)),
    (
        "input",
        re.compile(r"\b(?:input|prompt|in|eingabe\w*|entrées?|entrée|entrada\w*)\b|输入|輸入|提示|入力", re.IGNORECASE),
    ),
    (
        "output",
        re.compile(
            r"\b(?:output|completion|out|ausgabe\w*|sorties?|salida\w*|generation)\b|输出|輸出|补全|出力", re.IGNORECASE
        ),
    ),
)
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

_TYPE = re.compile(r"\b(?:type|unit|token type|kind|art|category)\b|类型|種別|种类", re.IGNORECASE)


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
    return _shape(table) is not None


def _shape(table: Table) -> Shape | None:
    header = [unmarked(cell) for cell in table.rows[0]]
    model = next((i for i, cell in enumerate(header) if _MODEL.search(cell)), None)
    if model is None and 2 * sum(bool(row) and maker_of(row[0]) is not None for row in table.rows[1:]) >= len(
        table.rows
    ):
        model = 0  # whatever the column is called, models stand in it
    if model is None or len(table.rows) < 2:  # noqa: PLR2004 -- a header and a row
        return None
    cells = [cell for row in table.rows[1:] for cell in row]
    language = "de" if any(map(_COMMA.search, cells)) and not any(map(_POINT.search, cells)) else "en"
    kind = next(
        (i for i, cell in enumerate(header) if i != model and _TYPE.search(cell) and not _PRICE.search(cell)), None
    )
    columns = []
    for index, cell in enumerate(header):
        if index in {model, kind}:
            continue
        units = tuple(name for name, pattern in _UNITS if pattern.search(cell))
        units = (
            units[:1]
            if "cache_read" in units or "cache_write" in units
            else tuple(reversed(units))
            if units[:1] == ("output",)
            else units
        )
        if (units or _PRICE.search(cell)) and _has_prices(table, index):
            columns.append(Column(index, units, bool(_LIST.search(cell))))
    columns = [column for column in columns if column.units or kind is not None or any(c.is_list for c in columns)]
    if not columns or (not any(column.units for column in columns) and kind is None and len(columns) < 2):  # noqa: PLR2004 -- two price columns
        return None
    return Shape(
        model,
        kind,
        tuple(columns),
        _scale(" ".join([*header, table.heading, table.before])) or _scale(" ".join(table.rows[1])),
        language,
    )


def _has_prices(table: Table, index: int) -> bool:
    cells = [row[index] for row in table.rows[1:] if index < len(row)]
    return any(_prices(cell) for cell in cells)


def _scale(text: str) -> Decimal | None:
    return next((factor for factor, pattern in _SCALES if pattern.search(text)), None)


def _prices(cell: str, language: str = "en") -> list[tuple[Decimal, str]]:
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


def compare(table: Table, prices: ListPrices) -> list[PriceRow]:
    """Return every price of a table beside its list price; above and below alike.

    A table that has the provider's price in a column of its own needs no catalog. Else the model must be one the
    catalog knows for certain, and the unit must be stated; what is not, is `unknown` with the reason.
    """
    shape = _shape(table)
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
    found = _prices(row.cells[column.index], language)
    units = column.units or tuple(name for name, pattern in _UNITS if pattern.search(row.kind))[:1] or ("price",)
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
