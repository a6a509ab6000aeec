"""CSV that a spreadsheet can open without executing anything in it.

To a spreadsheet, a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break is a formula, and names in logs come
from strangers. Such a cell is prefixed with an apostrophe, which spreadsheets do not show. Numbers and times are left
as they are.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

FORMULA_START = r"^[=+\-@\t\r\n]"
"""Matches a text that `safe` changes (RE2)."""


def safe(value: Any) -> Any:
    """Return a value as a CSV cell: None empty, money with every digit, times in UTC with Z, text that runs nothing."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, date):
        return value.isoformat()
    text = json.dumps(value, default=str) if isinstance(value, dict | list) else str(value)
    return "'" + text if text.startswith(_FORMULA) else text


def write_rows(out: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a heading and rows."""
    write_cells(out, columns, ([safe(value) for value in row] for row in rows))


def write_cells(out: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a heading and rows whose values are what `safe` returns."""
    writer = csv.writer(out, lineterminator="\r\n")  # only what ends a line is quoted: a lone \r would start a new one
    writer.writerow([safe(name) for name in columns])
    writer.writerows(rows)
