"""A table that is no price list, cell by cell: each with its row's label and its column's header."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from llmaudit.pages.lexicon.files import everywhere
from llmaudit.pages.lexicon.language import lexicons_for
from llmaudit.pages.model import Block, Table
from llmaudit.pages.pieces.examples import is_case
from llmaudit.pages.pieces.follow import is_least
from llmaudit.pages.pieces.split import Piece, sentences
from llmaudit.pages.prices.shape import heads_factors, is_price_table
from llmaudit.pages.sentence.terms import find_terms
from llmaudit.pages.source.variables import unmarked

MAX_LABEL = 80
MAX_HEADING = 200
"""Characters of a row's label and of a heading that go with a cell."""

LABEL_WORDS = 8


def of_table(table: Table, language: str) -> Iterator[Piece]:
    """Yield a sentence for each cell: its row's label, its column's header, and itself.

    Of a table of prices only the columns of factors and of fees are read: "Model ratio", "Markup".
    """
    if is_price_table(table):
        headers = table.rows[0]
        beside_list = any(map(everywhere("column_list").search, headers[1:]))  # of which the factors are another form
        factors = {
            column
            for column, header in enumerate(headers)
            if column and ((heads_factors(header) and not beside_list) or _holds_fees(table, column, language))
        }
        yield from _of_rows(table, headers, factors, language)
        return
    table = _without_codes(table)
    first = table.rows[0]
    headers = () if any(_AMOUNT.match(cell) for cell in first[1:]) else first
    if headers and everywhere("split_header").search(f"{table.heading} {' '.join(first)}"):
        yield from _own_part(table, language)
        return
    shares = {column for column, header in enumerate(headers) if column and _states_share(header, language)}
    for column in sorted(shares):  # "Basic fee (7%)": the amounts below are examples of it
        block = Block(first[column], ((0, table.lines[0]),), "item", table.heading)
        yield Piece(first[column], block, 0, unmarked(" | ".join(first)), heading=True)
    yield from _of_rows(table, headers, set(range(max(map(len, table.rows)))) - shares, language)


def _states_share(header: str, language: str) -> bool:
    """Say whether a column's header states a share that is charged, and no discount: "Yearly (20% off)"."""
    return bool(re.search(r"\d\s?[%％]", header)) and not any(
        lexicon["ignored"].search(header) for lexicon in lexicons_for(header, language)
    )


def _holds_fees(table: Table, column: int, language: str) -> bool:
    """Say whether a column of a price table holds shares that its header calls a fee."""
    cells = [row[column] for row in table.rows[1:] if column < len(row) and row[column]]
    return bool(cells) and all(map(_ADDED_SHARE.fullmatch, cells)) and _names_fee(table.rows[0][column], language)


def _of_rows(table: Table, headers: Sequence[str], columns: Collection[int], language: str) -> Iterator[Piece]:
    """Yield a sentence for each cell of some columns; `headers` is empty for a table without a row of them."""
    above = " ".join([table.heading[:MAX_HEADING], *headers[1:]])
    party = bool(headers) and bool(everywhere("party_header").fullmatch(headers[0].strip(" *")))
    for index, row in list(enumerate(table.rows))[1 if headers else 0 :]:
        if is_case(row):
            continue
        quote = unmarked(" | ".join(row))
        least = _least_of(row, headers, language)
        unit = _unit_of(row, headers)
        for column, cell in enumerate(row):
            if column not in columns or not cell or _SIGN.fullmatch(cell):
                continue
            label = _label_of(row, column, language)
            header = headers[column] if 0 < column < len(headers) else ""
            unit_here = unit or (m[0] if (m := _UNIT_OF_HEADER.search(header)) else "")
            if unit_here and _BARE_MONEY.fullmatch(cell):
                cell = f"{cell} {unit_here}"  # noqa: PLW2901 -- the price of the row's unit
            text = cell if len(cell.split()) > LABEL_WORDS else _cell_sentence(label, header, cell, language, table)
            if column == 0 and text != cell:
                continue
            subject = f"{' '.join(row[:column])[:MAX_HEADING]} {header}" if column else ""
            place = ((0, table.line_of(index, column)),)
            block = Block(text, place, "item", f"{above} {row[0][:MAX_LABEL]}" if column else above)
            found = [(0, f"{text} ({least})")] if least and _SHARE.match(cell) else sentences(text)
            for offset, sentence in found:
                yield Piece(sentence, block, offset, quote, heading=text != cell, subject=subject, party=party)


def _least_of(row: Sequence[str], headers: Sequence[str], language: str) -> str:
    """Return the cell of a row that states the least of the fee in another: "At least $0.50", or below "Minimum"."""
    for column, cell in enumerate(row[1:], 1):
        if is_least(cell, language):
            return cell
        header = headers[column] if column < len(headers) else ""
        if header and _BARE_MONEY.fullmatch(cell) and is_least(f"{header} {cell}", language):
            return f"{header} {cell}"
    return ""


def _unit_of(row: Sequence[str], headers: Sequence[str]) -> str:
    """Return what the prices of a row are for, where a cell says so: "per 1M requests", or "1M events" below "Unit"."""
    for column, cell in enumerate(row[1:], 1):
        if _UNIT.match(cell):
            return cell
        header = headers[column] if column < len(headers) else ""
        if cell and everywhere("unit_header").fullmatch(header.strip(" *")) and not _BARE_MONEY.fullmatch(cell):
            return f"/ {cell}"
    return ""


_UNIT = re.compile(r"(?:/|per|pro|je|par|por|each|every)\s?(?:\d|[^\W\d]{2})", re.IGNORECASE)
"""A cell that tells what the price in another is for: "per 1M requests"."""

_UNIT_OF_HEADER = re.compile(r"(?:/|\b(?:per|pro|je|par|por))\s?\d.*|\d[\d,]*\s?\w{1,6}あたり|每\s?\d.*", re.IGNORECASE)
"""What a column's prices are for: "Price per 1,000 logs"."""

_SIGN = re.compile(r"[\s—–✓✔✗✘✅❌-]*")
"""A cell that says yes, no or nothing by a sign."""

_CODE = re.compile(r"[A-Z]{1,4}[-.]?\d{0,3}\.?|\d{0,2}\.?|§\s?\d+")


def _without_codes(table: Table) -> Table:
    """Return a table without a first column of numbers that count its rows: "F1", "2."."""
    width = min(len(row) for row in table.rows)
    if width <= 2 or not all(_CODE.fullmatch(row[0].strip()) for row in table.rows[1:]):  # noqa: PLR2004 -- a label, a value
        return table
    return replace(table, rows=tuple(row[1:] for row in table.rows), cell_lines=())


def parties(tables: Iterable[Table]) -> list[str]:
    """Return the labels of rows that are about a company of their own."""
    of_companies = (table for table in tables if everywhere("party_header").fullmatch(table.rows[0][0].strip(" *")))
    return [row[0] for table in of_companies for row in table.rows[1:] if row[0]]


def _own_part(table: Table, language: str) -> Iterator[Piece]:
    """Yield the row of a table of shares that names the page's own; what the others get is no charge."""
    for row, line in zip(table.rows[1:], table.lines[1:], strict=True):
        share = next((cell for cell in row[1:] if _SHARE.fullmatch(cell)), None)
        if share is None or not everywhere("own_part").search(row[0]):
            continue
        fee = next(lexicons_for(" ".join(row), language)).phrases["fee"]
        text = f"{row[0]} {fee} {share}"
        yield Piece(text, Block(text, ((0, line),), "item", table.heading), 0, unmarked(" | ".join(row)), heading=True)


_AMOUNT = re.compile(
    r"(?:from |ab |dès |desde )?[~≈+]?\s?(?:US)?[$€£¥￥]?\s?\d(?!\d*\s?(?:(?![元円万美])[\u3040-\u9fff]){2})"
)
"""What a cell begins with that holds a figure; one "per 1M tokens" heads a column."""

_BARE_MONEY = re.compile(r"[~≈+]?\s?(?:US)?[$€£¥￥]\s?\d[\d.,]*|\d[\d.,]*\s?(?:[$€£¥元円]|USD|EUR)", re.IGNORECASE)

_PERIOD = re.compile(
    r"(?:/|\bper |\bpro |\bpar |\bpor |\bal |\bim )\s?(?:(?P<year>year|yr|annum|jahr|an|año)|month|mo|monat|mois|mes)\b"
    r"|(?P<yearly>\b(?:annual(?:ly)?|yearly|jährlich|annuel(?:lement)?|anual(?:mente)?)\b|年額|年费|每年)|monthly|monatlich|mensuel|mensual|月額|月费|每月|毎月|/月",
    re.IGNORECASE,
)
"""How a column of plain amounts is headed that are paid by the month or year."""

_LIMIT = re.compile(
    r"\b(?:limits?|caps?|quotas?|allowances?|límites?|limites?|plafonds?|Grenze|Kontingent)\b|上限|限额|额度|制限",
    re.IGNORECASE,
)
"""What a column is called whose amounts may be used and are not paid."""

_SHARE = re.compile(r"[~≈+]?\s?\d[\d.,]*\s?[%％]")


_ADDED_SHARE = re.compile(r"\+?\s?(?:\d[\d.,]*\s?[%％]|0|none)", re.IGNORECASE)


def _label_of(row: tuple[str, ...], column: int, language: str) -> str:
    """Return the label of a cell: the row's first, or the cell before a share where only that one names a fee."""
    before = row[column - 1] if column > 1 else ""
    if before and _SHARE.fullmatch(row[column]) and _names_fee(before, language) and not _names_fee(row[0], language):
        denies = next(lexicons_for(before, language))["negators"].search(before)
        return row[0] if denies else before
    return row[0]


def _names_fee(text: str, language: str) -> bool:
    return any(
        term.name not in {"charge", "plus"} for lex in lexicons_for(text, language) for term in find_terms(text, lex)
    )


def _tells_base(header: str, label: str, language: str) -> bool:
    """Say whether a column's header says what its fees are, or on what: "On credits", "Per month", "Kartengebühr"."""
    lexicon = next(lexicons_for(f"{label} {header}", language))
    named = any(lexicon.bases[name].search(header) for name in ("credits", "byok", "payment", "request", "log"))
    named = named or bool(everywhere("on_models").search(header))
    return named or bool(_PERIOD.search(header)) or _names_fee(header, language)


def _cell_sentence(label: str, header: str, cell: str, language: str, table: Table) -> str:
    """Return a cell as a sentence: a label that names a fee is its subject, else the label heads it."""
    period = _PERIOD.search(header) or _PERIOD.search(label)
    if period and _BARE_MONEY.fullmatch(cell) and not _LIMIT.search(header):
        phrase = "year" if period["year"] or period["yearly"] else "month"
        cell = f"{cell}/{next(lexicons_for(label, language)).phrases[phrase]}"
    elif each := _one_of(label, header, cell, language):
        cell = f"{cell}/{each}"
    if _FACTOR.fullmatch(cell):
        header = _multiplier_in(header, language) or header
    names_fee = _names_fee(label, language)
    if names_fee:
        header = header if _tells_base(header, label, language) else ""  # a plan of that name: "Sandbox"
    elif _SHARE.match(cell) and everywhere("priced_header").search(f"{table.rows[0][0]} {header} {table.heading}"):
        header = _with_fee(header, label, language)
    words = [header, label, cell] if names_fee else [label, header, cell]
    parts = [word.strip(" :：?？") for word in words if word]
    return f"{parts[0]}: {' '.join(parts[1:])}" if len(parts) > 2 and not names_fee else " ".join(parts)  # noqa: PLR2004 -- a label, a header, a cell


_SMALL = re.compile(r"[~≈]?\s?(?:US)?[$€]\s?0[.,]\d+|0[.,]\d+\s?[$€]")
"""A price so small that it is of one thing: "$0.0001"."""


def _one_of(label: str, header: str, cell: str, language: str) -> str | None:
    """Return what one of a small price below a header for prices is for: "Chat request | $0.0001"."""
    lexicon = next(lexicons_for(label, language))
    if re.search(r"\d", label) or not (_SMALL.fullmatch(cell) and everywhere("priced_header").search(header)):
        return None
    named = (list(lexicon.units[name].finditer(label)) for name in ("request", "log", "tool"))
    last = [found[-1] for found in named if found and not label[found[-1].end() :].strip()]
    return last[0][0] if last else None


_FACTOR = re.compile(r"\d{1,3}(?:[.,]\d{1,4})?")


def _multiplier_in(header: str, language: str) -> str | None:
    """Return the word of a header that names a factor: "Group ratio"."""
    terms = ((term.name, header[term.start : term.end])
             for lexicon in lexicons_for(header, language) for term in find_terms(header, lexicon))  # fmt: skip
    return next((word for name, word in terms if name == "multiplier"), None)


def _with_fee(header: str, label: str, language: str) -> str:
    """Return the header of a column of shares, with the word "fee" where it or the label says on what they are."""
    lexicon = next(lexicons_for(f"{label} {header}", language))
    if any(term.name != "charge" for term in find_terms(header, lexicon)):
        return header

    def names_base(text: str) -> bool:
        return any(lexicon.bases[name].search(text) for name in ("credits", "byok", "payment"))

    if names_base(label):
        return lexicon.phrases["fee"]
    on_what = names_base(header) or everywhere("on_models").search(header)
    return f"{lexicon.phrases['fee']} {header}" if on_what else header
